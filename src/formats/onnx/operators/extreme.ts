import { UnsupportedOperatorError } from "../../../errors.js";
import { concat, maxPool, scaleShift } from "../../../network/build-layer.js";
import type { Handle } from "../../../network/network.js";
import { sizeOf } from "../../../network/shape.js";
import { broadcastConstant } from "../broadcast.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import type { GraphValue } from "../values.js";
import { maximumOf, minimumOf } from "./activation.js";
import { commonShape } from "./arithmetic.js";
import { expandTo } from "./expand.js";

/** The largest of all inputs, or the smallest: of activations by a max pool over them, with a constant by a moved ReLU. */
export function extreme(kind: "maximum" | "minimum"): OperatorImport {
  const attach = kind === "maximum" ? maximumOf : minimumOf;
  return (node, graph) => {
    const numbers = node.inputs.map((_, i) => i);
    const [constants, activations] = [true, false].map((wanted) =>
      numbers.filter((i) => graph.isConstant(node.inputs[i]) === wanted),
    );
    if (constants.length > 1) {
      throw new UnsupportedOperatorError(
        `${node.label}: the ${kind} of several constants is not supported beside activations, only of one; fold them`,
      );
    }
    const values = activations.map((i) => graph.activation(node, i));
    const fixed = constants.map((i) => graph.constant(node, i));
    const shape = [...values, ...fixed].map((value) => value.shape).reduce((a, b) => commonShape(node, a, b));
    const wide = values.map((value) => expandTo(node, graph, value, shape, "expand"));
    if (wide.length === 1 && fixed.length === 0) return wide[0];
    const name = fixed.length > 0 ? graph.partName(node, "among") : node.name;
    const among = wide.length === 1 ? wide[0] : extremeAmong(node, graph, wide, kind, name);
    if (fixed.length === 0) return among;
    return attach(node, graph, among, broadcastConstant(fixed[0], shape, node.label));
  };
}

function extremeAmong(
  node: OnnxNode,
  graph: GraphImport,
  values: readonly GraphValue[],
  kind: "maximum" | "minimum",
  name: string,
): GraphValue {
  const [{ shape }] = values;
  const lines = values.map(({ handle }) =>
    graph.shaped(node, turned(node, graph, handle, kind), [1, sizeOf(shape)]),
  );
  const together = graph.attach(graph.partName(node, "together"), concat(), lines);
  const image = graph.shaped(node, together, [1, values.length, sizeOf(shape)]);
  const pooled = graph.attach(name, maxPool({ kernel: [values.length, 1] }), [image]);
  return graph.value(node, turned(node, graph, pooled, kind), shape);
}

/** The smallest is what is the largest with its sign turned. */
export function turned(
  node: OnnxNode,
  graph: GraphImport,
  handle: Handle,
  kind: "maximum" | "minimum",
): Handle {
  return kind === "maximum"
    ? handle
    : graph.attach(graph.partName(node, "turned"), scaleShift(-1, 0), [handle]);
}
