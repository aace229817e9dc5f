import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm pack` puts into the package. */
export interface Packed {
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
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

/** Of a disk a file takes whole blocks, and a folder one. */
const BLOCK = 4096;

const blocks = (size: number): number => BLOCK * Math.max(1, Math.ceil(size / BLOCK));

/** What `du` tells of the package and of all that it depends on, but for what is optional. */
export function installedBytes({ files }: Packed): number {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const needed = Object.entries<Record<string, boolean>>(packages)
    .filter(([path, { dev, optional, devOptional }]) => path !== "" && !dev && !optional && !devOptional)
    .map(([path]) => path);
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const own = files.reduce((sum, { size }) => sum + blocks(size), folders.size * BLOCK);
  return needed.reduce((sum, path) => sum + bytesBelow(join(ROOT, path)), own);
}

function foldersOf(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [folder, ...foldersOf(folder)];
}

/** Of a package without those in its own node_modules, which the lock file lists as well. */
function bytesBelow(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .reduce((sum, entry) => {
      const path = join(folder, entry.name);
      return sum + (entry.isDirectory() ? bytesBelow(path) : blocks(statSync(path).size));
    }, BLOCK);
}

/** The packages that files of such an ending import, and Node's own modules. */
export function importsOf({ files }: Packed, ending: ".js" | ".d.ts"): string[] {
  const names = files
    .filter(({ path }) => path.startsWith("dist/") && path.endsWith(ending))
    .flatMap(({ path }) => [
      ...readFileSync(join(ROOT, path), "utf8").matchAll(
        /^(?:import|export)\b(?:[^;"]*\bfrom)?\s*"([^".][^"]*)"|\bimport\("([^".][^"]*)"\)/gm,
      ),
    ])
    .map(([, from, called]) => (from ?? called) as string);
  return [...new Set(names.map(packageOf))].sort();
}

/** `@bufbuild/protobuf/wire` is in `@bufbuild/protobuf`. */
function packageOf(name: string): string {
  if (name.startsWith("node:")) return name;
  return name
    .split("/")
    .slice(0, name.startsWith("@") ? 2 : 1)
    .join("/");
}
