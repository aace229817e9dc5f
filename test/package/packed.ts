import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm pack` puts into the package. */
export interface Packed {
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/** Asks npm, and writes nothing. `dist` is taken as it lies there. */
export function packed(): Packed {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const text = execFileSync("npm", args, {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  const found = JSON.parse(text);
  // Newer versions of npm give them by name.
  return (Array.isArray(found) ? found[0] : Object.values(found)[0]) as Packed;
}

/**
 * An empty folder with the package in its `node_modules`, as `npm install --omit=optional autodual` leaves it: the files of the tarball,
 * and links to what it depends on. Nothing optional is in its reach, and nothing of this repository.
 */
export function installed({ files }: Packed): { readonly path: string; remove(): void } {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "autodual-package-")));
  const own = join(path, "node_modules", "autodual");
  for (const { path: file } of files) {
    mkdirSync(dirname(join(own, file)), { recursive: true });
    cpSync(join(ROOT, file), join(own, file));
  }
  const { dependencies } = JSON.parse(readFileSync(join(own, "package.json"), "utf8"));
  for (const name of [...Object.keys(dependencies), "@types/node"]) {
    const link = join(path, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link, "junction");
  }
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
