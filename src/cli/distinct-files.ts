import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isCascadeFolder } from "../cascade/folder.js";
import { UsageError } from "../errors.js";
import { isFolder } from "../formats/is-folder.js";
import { placeOf } from "../runs/models/open-model.js";

/** What a command reads, by files or folders that stand on its command line. */
export interface ReadFiles {
  readonly models?: readonly string[];
  readonly data?: string | undefined;
  readonly spec?: string | undefined;
  readonly certificate?: string;
  readonly parts?: readonly string[];
  readonly list?: string;
}

/**
 * Throws a `UsageError` where two of the files that flags would write are one, or one of them is read. `outputs` are paths by flag;
 * `-`, which is standard output, is no file.
 */
export function checkDistinctFiles(
  outputs: Readonly<Record<string, string | undefined>>,
  { models = [], data, spec, certificate, parts = [], list }: ReadFiles,
): void {
  const taken = new Map<string, string>();
  const read = [
    ...models.flatMap((model) => filesIn(placeOf(model)).map((path) => ({ path, what: "the model" }))),
    ...(data === undefined ? [] : filesIn(data).map((path) => ({ path, what: "the data" }))),
    ...(spec === undefined ? [] : [{ path: spec, what: "the property" }]),
    ...(list === undefined ? [] : [{ path: list, what: "the list" }]),
    ...parts.map((path) => ({ path, what: "a part" })),
    ...(certificate === undefined ? [] : [{ path: certificate, what: "the certificate" }]),
  ];
  for (const { path, what } of read) taken.set(identityOf(path), what);
  for (const [flag, path] of Object.entries(outputs)) {
    if (path === undefined || path === "-") continue;
    const place = identityOf(path);
    const other = taken.get(place);
    if (other !== undefined) {
      throw new UsageError(`${flag}: expected a file of its own, found ${path}, which is that of ${other}`);
    }
    taken.set(place, flag);
  }
}

/** A file, or those of a folder that models and data are made of; none of a name that is no path. */
function filesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!isFolder(path)) return [path];
  return readdirSync(path, { recursive: isCascadeFolder(path), withFileTypes: true })
    .filter((entry) => entry.isFile() && PARTS.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
}

const PARTS = /^(config|cascade|run)\.json$|\.(safetensors|onnx|npz|bin)$|-ubyte(\.gz)?$/;

/** The same of two paths to one file. */
function identityOf(path: string): string {
  if (!existsSync(path)) return realPath(path);
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** Without symbolic links, as far as there is something. */
export function realPath(path: string): string {
  const whole = resolve(path);
  if (existsSync(whole)) return realpathSync(whole);
  return dirname(whole) === whole ? whole : join(realPath(dirname(whole)), basename(whole));
}
