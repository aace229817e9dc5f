import { ShapeError } from "../../../errors.js";
import { add, hardtanh, leakyRelu, relu, scaleShift } from "../../../network/build-layer.js";
import { broadcastConstant, broadcastShape } from "../broadcast.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents, type GraphValue } from "../values.js";

/** relu(x) + s·relu(−x): |x| for s = 1, a slope of −s below 0. */
function twoSided(
  node: OnnxNode,
  graph: GraphImport,
  { handle, shape }: GraphValue,
  below: readonly number[],
): GraphValue {
  const above = graph.attach(graph.partName(node, "above"), relu(), [handle]);
  const turned = graph.attach(graph.partName(node, "turned"), scaleShift(-1, 0), [handle]);
  const under = graph.attach(graph.partName(node, "below"), relu(), [turned]);
  const isOne = below.every((value) => value === 1);
  const scaled = isOne ? under : graph.attach(graph.partName(node, "slope"), scaleShift(below, 0), [under]);
  return { handle: graph.attach(node.name, add(), [above, scaled]), shape };
}

/** |x| = relu(x) + relu(−x). */
export const absolute: OperatorImport = (node, graph) =>
  twoSided(node, graph, graph.activation(node, 0), [1]);

/** relu(x) − slope·relu(−x) with constant slopes; of one slope that is not negative a leaky ReLU. */
export const prelu: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const slope = graph.constant(node, 1);
  const shape = broadcastShape(x.shape, slope.shape);
  if (!shape || shape.length !== x.shape.length || shape.some((extent, i) => extent !== x.shape[i])) {
    throw new ShapeError(
      `${node.label}: slope ${JSON.stringify(slope.name)} of shape ${formatExtents(slope.shape)} does not fit ` +
        `a value of shape ${formatExtents(x.shape)}`,
    );
  }
  const [first] = slope.values;
  if (slope.isExact && first >= 0 && slope.values.every((value) => value === first)) {
    return { handle: graph.attach(node.name, leakyRelu(first), [x.handle]), shape: x.shape };
  }
  const slopes = broadcastConstant(slope, x.shape, node.label);
  return twoSided(
    node,
    graph,
    x,
    slopes.map((value) => -value),
  );
};

/** α·x + β cut to [0, 1]. */
export const hardSigmoid: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const line = scaleShift(
    node.attributes.float("alpha", Math.fround(0.2)),
    node.attributes.float("beta", 0.5),
  );
  const moved = graph.attach(graph.partName(node, "line"), line, [x.handle]);
  return { handle: graph.attach(node.name, hardtanh(0, 1), [moved]), shape: x.shape };
};
