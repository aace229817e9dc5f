import type { NdArray } from "./array.js";

/** An array that the file stores in single precision; its doubles are made where they are first asked for, and kept. */
export class StoredArray implements NdArray {
  readonly type: NdArray["type"];
  readonly shape: readonly number[];
  readonly values!: Float64Array;
  readonly #single: Float32Array;

  constructor(type: NdArray["type"], shape: readonly number[], single: Float32Array) {
    this.type = type;
    this.shape = shape;
    this.#single = single;
    let doubles: Float64Array | undefined;
    // Its own, so that copies of this array have it.
    Object.defineProperty(this, "values", {
      enumerable: true,
      get() {
        doubles ??= Float64Array.from(single);
        return doubles;
      },
    });
  }

  /** As they are stored. */
  get single(): Float32Array {
    return this.#single;
  }
}

/** The numbers of an array that is only read, without a copy in double precision of what is stored in single precision. */
export function numbersOf(array: NdArray): Float32Array | Float64Array {
  return array instanceof StoredArray ? array.single : array.values;
}
