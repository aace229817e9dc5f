import type { FloatArray } from "../backend.js";
import type { Gathering, Placement, WeightLayout } from "./gathering.js";
import { PackedScratch, packedProduct } from "./packed-product.js";
import { accumulate, multiply } from "./products.js";

/** From here on packing pays, by measurement. */
const PACKED_TAPS = 64;
const PACKED_OUTPUTS = 8;

/** What one backend keeps between products: room for packing and for the taps of a position. */
export class ProductScratch {
  readonly packed = new PackedScratch();
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
  if (gathering.taps >= PACKED_TAPS && outputs >= PACKED_OUTPUTS) {
    packedProduct(
      scratch.packed,
      weight,
      outputs,
      layout,
      x,
      rows,
      gathering,
      bias,
      biasStart,
      out,
      placement,
    );
    return;
  }
  const { table, features, weights } = scratch.taps(gathering.taps);
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
  // Sums over many rows are double throughout, whatever the tensors' type.
  const sums = gradient instanceof Float64Array ? gradient : new Float64Array(gradient.length);
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
      sums,
      start,
      outputStride,
      rows,
    );
  }
  if (sums !== gradient) for (let i = 0; i < sums.length; i++) gradient[i] += sums[i];
}
