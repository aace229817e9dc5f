/**
 * What the right side of a product reads: at each position (one for a linear layer, one per output pixel for a
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
