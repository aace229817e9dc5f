import { scaleShift, take } from "../../../network/build-layer.js";
import { sizeOf } from "../../../network/shape.js";
import type { GraphImport, OnnxNode } from "../graph-import.js";
import type { GraphValue } from "../values.js";

/** A constant as a value: 0 · x + c of any entry x. */
export function constantLike(
  node: OnnxNode,
  graph: GraphImport,
  index: number,
  like: GraphValue,
): GraphValue {
  const { values, shape } = graph.constant(node, index);
  const flat = graph.shaped(node, like.handle, [sizeOf(like.shape)]);
  const zeros = new Array<number>(values.length).fill(0);
  const repeated = graph.attach(graph.partName(node, "any"), take(0, zeros), [flat]);
  const handle = graph.attach(graph.partName(node, "constant"), scaleShift(0, Array.from(values)), [
    repeated,
  ]);
  return graph.value(node, handle, shape);
}
