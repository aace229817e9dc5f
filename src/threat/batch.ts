import { ShapeError } from "../errors.js";

/** Some examples: x `[features, examples]`, feature-major, in the data's units; labels `[examples]` where they are known. */
export interface Batch {
  readonly x: Float64Array;
  readonly labels?: Int32Array | null;
  /** Their places in their data set, from 0, which their random numbers go by; by default their places in the batch. */
  readonly places?: Int32Array;
}

/** Examples whose classes are known. */
export interface LabelledBatch extends Batch {
  readonly labels: Int32Array;
}

/** How many examples there are, each of so many features. Throws a `ShapeError` unless x and labels agree. */
export function countExamples({ x, labels }: Batch, features: number): number {
  const count = x.length / features;
  if (!Number.isInteger(count) || count < 1) {
    throw new ShapeError(`x: expected examples of ${features} features, got ${x.length} numbers`);
  }
  if (labels && labels.length !== count) {
    throw new ShapeError(`labels: expected ${count}, one for each example of x, got ${labels.length}`);
  }
  return count;
}
