import { expectList, expectNumbers, expectRecord, kindOf, UsageError } from "../errors.js";

/** Which part of a data set. */
export type Split = "train" | "test";

/** Labelled images in memory; see `examples` for the layout in which networks take them. */
export interface Dataset {
  readonly name: string;
  readonly split: Split;
  /** Shape of one example, such as [1, 28, 28]: channels, height, width. */
  readonly shape: readonly number[];
  readonly classes: number;
  readonly count: number;
  /** How many examples the split has as published, where the files hold fewer. */
  readonly published?: number;
  /** [count, ...shape], row-major; a Uint8Array holds 255 times the value, the others the value itself, of any range. */
  readonly pixels: Uint8Array | Float32Array | Float64Array;
  /** [count], each from 0 to classes − 1. */
  readonly labels: Int32Array;
  /** By class. */
  readonly classNames?: readonly string[];
  /** Of a table, whose features are its columns: what these are called, in order. */
  readonly featureNames?: readonly string[];
  /** Bounds that every example keeps, `[features]` each, where the file has them: what ℓ∞ balls are cut by unless told otherwise. */
  readonly box?: { readonly lower: Float64Array; readonly upper: Float64Array };
  /** Where the data came from: a folder, a file, or the generator and its seed. */
  readonly source: string;
}

/** A batch as networks take it. */
export interface Examples {
  /** [features, batch], feature-major: feature f of example b at f · batch + b; bytes are divided by 255. */
  readonly x: Float64Array;
  /** [batch]. */
  readonly labels: Int32Array;
}

/** Number of features of one example: the product of its shape. */
export function featureCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * The first `limit` examples, or all where there are fewer. The pixels are a view, not a copy.
 * Throws UsageError when `limit` is not a positive integer.
 */
export function take(dataset: Dataset, limit: number): Dataset {
  checkDataset("take", dataset);
  checkLimit(limit);
  if (limit >= dataset.count) return dataset;
  const features = featureCount(dataset.shape);
  return {
    ...dataset,
    count: limit,
    pixels: dataset.pixels.subarray(0, limit * features),
    labels: dataset.labels.subarray(0, limit),
  };
}

/**
 * The examples at `indices`, in that order, copied; an index may occur more than once. Throws UsageError for an index
 * outside the data set.
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const features = featureCount(dataset.shape);
  const count = indices.length;
  const pixels = emptyLike(dataset.pixels, count * features);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const index = checkIndex(dataset, indices[i]!);
    pixels.set(dataset.pixels.subarray(index * features, (index + 1) * features), i * features);
    labels[i] = dataset.labels[index]!;
  }
  return { ...dataset, count, pixels, labels };
}

/**
 * The examples at `indices` as network input: `x` is feature-major [features, indices.length].
 * Throws UsageError for an index outside the data set.
 */
export function examples(dataset: Dataset, indices: ArrayLike<number>): Examples {
  checkDataset("examples", dataset);
  expectNumbers("examples: indices", indices);
  const features = featureCount(dataset.shape);
  const batch = indices.length;
  const { pixels } = dataset;
  const bytes = pixels instanceof Uint8Array;
  const x = new Float64Array(features * batch);
  const labels = new Int32Array(batch);
  for (let b = 0; b < batch; b++) {
    const index = checkIndex(dataset, indices[b]!);
    const start = index * features;
    labels[b] = dataset.labels[index]!;
    for (let f = 0; f < features; f++) {
      const value = pixels[start + f]!;
      x[f * batch + b] = bytes ? value / 255 : value;
    }
  }
  return { x, labels };
}

function emptyLike(pixels: Dataset["pixels"], length: number): Dataset["pixels"] {
  if (pixels instanceof Uint8Array) return new Uint8Array(length);
  return pixels instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** Throws UsageError unless `limit` is a positive integer. */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit <= 0) {
    throw new UsageError(`limit: expected a positive whole number of examples, found ${kindOf(limit)}`);
  }
}

function checkIndex(dataset: Dataset, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= dataset.count) {
    throw new UsageError(
      `data set ${dataset.name} (${dataset.split}): expected an index from 0 to ${dataset.count - 1}, found ${index}`,
    );
  }
  return index;
}

/** Throws a `UsageError` that names the call unless a value is a data set whose parts have the sizes that they say. */
export function checkDataset(call: string, dataset: Dataset): void {
  expectRecord(`${call}: data set`, dataset);
  const { shape, count, pixels, labels } = dataset;
  expectNumbers(`${call}: shape of the data set`, shape);
  expectList(`${call}: pixels of the data set`, pixels);
  expectList(`${call}: labels of the data set`, labels);
  const features = featureCount(shape);
  if (
    !Number.isInteger(count) ||
    count < 1 ||
    labels.length !== count ||
    pixels.length !== count * features
  ) {
    throw new UsageError(
      `${call}: data set: expected ${kindOf(count)} examples of ${features} numbers and as many labels, found ` +
        `${pixels.length} numbers and ${labels.length} labels`,
    );
  }
  if (![Uint8Array, Float32Array, Float64Array].some((type) => pixels instanceof type)) {
    throw new UsageError(`${call}: pixels of the data set: expected a typed array, found ${kindOf(pixels)}`);
  }
  if (!(labels instanceof Int32Array)) {
    throw new UsageError(`${call}: labels of the data set: expected an Int32Array, found ${kindOf(labels)}`);
  }
}
