import { letIn, type Stop } from "../compute/deadline.js";
import { FormatError } from "../errors.js";
import { checkFile, type KnownDataset, type KnownFile } from "./checks.js";
import { parseCifarBatch } from "./cifar10.js";
import type { Dataset, Split } from "./dataset.js";
import { parseIdx } from "./idx.js";
import { findFile } from "./locate.js";
import { readBytes } from "./read-bytes.js";

/** What one file of a published data set holds. */
export interface FileContent {
  readonly count: number;
  /** Where the file has pixels: [count, ...shape], row-major. */
  readonly pixels?: Uint8Array;
  /** Where the file has labels: [count]. */
  readonly labels?: Int32Array;
  /** "partial": whole examples, but fewer than published. */
  readonly state: "complete" | "partial";
  /** Whether the bytes' checksum was compared with a known one. */
  readonly verified: boolean;
}

/**
 * Reads one file of a published data set, gzipped or not, and checks its header, size, labels and checksum.
 * Throws FormatError.
 */
export async function readPublishedFile(
  known: KnownDataset,
  file: KnownFile,
  path: string,
): Promise<FileContent> {
  return parsePublishedFile(known, file, await readBytes(path), path);
}

/** As readPublishedFile, for unpacked bytes; `where` names them in errors. */
export function parsePublishedFile(
  known: KnownDataset,
  file: KnownFile,
  bytes: Uint8Array,
  where: string,
): FileContent {
  const content =
    known.layout === "idx" ? parseIdxFile(known, file, bytes, where) : parseCifarBatch(bytes, where);
  const verdict = checkFile(file, bytes, content.count);
  if (verdict.state === "corrupt") {
    throw new FormatError(
      `${where}: expected ${known.name}'s ${file.name} with ${verdict.expected}, found ${verdict.found}; fetch it again`,
    );
  }
  return { ...content, state: verdict.state, verified: verdict.state === "complete" && verdict.verified };
}

function parseIdxFile(known: KnownDataset, file: KnownFile, bytes: Uint8Array, where: string) {
  if (file.name.includes("labels")) {
    const { values } = parseIdx(bytes, 1, where);
    return { count: values.length, labels: idxLabels(values, known.classes, where) };
  }
  const { shape, values } = parseIdx(bytes, 3, where);
  const [, height, width] = known.shape;
  if (shape[1] !== height || shape[2] !== width) {
    throw new FormatError(
      `${where}: expected images of ${height} × ${width}, found ${shape[1]} × ${shape[2]}`,
    );
  }
  return { count: shape[0]!, pixels: values };
}

/** The bytes of a label file as labels below `classes`. */
export function idxLabels(values: Uint8Array, classes: number, where: string): Int32Array {
  const wrong = values.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw new FormatError(
      `${where}: label ${wrong}: expected a number from 0 to ${classes - 1}, found ${values[wrong]}`,
    );
  }
  return Int32Array.from(values);
}

/**
 * Reads a split of a published data set from its files in `folder`. Files with fewer examples than published are
 * accepted, and then `published` is set. Throws FormatError where a file is missing or fails a check, and the reason of `stop`,
 * which ends it between two files.
 */
export async function readPublished(
  known: KnownDataset,
  folder: string,
  split: Split,
  stop?: Stop,
): Promise<Dataset> {
  const files = known.files[split];
  const contents: FileContent[] = [];
  const paths: string[] = [];
  for (const file of files) {
    const path = findFile(folder, file);
    if (path === null) {
      throw new FormatError(
        `${folder}: expected ${file.name}${known.layout === "idx" ? " or its .gz" : ""}, found none`,
      );
    }
    paths.push(path);
    await letIn(stop);
    contents.push(await readPublishedFile(known, file, path));
  }
  const pixels = contents.flatMap((content) => (content.pixels ? [content.pixels] : []));
  const labels = contents.flatMap((content) => (content.labels ? [content.labels] : []));
  const count = labels.reduce((sum, part) => sum + part.length, 0);
  if (known.layout === "idx" && contents[0]!.count !== count) {
    throw new FormatError(
      `${paths[1]}: expected as many labels as ${paths[0]} has images, ${contents[0]!.count}, found ${count}`,
    );
  }
  if (count === 0) throw new FormatError(`${paths[0]}: expected at least one example, found none`);
  const published = files.reduce((sum, file) => sum + (file.name.includes("labels") ? 0 : file.count), 0);
  return {
    name: known.name,
    split,
    shape: known.shape,
    classes: known.classes,
    count,
    pixels: concatenate(pixels, new Uint8Array(pixels.reduce((sum, part) => sum + part.length, 0))),
    labels: concatenate(labels, new Int32Array(count)),
    classNames: known.classNames,
    ...(count < published && { published }),
    source: folder,
  };
}

function concatenate<T extends Uint8Array | Int32Array>(parts: readonly T[], into: T): T {
  if (parts.length === 1) return parts[0]!;
  let at = 0;
  for (const part of parts) {
    into.set(part, at);
    at += part.length;
  }
  return into;
}
