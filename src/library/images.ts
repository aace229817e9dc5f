import type { Dataset, Split } from "../data/dataset.js";
import { checkDataset, take } from "../data/dataset.js";
import { loadDataset } from "../data/load.js";
import type { ReadingOptions } from "../data/reading.js";
import { ShapeError, UsageError } from "../errors.js";
import type { Network } from "../network/network.js";
import { formatShape, sizeOf } from "../network/shape.js";
import { isRecord } from "./check-options.js";

/**
 * Images, or whatever the model takes: the name of a data set, a folder or an `.npz` file; a data set in memory; one image or
 * a list of them, each a flat list of numbers in the model's input shape, row-major, in the units of ε.
 */
export type ImagesLike = string | Dataset | ArrayLike<number> | readonly ArrayLike<number>[];

/** Which images are taken. */
export interface ImageOptions extends ReadingOptions {
  /** The classes of images that are given as lists of numbers. */
  readonly labels?: ArrayLike<number>;
  /** The first so many. */
  readonly limit?: number;
  /** Of a named data set. Default `test`. */
  readonly split?: Split;
  /** Where a named data set is looked for first. */
  readonly dataDir?: string;
}

/** Images as a data set, and whether their labels are known. */
export interface Images {
  readonly dataset: Dataset;
  readonly labelled: boolean;
}

/**
 * Images as they are at the moment of the call: what the caller writes into a list afterwards is nothing to the work that has
 * begun. What is no list is left as it is.
 */
export function copyOfImages(images: ImagesLike): ImagesLike {
  if (!isRecord(images) || isDataset(images) || typeof images.length !== "number") return images;
  if (!(images.length <= MOST_IMAGES)) {
    throw new UsageError(`images: expected a list of at most ${MOST_IMAGES}, found one of ${images.length}`);
  }
  return Array.from(images as ArrayLike<number | ArrayLike<number>>, (entry) =>
    isRecord(entry) && typeof entry.length === "number" ? Array.from(entry as ArrayLike<number>) : entry,
  ) as ImagesLike;
}

/** Images, or numbers of one. */
const MOST_IMAGES = 100_000_000;

/** Reads images for a network. Throws a `UsageError` or a `ShapeError` that names the call for what are none. */
export async function imagesFor(
  call: string,
  network: Network,
  images: ImagesLike,
  { labels, limit, split = "test", dataDir, layout, label }: ImageOptions,
): Promise<Images> {
  if (typeof images === "string") {
    if (labels !== undefined) throw new UsageError(`${call}: labels: the data set has labels of its own`);
    const dataset = await loadDataset(images, { split, limit, dataDir, layout, label });
    return { dataset, labelled: true };
  }
  if (isDataset(images)) {
    if (labels !== undefined) throw new UsageError(`${call}: labels: the data set has labels of its own`);
    checkDataset(call, images);
    checkNumbers(call, images, network.classes);
    return { dataset: limit === undefined ? images : take(images, limit), labelled: true };
  }
  const list = listOf(call, network, images);
  const dataset = datasetOf(call, network, list, labels);
  return { dataset: limit === undefined ? dataset : take(dataset, limit), labelled: labels !== undefined };
}

function isDataset(images: unknown): images is Dataset {
  return isRecord(images) && "pixels" in images && "labels" in images;
}

function listOf(call: string, network: Network, images: unknown): readonly ArrayLike<number>[] {
  if (isRecord(images) && typeof images.length === "number" && images.length > 0) {
    const list = images as unknown as ArrayLike<unknown>;
    if (typeof list[0] === "number") return [images as unknown as ArrayLike<number>];
    if (isRecord(list[0])) return Array.from(list) as ArrayLike<number>[];
  }
  throw new UsageError(
    `${call}: images: expected the name of a data set, a data set, an image of ${sizeOf(network.inputShape)} numbers or a ` +
      `list of them, found ${images === null ? "null" : Array.isArray(images) ? "an empty list" : typeof images}`,
  );
}

function datasetOf(
  call: string,
  { inputShape, classes }: Network,
  list: readonly ArrayLike<number>[],
  labels: ArrayLike<number> | undefined,
): Dataset {
  const features = sizeOf(inputShape);
  const pixels = new Float64Array(list.length * features);
  for (const [i, image] of list.entries()) {
    if (image?.length !== features) {
      throw new ShapeError(
        `${call}: image ${i}: expected ${formatShape(inputShape)} = ${features} numbers, found ${image?.length ?? "none"}`,
      );
    }
    for (let f = 0; f < features; f++) {
      const value = image[f];
      if (typeof value !== "number" || !Number.isFinite(value)) {
        throw new UsageError(`${call}: image ${i}: expected finite numbers, found ${value} at ${f}`);
      }
      pixels[i * features + f] = value;
    }
  }
  return {
    name: "images in memory",
    split: "test",
    shape: inputShape,
    classes,
    count: list.length,
    pixels,
    labels: labels === undefined ? new Int32Array(list.length) : labelsOf(call, labels, list.length, classes),
    source: "memory",
  };
}

function labelsOf(call: string, labels: ArrayLike<number>, count: number, classes: number): Int32Array {
  if (labels?.length !== count) {
    throw new ShapeError(`${call}: labels: expected ${count}, one for each image, found ${labels?.length}`);
  }
  return Int32Array.from(labels, (label, i) => {
    if (Number.isInteger(label) && label >= 0 && label < classes) return label;
    throw new UsageError(
      `${call}: labels: expected classes from 0 to ${classes - 1}, found ${label} of image ${i}`,
    );
  });
}

/** Throws unless pixels are numbers and labels are classes: nothing else can be certified or counted. */
function checkNumbers(call: string, { pixels, labels }: Dataset, classes: number): void {
  if (!pixels.every((value: number) => Number.isFinite(value))) {
    throw new UsageError(`${call}: pixels of the data set: expected finite numbers, found others`);
  }
  labelsOf(call, labels, labels.length, classes);
}
