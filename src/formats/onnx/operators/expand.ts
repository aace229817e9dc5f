import { ShapeError } from "../../../errors.js";
import { take } from "../../../network/build-layer.js";
import type { Shape } from "../../../network/shape.js";
import { broadcastShape } from "../broadcast.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { checkExtents, formatExtents, type GraphValue } from "../values.js";

/** A value as large as `shape`, to which it must be broadcastable: extents of 1 are repeated. */
export function expandTo(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  shape: Shape,
  part: string,
): GraphValue {
  checkExtents(shape, node.label);
  const missing = shape.length - x.shape.length;
  const padded = [...Array<number>(missing).fill(1), ...x.shape];
  let value = missing > 0 ? graph.value(node, x.handle, padded) : x;
  for (const [axis, extent] of shape.entries()) {
    if (value.shape[axis] === extent) continue;
    const result = value.shape.map((own, i) => (i === axis ? extent : own));
    value = graph.onExtents(node, graph.partName(node, part), value, result, axis > 0, (leftOut) =>
      take(axis - leftOut, Array<number>(extent).fill(0)),
    );
  }
  return value;
}

/** Broadcasting to a constant shape. */
export const expand: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const wanted = Array.from(graph.constant(node, 1).values);
  const shape = broadcastShape(x.shape, wanted);
  if (!shape) {
    throw new ShapeError(
      `${node.label}: shapes ${formatExtents(x.shape)} and ${formatExtents(wanted)} do not fit together`,
    );
  }
  return expandTo(node, graph, x, shape, "expand");
};
