import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { KNOWN_DATASETS, type KnownDataset, type KnownFile } from "./checks.js";
import type { Split } from "./dataset.js";

/** A folder in which data sets are looked for, and why. */
export interface Place {
  readonly origin: "--data-dir" | "$AUTODUAL_DATA" | "../shared/data" | "cache";
  readonly path: string;
}

/** What decides where data sets are looked for; each defaults to this process's own. */
export interface PlaceOptions {
  readonly dataDir?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly home?: string;
  readonly platform?: NodeJS.Platform;
}

/**
 * The places in the order in which they are searched: `--data-dir`, `$AUTODUAL_DATA`, `../shared/data`, the
 * user's cache folder. Throws UsageError when `--data-dir` names no folder; the others may be absent.
 */
export function dataPlaces(options: PlaceOptions = {}): Place[] {
  const { dataDir, env = process.env, cwd = process.cwd() } = options;
  const places: Place[] = [];
  if (dataDir !== undefined) {
    const path = resolve(cwd, dataDir);
    if (!isFolder(path)) {
      throw new UsageError(
        `--data-dir ${dataDir}: expected a folder, found ${existsSync(path) ? "a file" : "nothing there"}`,
      );
    }
    places.push({ origin: "--data-dir", path });
  }
  if (env.AUTODUAL_DATA) {
    places.push({ origin: "$AUTODUAL_DATA", path: resolve(cwd, env.AUTODUAL_DATA) });
  }
  places.push({ origin: "../shared/data", path: resolve(cwd, "../shared/data") });
  places.push({ origin: "cache", path: cacheFolder(options) });
  return places;
}

/**
 * The user's cache folder for autodual: $XDG_CACHE_HOME/autodual where set, else ~/.cache/autodual,
 * ~/Library/Caches/autodual on macOS, %LOCALAPPDATA%\autodual on Windows.
 */
export function cacheFolder(options: PlaceOptions = {}): string {
  const { env = process.env, home = homedir(), platform = process.platform } = options;
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, "autodual");
  if (platform === "darwin") return join(home, "Library", "Caches", "autodual");
  if (platform === "win32") return join(env.LOCALAPPDATA ?? join(home, "AppData", "Local"), "autodual");
  return join(home, ".cache", "autodual");
}

/** The folders of `place` that may hold the data set: its usual subfolders, and the place itself. */
export function candidateFolders(place: string, known: KnownDataset): string[] {
  const others = KNOWN_DATASETS.filter(({ name }) => name !== known.name).flatMap(({ folders }) => folders);
  const folders = known.folders.map((folder) => join(place, folder));
  // MNIST and Fashion-MNIST have the same file names: another data set's folder is never taken for this one's.
  return others.includes(basename(place)) ? folders : [...folders, place];
}

/** The path of a known file in `folder`, gzipped or not, or null where it is absent. */
export function findFile(folder: string, file: KnownFile): string | null {
  const dotted = file.name.replace("-idx", ".idx");
  const names = [`${file.name}.gz`, file.name, `${dotted}.gz`, dotted];
  return names.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** The first folder that holds every file of the split, with their paths; or null, if none does. */
export function locate(
  known: KnownDataset,
  split: Split,
  options: PlaceOptions = {},
): { folder: string; paths: string[] } | null {
  for (const place of dataPlaces(options)) {
    for (const folder of candidateFolders(place.path, known)) {
      const paths = known.files[split].map((file) => findFile(folder, file));
      if (paths.every((path) => path !== null)) return { folder, paths };
    }
  }
  return null;
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // missing, or below a regular file
  }
}
