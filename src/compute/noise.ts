import { UsageError } from "../errors.js";

const MOST_EXAMPLE = 2 ** 31 - 1;

/** Which random numbers: a distribution, and the key and stream of a counter-based generator. */
export interface Noise {
  readonly distribution: "cauchy" | "normal";
  readonly key: readonly [low: number, high: number];
  readonly stream: readonly [number, number];
  /**
   * The example of each column, from 0 to 2³¹ − 1: an example's numbers are the same whichever columns stand beside it. Default: column c is
   * example c.
   */
  readonly examples?: ArrayLike<number>;
}

/** The examples of so many columns. A `UsageError` unless there is one for each, an integer from 0 to 2³¹ − 1. */
export function examplesOf({ examples }: Noise, columns: number): Int32Array {
  if (!examples) return Int32Array.from({ length: columns }, (_, column) => column);
  if (examples.length !== columns) {
    throw new UsageError(
      `noise: expected an example for each of ${columns} columns, found ${examples.length}`,
    );
  }
  const odd = Array.from(examples).find(
    (example) => !Number.isInteger(example) || example < 0 || example > MOST_EXAMPLE,
  );
  if (odd !== undefined)
    throw new UsageError(`noise: expected examples from 0 to ${MOST_EXAMPLE}, found ${odd}`);
  return Int32Array.from(examples);
}
