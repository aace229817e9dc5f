import type { NodeProto } from "onnx-buf";
import type { NdArray } from "../evaluate/index.js";

/** A value of a graph in a fixed batch's graph and in the graph of one example. */
export interface ValueInBatch {
  /** `rows`: example i's row of `together` is what `alone` is of it. `constant`: both are the same numbers. `shape`: they differ, but depend on no example's numbers. */
  readonly kind: "rows" | "constant" | "shape";
  readonly together: NdArray;
  readonly alone: NdArray;
}

/** A node with the values that it takes; those of its outputs have a row for each example by their extents. */
export interface NodeInBatch {
  readonly node: NodeProto;
  readonly batch: number;
  readonly opset: number;
  /** An input that was left out is undefined. */
  readonly inputs: readonly (ValueInBatch | undefined)[];
  /** What the node gives of other values, in the batch's graph. */
  together(values: readonly (NdArray | undefined)[]): readonly NdArray[];
  /** The same in the graph of one example. */
  alone(values: readonly (NdArray | undefined)[]): readonly NdArray[];
}
