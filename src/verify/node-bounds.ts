/** Pre-activation bounds of one box by node, on the host. */
export type NodeBounds = ReadonlyMap<number, { readonly lower: Float64Array; readonly upper: Float64Array }>;

/** A box of inputs. */
export interface InputRegion {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}
