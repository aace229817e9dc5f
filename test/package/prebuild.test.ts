import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newFolder } from "../cli/run-command.js";

interface NativeSources {
  sourceHash(root: string): string;
  prebuildPath(root: string): string;
  hasPrebuild(root: string): boolean;
}

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCRIPT = pathToFileURL(join(ROOT, "scripts/native-sources.mjs")).href;
const { sourceHash, prebuildPath, hasPrebuild } = (await import(SCRIPT)) as NativeSources;
const ADDON = join(ROOT, "build/Release/autodual.node");
const built = existsSync(ADDON);
if (!built) console.log("skipped: prebuilt native backends: none is built; npm run build:native makes one");

const folder = newFolder();
afterAll(() => folder.remove());

/** A package as it is installed, without a compiler's driver. */
beforeAll(() => {
  const scripts = ["build-native.mjs", "native-sources.mjs", "node-gyp.mjs"].map((name) => `scripts/${name}`);
  for (const path of ["native", "binding.gyp", ...scripts]) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    cpSync(join(ROOT, path), join(folder.path, path), { recursive: true });
  }
  mkdirSync(join(folder.path, "node_modules"));
  symlinkSync(
    join(ROOT, "node_modules/node-gyp-build"),
    join(folder.path, "node_modules/node-gyp-build"),
    "junction",
  );
});

function putPrebuild(hash: string | null): string {
  const path = prebuildPath(folder.path);
  mkdirSync(dirname(path), { recursive: true });
  copyFileSync(ADDON, path);
  if (hash !== null) writeFileSync(`${path}.sources`, `${hash}\n`);
  return path;
}

function install() {
  const { npm_config_node_gyp: _, ...env } = process.env;
  const { status, stdout } = spawnSync(process.execPath, ["scripts/build-native.mjs"], {
    cwd: folder.path,
    encoding: "utf8",
    env,
  });
  return { status, stdout };
}

describe("the hash of native sources", () => {
  it("changes with any of them, with a new one, and not with what is none", () => {
    const before = sourceHash(folder.path);
    expect(before).toBe(sourceHash(ROOT));
    writeFileSync(join(folder.path, "native/README.md"), "words");
    expect(sourceHash(folder.path)).toBe(before);
    const list = join(folder.path, "native/list.h");
    const text = readFileSync(list, "utf8");
    writeFileSync(list, text.replaceAll("\n", "\r\n"));
    expect(sourceHash(folder.path)).toBe(before);
    writeFileSync(list, `${text} `);
    expect(sourceHash(folder.path)).not.toBe(before);
    writeFileSync(list, text);
    writeFileSync(join(folder.path, "native/core/new.cc"), "");
    expect(sourceHash(folder.path)).not.toBe(before);
    rmSync(join(folder.path, "native/core/new.cc"));
    expect(sourceHash(folder.path)).toBe(before);
  });
});

describe.skipIf(!built)("a prebuilt native backend", () => {
  it("is taken where it is of the same sources, and loads", () => {
    putPrebuild(sourceHash(folder.path));
    expect(install()).toEqual({ status: 0, stdout: "native backend: prebuilt\n" });
  });

  it.each([
    ["of other sources", "0".repeat(64)],
    ["of unknown sources", null],
  ])("is removed where it is %s: it would be loaded for them", (_, hash) => {
    rmSync(join(folder.path, "prebuilds"), { recursive: true, force: true });
    const path = putPrebuild(hash);
    const { status, stdout } = install();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^native backend not built \(no node-gyp\): .*\n$/);
    expect([existsSync(path), existsSync(`${path}.sources`)]).toEqual([false, false]);
  });

  it("that does not load is not taken", () => {
    const path = putPrebuild(sourceHash(folder.path));
    writeFileSync(path, "no machine code");
    expect(install().stdout).toContain("native backend not built");
  });
});

it("those that this repository's folder holds are of its sources", () => {
  const at = join(ROOT, "prebuilds");
  if (!existsSync(at)) return;
  const all = readdirSync(at, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".node"));
  for (const path of all) {
    expect(readFileSync(join(at, `${path}.sources`), "utf8").trim(), path).toBe(sourceHash(ROOT));
  }
  if (all.length > 0) expect(hasPrebuild(ROOT) || !existsSync(prebuildPath(ROOT))).toBe(true);
});
