import { random } from "../compute/random.js";
import { UsageError } from "../errors.js";
import { type Augmentation, augment } from "./augment.js";
import { type Dataset, type Examples, examples } from "./dataset.js";

/** A batch of training examples and where in the data set they stand. */
export interface DrawnBatch extends Examples {
  /** [batch]. */
  readonly indices: Int32Array;
}

/** Options of `batches`. */
export interface BatchOptions {
  /** Examples in a batch. */
  readonly batch: number;
  readonly seed: number;
  /** From 0; each has its own order. */
  readonly epoch: number;
  /** Random flips and crops, other ones in each epoch. */
  readonly augmentation?: Augmentation | undefined;
}

/**
 * The examples in batches, each example once, in an order that depends on the seed and the epoch alone; the last
 * batch holds what is left. Throws UsageError for a batch size that is not a positive integer.
 */
export function* batches(dataset: Dataset, options: BatchOptions): Generator<DrawnBatch, void, undefined> {
  const { seed, epoch, augmentation } = options;
  let number = 0;
  for (const indices of batchIndices(dataset.count, options)) {
    const batch = examples(dataset, indices);
    if (!augmentation) {
      yield { ...batch, indices };
    } else {
      const stream = random(seed, "augmentation").fork(epoch).fork(number);
      yield { x: augment(batch.x, dataset.shape, augmentation, stream), labels: batch.labels, indices };
    }
    number += 1;
  }
}

/** The order of `batches`: 0 to count − 1, permuted, in pieces of `batch`. */
export function* batchIndices(
  count: number,
  { batch, seed, epoch }: Pick<BatchOptions, "batch" | "seed" | "epoch">,
): Generator<Int32Array, void, undefined> {
  if (!Number.isInteger(batch) || batch <= 0) {
    throw new UsageError(`batch: expected a positive whole number of examples, found ${batch}`);
  }
  const order = random(seed, "batches").fork(epoch).permutation(count);
  for (let start = 0; start < count; start += batch) yield order.slice(start, start + batch);
}
