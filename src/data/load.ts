import { existsSync } from "node:fs";
import { expectFunction, expectOptions, expectText, FormatError, kindOf, UsageError } from "../errors.js";
import { KNOWN_DATASETS, type KnownDataset } from "./checks.js";
import { checkLimit, type Dataset, type Split, take } from "./dataset.js";
import { readFolder } from "./folder.js";
import { GLYPH_COUNTS, generateGlyphs } from "./glyphs/glyphs.js";
import { candidateFolders, dataPlaces, isFolder, locate } from "./locate.js";
import { readNpzDataset } from "./npz-dataset.js";
import { readPublished } from "./published.js";
import { checkReading, type ReadingInTime, refuseReading } from "./reading.js";
import { readTable } from "./table.js";

/** What `--data` takes by name. */
export const DATASET_NAMES: readonly string[] = ["glyphs", ...KNOWN_DATASETS.map(({ name }) => name)];

/** What `--data` takes, in words. */
export const DATA_FORMS = `${DATASET_NAMES.join(", ")}, a folder, FILE.npz or FILE.csv`;

/** Options of `loadDataset`. */
export interface LoadOptions extends ReadingInTime {
  readonly split: Split;
  /** Searched first for files of a published data set. */
  readonly dataDir?: string | undefined;
  /** The first so many examples only. */
  readonly limit?: number | undefined;
  /** Of the generated data set; files are always in their own order. */
  readonly seed?: number | undefined;
}

/**
 * Loads a split of a data set: `glyphs` (generated), `mnist`, `cifar10`, `fashion-mnist` (looked for in the
 * places of `dataPlaces`), a folder, or an .npz file or a table (which is either split).
 *
 * Throws UsageError for an unknown name or a limit that is not a positive integer, FormatError for files that
 * are missing or fail a check, and the reason of `stop` where that ends it.
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions): Promise<Dataset> {
  expectText("loadDataset: name", nameOrPath);
  expectOptions("loadDataset: options", options, [
    "split",
    "limit",
    "layout",
    "label",
    "dataDir",
    "seed",
    "stop",
  ]);
  const { split, limit, seed = 0 } = options;
  if (split !== "train" && split !== "test") {
    throw new UsageError(`loadDataset: split: expected train or test, found ${kindOf(split)}`);
  }
  if (options.stop != null) expectFunction("loadDataset: stop.throwIfAborted", options.stop.throwIfAborted);
  if (options.dataDir !== undefined) expectText("loadDataset: dataDir", options.dataDir);
  if (limit !== undefined) checkLimit(limit);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UsageError(`seed: expected a whole number from 0, found ${seed}`);
  }
  checkReading(options);
  if (nameOrPath === "glyphs") {
    refuseReading(nameOrPath, options);
    return generateGlyphs({
      split,
      seed,
      count: Math.min(limit ?? GLYPH_COUNTS[split], GLYPH_COUNTS[split]),
    });
  }
  const dataset = await readFiles(nameOrPath, options);
  return limit === undefined ? dataset : take(dataset, limit);
}

async function readFiles(nameOrPath: string, options: LoadOptions): Promise<Dataset> {
  const { split, dataDir } = options;
  const known = findKnown(nameOrPath);
  if (known) {
    refuseReading(nameOrPath, options);
    const located = locate(known, split, { dataDir });
    if (!located) throw missing(known, split, dataDir);
    return readPublished(known, located.folder, split, options.stop);
  }
  checkDataPath(nameOrPath);
  if (isFolder(nameOrPath)) return readFolder(nameOrPath, split, options);
  const isTable = isTablePath(nameOrPath);
  refuseReading(nameOrPath, options, { layout: !isTable, label: isTable });
  return (isTable ? readTable : readNpzDataset)(nameOrPath, split, options);
}

/** The published data set of that name, if there is one. */
export function findKnown(name: string): KnownDataset | undefined {
  return KNOWN_DATASETS.find((known) => known.name === name);
}

/** Whether a path's ending says that a table lies there. */
export function isTablePath(path: string): boolean {
  return /\.csv(\.gz)?$/i.test(path);
}

/** Throws UsageError unless `path` is a folder, an .npz file or a table; told apart from a mistyped name. */
export function checkDataPath(path: string): void {
  const isFile = /\.npz$/i.test(path) || isTablePath(path);
  if (isFolder(path) || (isFile && existsSync(path))) return;
  const isName = !/[/\\]/.test(path) && !isFile;
  const absent = isName ? "no such name, folder or file" : "no such file or folder";
  const found = existsSync(path) ? "a file of another kind" : absent;
  throw new UsageError(
    `--data ${path}: expected ${DATA_FORMS}, found ${found}`,
    isName ? { found: path, known: DATASET_NAMES } : undefined,
  );
}

function missing(known: KnownDataset, split: Split, dataDir: string | undefined): FormatError {
  const places = dataPlaces({ dataDir });
  const files = known.files[split].map(({ name }) => name).join(", ");
  const folders = places.map(({ path }) => candidateFolders(path, known)[0]).join(", ");
  return new FormatError(
    `${known.name} (${split}): expected ${files}${known.layout === "idx" ? ", each perhaps .gz," : ""} in one of ${folders}, found no folder with all of them; fetch them by: autodual data ${known.name} --download`,
  );
}
