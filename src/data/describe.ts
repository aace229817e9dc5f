import { join } from "node:path";
import { FormatError } from "../errors.js";
import type { KnownDataset, KnownFile } from "./checks.js";
import type { Split } from "./dataset.js";
import { SOURCES } from "./download.js";
import { holdsSplit } from "./folder.js";
import { GLYPH_COUNTS, generateGlyphs } from "./glyphs/glyphs.js";
import { checkDataPath, findKnown, isTablePath, loadDataset } from "./load.js";
import {
  cacheFolder,
  candidateFolders,
  dataPlaces,
  findFile,
  isFolder,
  locate,
  type PlaceOptions,
} from "./locate.js";
import { readPublishedFile } from "./published.js";
import { checkReading, type ReadingOptions, refuseReading } from "./reading.js";

/** One file that a published data set consists of, as found in one folder. */
export interface FileDescription {
  readonly split: Split;
  readonly name: string;
  /** Null where the file is missing. */
  readonly path: string | null;
  readonly state: "complete" | "partial" | "missing" | "corrupt";
  /** Whether a checksum was compared; a complete file without a known checksum has the right size and header. */
  readonly verified: boolean;
  /** Examples in the file, and as published. */
  readonly count: number;
  readonly expected: number;
  /** What is wrong with a corrupt file. */
  readonly fault?: string;
}

/** A place in which a data set is looked for. */
export interface PlaceDescription {
  readonly origin: string;
  readonly path: string;
  readonly exists: boolean;
  /** The folder in it that holds some of the files, or null. */
  readonly folder: string | null;
  /** Empty where `folder` is null. */
  readonly files: readonly FileDescription[];
}

/** One split as loading it would find it. */
export interface SplitDescription {
  readonly state: "complete" | "partial" | "missing" | "corrupt";
  readonly count: number;
  /** The folder, file or generator that it comes from, or null. */
  readonly source: string | null;
  readonly fault?: string;
}

/** What `autodual data NAME` prints. */
export interface DatasetDescription {
  readonly name: string;
  readonly kind: "generated" | "published" | "folder" | "npz" | "csv";
  readonly shape: readonly number[];
  readonly classes: number;
  readonly classNames?: readonly string[];
  /** In the order in which they are searched; empty for data that is not looked for. */
  readonly places: readonly PlaceDescription[];
  readonly splits: Readonly<Record<Split, SplitDescription>>;
  /** Where a download comes from and goes to, for a published data set. */
  readonly download?: { readonly from: string; readonly to: string };
}

const SPLITS: readonly Split[] = ["train", "test"];

/**
 * Describes a data set that `loadDataset` takes: the places looked at, the files found and whether they are
 * complete, counts, shape and classes. Missing and corrupt files are part of the answer, not errors; an unknown
 * name is a UsageError.
 */
export async function describeDataset(
  nameOrPath: string,
  options: PlaceOptions & ReadingOptions = {},
): Promise<DatasetDescription> {
  checkReading(options);
  const known = findKnown(nameOrPath);
  if (known || nameOrPath === "glyphs") refuseReading(nameOrPath, options);
  if (nameOrPath === "glyphs") return describeGlyphs();
  if (known) return describePublished(known, options);
  checkDataPath(nameOrPath);
  return describePath(nameOrPath, options);
}

function describeGlyphs(): DatasetDescription {
  const { shape, classes, classNames, source } = generateGlyphs({ split: "test", count: 1 });
  const split = (name: Split): SplitDescription => ({ state: "complete", count: GLYPH_COUNTS[name], source });
  return {
    name: "glyphs",
    kind: "generated",
    shape,
    classes,
    ...(classNames && { classNames }),
    places: [],
    splits: { train: split("train"), test: split("test") },
  };
}

async function describePublished(known: KnownDataset, options: PlaceOptions): Promise<DatasetDescription> {
  const places: PlaceDescription[] = [];
  for (const { origin, path } of dataPlaces(options)) {
    const folder = candidateFolders(path, known).find((candidate) => holdsSome(known, candidate)) ?? null;
    const files = folder === null ? [] : await describeFiles(known, folder);
    places.push({ origin, path, exists: isFolder(path), folder, files });
  }
  const { name, shape, classes, classNames } = known;
  return {
    name,
    kind: "published",
    shape,
    classes,
    classNames,
    places,
    splits: {
      train: await describeSplit(known, "train", places, options),
      test: await describeSplit(known, "test", places, options),
    },
    download: { from: SOURCES[name], to: join(cacheFolder(options), known.folders[0]!) },
  };
}

function holdsSome(known: KnownDataset, folder: string): boolean {
  return [...known.files.train, ...known.files.test].some((file) => findFile(folder, file) !== null);
}

async function describeFiles(known: KnownDataset, folder: string): Promise<FileDescription[]> {
  const files: FileDescription[] = [];
  for (const split of SPLITS) {
    for (const file of known.files[split]) files.push(await describeFile(known, file, folder, split));
  }
  return files;
}

async function describeFile(
  known: KnownDataset,
  file: KnownFile,
  folder: string,
  split: Split,
): Promise<FileDescription> {
  const path = findFile(folder, file);
  const common = { split, name: file.name, path, expected: file.count };
  if (path === null) return { ...common, state: "missing", verified: false, count: 0 };
  try {
    const { state, verified, count } = await readPublishedFile(known, file, path);
    return { ...common, state, verified, count };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ...common, state: "corrupt", verified: false, count: 0, fault: error.message };
  }
}

/** The split as `loadDataset` would take it: from the first folder with all of its files. */
async function describeSplit(
  known: KnownDataset,
  split: Split,
  places: readonly PlaceDescription[],
  options: PlaceOptions,
): Promise<SplitDescription> {
  const located = locate(known, split, options);
  if (!located) return { state: "missing", count: 0, source: null };
  const described = places.find(({ folder }) => folder === located.folder)?.files;
  const files = (described ?? (await describeFiles(known, located.folder))).filter(
    (file) => file.split === split,
  );
  const corrupt = files.find(({ state }) => state === "corrupt");
  if (corrupt) return { state: "corrupt", count: 0, source: located.folder, fault: corrupt.fault! };
  // An IDX split has its images in the first file and their labels in the second.
  const [images, labels] = files;
  if (known.layout === "idx" && images!.count !== labels!.count) {
    const fault = `expected as many labels as images, ${images!.count}, found ${labels!.count}`;
    return { state: "corrupt", count: 0, source: located.folder, fault };
  }
  return {
    state: files.every(({ state }) => state === "complete") ? "complete" : "partial",
    count: known.layout === "idx" ? images!.count : files.reduce((sum, { count }) => sum + count, 0),
    source: located.folder,
  };
}

async function describePath(path: string, options: ReadingOptions): Promise<DatasetDescription> {
  const kind = isFolder(path) ? "folder" : isTablePath(path) ? "csv" : "npz";
  const splits = {} as Record<Split, SplitDescription>;
  let description: Pick<DatasetDescription, "name" | "shape" | "classes" | "classNames"> = {
    name: path,
    shape: [],
    classes: 0,
  };
  for (const split of SPLITS) {
    // A folder that holds neither is asked what it lacks.
    if (kind === "folder" && !holdsSplit(path, split) && SPLITS.some((either) => holdsSplit(path, either))) {
      splits[split] = { state: "missing", count: 0, source: null };
      continue;
    }
    try {
      const dataset = await loadDataset(path, { layout: options.layout, label: options.label, split });
      const { name, shape, classes, classNames, count, source } = dataset;
      description = { name, shape, classes, ...(classNames && { classNames }) };
      splits[split] = { state: dataset.published === undefined ? "complete" : "partial", count, source };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      const state = kind === "folder" && !holdsSplit(path, split) ? "missing" : "corrupt";
      const source = state === "missing" ? null : path;
      splits[split] = { state, count: 0, source, fault: error.message };
    }
  }
  return { ...description, kind, places: [], splits };
}
