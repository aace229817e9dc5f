// Which sources a prebuilt native backend was made of, and where it lies.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Paths of all that the native backend is made of, below `root`. */
export function nativeSources(root) {
  const sources = readdirSync(join(root, "native"), { recursive: true, encoding: "utf8" });
  const paths = sources.filter((path) => /\.(cc|h)$/.test(path)).map((path) => join("native", path));
  return ["binding.gyp", ...paths.sort()];
}

/** SHA-256 of names and contents, hexadecimal; the same on every system. */
export function sourceHash(root) {
  const hash = createHash("sha256");
  for (const path of nativeSources(root)) {
    const text = readFileSync(join(root, path), "utf8").replaceAll("\r\n", "\n");
    hash.update(JSON.stringify([path.replaceAll("\\", "/"), text]));
  }
  return hash.digest("hex");
}

/** Where node-gyp-build looks for that of this machine. Its sources' hash lies beside it, as `….sources`. */
export function prebuildPath(root) {
  const { platform, arch } = process;
  const libc = platform === "linux" ? (isMusl() ? ".musl" : ".glibc") : "";
  return join(root, "prebuilds", `${platform}-${arch}`, `autodual${libc}.node`);
}

/** Whether there is one for this machine, of these sources. One of other sources would be loaded for them: it is removed. */
export function hasPrebuild(root) {
  const path = prebuildPath(root);
  if (!existsSync(path)) return false;
  const note = `${path}.sources`;
  if (existsSync(note) && readFileSync(note, "utf8").trim() === sourceHash(root)) return true;
  rmSync(path);
  rmSync(note, { force: true });
  return false;
}

function isMusl() {
  return existsSync("/etc/alpine-release");
}
