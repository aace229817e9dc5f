import type { FloatArray } from "../backend.js";
import { makeProducts, type Products } from "./products.js";

/**
 * What the right side of a product reads: at each position (one for a linear layer, one an output pixel for a
 * convolution) a table names the feature that each of `taps` terms takes, −1 for zero (a tap on the padding).
 */
export interface Gathering {
  readonly taps: number;
  readonly positions: number;
  /** Writes the features read at this position to table[start …]. */
  fill(position: number, table: Int32Array, start: number): void;
}

/** Which weight belongs to output o and tap k: values[start + o · outputStride + tapOffsets[k]]. */
export interface WeightLayout {
  readonly start: number;
  readonly outputStride: number;
  readonly tapOffsets: Int32Array;
}

/** Where results go: output o at a position is feature first(position) + o · stride. */
export interface Placement {
  readonly stride: number;
  first(position: number): number;
}

/** What one backend keeps between products: its own copy of the inner loops, and the taps of a position. */
export class ProductScratch {
  readonly products: Products = makeProducts();
  #features = new Int32Array(0);
  #weights = new Int32Array(0);
  #table = new Int32Array(0);

  /** Room for the taps of one position: the gathering's table, and what is left without the padding. */
  taps(count: number): { table: Int32Array; features: Int32Array; weights: Int32Array } {
    if (this.#table.length < count) {
      this.#table = new Int32Array(count);
      this.#features = new Int32Array(count);
      this.#weights = new Int32Array(count);
    }
    return { table: this.#table, features: this.#features, weights: this.#weights };
  }
}

/** Taps at a position that read a feature, not padding: their features and weight offsets. Returns how many. */
function presentTaps(
  gathering: Gathering,
  tapOffsets: Int32Array,
  position: number,
  table: Int32Array,
  features: Int32Array,
  weights: Int32Array,
): number {
  gathering.fill(position, table, 0);
  let count = 0;
  for (let tap = 0; tap < gathering.taps; tap++) {
    if (table[tap] < 0) continue;
    features[count] = table[tap];
    weights[count] = tapOffsets[tap];
    count++;
  }
  return count;
}

/** For every output o, position p and row: out[place(o, p), row] = bias[o] + Σ_k w(o, k) · x[table_p(k), row]. */
export function gatheredProduct(
  scratch: ProductScratch,
  weight: FloatArray,
  outputs: number,
  layout: WeightLayout,
  x: FloatArray,
  rows: number,
  gathering: Gathering,
  bias: FloatArray | null,
  biasStart: number,
  out: FloatArray,
  placement: Placement,
): void {
  if (rows === 0) return;
  const { table, features, weights } = scratch.taps(gathering.taps);
  const { multiply } = scratch.products;
  for (let position = 0; position < gathering.positions; position++) {
    const count = presentTaps(gathering, layout.tapOffsets, position, table, features, weights);
    const first = placement.first(position);
    const { start, outputStride } = layout;
    multiply(
      weight,
      start,
      outputStride,
      weights,
      x,
      features,
      count,
      out,
      first,
      placement.stride,
      outputs,
      rows,
      bias,
      biasStart,
    );
  }
}

/**
 * The derivative of Σ y ⊙ gatheredProduct in the weights: gradient(o, k) = Σ over positions and rows of
 * y[place(o, p), row] · x[table_p(k), row], written in the layout of the weights.
 */
export function gatheredGradient(
  scratch: ProductScratch,
  y: FloatArray,
  outputs: number,
  placement: Placement,
  x: FloatArray,
  rows: number,
  gathering: Gathering,
  gradient: FloatArray,
  layout: WeightLayout,
): void {
  if (rows === 0) return;
  const { table, features, weights } = scratch.taps(gathering.taps);
  const { accumulate } = scratch.products;
  for (let position = 0; position < gathering.positions; position++) {
    const count = presentTaps(gathering, layout.tapOffsets, position, table, features, weights);
    const first = placement.first(position);
    const { start, outputStride } = layout;
    accumulate(
      y,
      first,
      placement.stride,
      outputs,
      x,
      features,
      weights,
      count,
      gradient,
      start,
      outputStride,
      rows,
    );
  }
}
