import type { NdArray } from "../evaluate/index.js";

/** A value of a graph in a fixed batch's graph and in the graph of one example. */
export interface ValueInBatch {
  /** `rows`: example i's row of `together` is what `alone` is of it. `constant`: both are the same numbers. `shape`: they differ, but depend on no example's numbers. */
  readonly kind: "rows" | "constant" | "shape";
  readonly together: NdArray;
  readonly alone: NdArray;
}
