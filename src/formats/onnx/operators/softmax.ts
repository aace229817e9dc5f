import { UnsupportedOperatorError } from "../../../errors.js";
import { sizeOf } from "../../../network/shape.js";
import type { OnnxNode, OperatorImport } from "../graph-import.js";
import { axisOf, type GraphValue } from "../values.js";

/**
 * Softmax and LogSoftmax are no layers that can be bounded here. At the end of a graph, over all of its outputs, they keep the
 * order of the classes and are left out.
 */
export const softmax: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const line = lineOf(node, x);
  if (node.isLeftOut && line === sizeOf(x.shape)) return x;
  throw new UnsupportedOperatorError(
    node.isLeftOut
      ? `${node.label}: runs over lines of ${line} of ${sizeOf(x.shape)} outputs, and does not change which class is the largest of ` +
          "a line alone: export the model without it"
      : `${node.label}: is not supported within a network; at its end it does not change which class is the largest and is left ` +
          "out: export the model without it",
  );
};

/** How many numbers are normalised together. */
function lineOf(node: OnnxNode, { shape }: GraphValue): number {
  if (node.opset >= 13) return shape[axisOf(node.attributes.int("axis", -1), shape.length, node.label)];
  const axis = node.attributes.int("axis", 1);
  const first = axis === shape.length ? axis : axisOf(axis, shape.length, node.label);
  return sizeOf(shape.slice(first));
}
