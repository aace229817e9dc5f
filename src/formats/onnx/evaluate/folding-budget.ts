import type { GraphProto } from "onnx-buf";
import { ShapeError } from "../../../errors.js";
import { mostGrown, type NdArray } from "./array.js";

/** How often a file may make its stored numbers anew: transposed, cast, cut, joined. */
const TIMES_STORED = 8;

/**
 * How many entries a file's nodes may make of constants, all together: a few bytes can ask for any number. What is stored pays
 * for itself; beyond that no more than one value of a network may have.
 */
export class FoldingBudget {
  readonly #most: number;
  #made = 0;

  /** Of a file that stores so many numbers. */
  constructor(stored: number) {
    this.#most = mostGrown() + TIMES_STORED * stored;
  }

  /** Counts what a node made of its inputs; other shapes of the same numbers are free. Throws a `ShapeError` where it is too much. */
  charge(results: readonly NdArray[], inputs: readonly (NdArray | undefined)[], label: string): void {
    const known = new Set(inputs.map((input) => input?.values));
    for (const { values } of results) if (!known.has(values)) this.#made += values.length;
    if (this.#made <= this.#most) return;
    throw new ShapeError(
      `${label}: the constants that this file's nodes compute are too large, expected at most ${this.#most} numbers together, ` +
        `found ${this.#made} up to here; export the model with constants folded`,
    );
  }
}

/** How many numbers the file's tensors have by their shapes. */
export function storedNumbers({ initializer }: GraphProto): number {
  return initializer.reduce(
    (sum, { dims }) => sum + dims.reduce((count, extent) => count * Number(extent), 1),
    0,
  );
}
