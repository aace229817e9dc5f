import { FormatError, UnsupportedOperatorError } from "../../../errors.js";
import { add as addLayer, scaleShift } from "../../../network/build-layer.js";
import type { Handle } from "../../../network/network.js";
import { broadcastConstant } from "../broadcast.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";

/** An activation x and the constant c that an operator joins to it; `first` says which of the two stands first. */
interface Pairing {
  readonly x: Handle;
  readonly constant: readonly number[];
  readonly first: "activation" | "constant";
}

/** Nothing if both inputs are activations. */
function pairing(node: OnnxNode, graph: GraphImport): Pairing | undefined {
  const at = node.inputs.findIndex((value) => graph.isConstant(value));
  if (at < 0 || at > 1) return undefined;
  const x = graph.activation(node, 1 - at);
  const constant = broadcastConstant(graph.constant(node, at), x.shape, node.label);
  return { x, constant, first: at === 0 ? "constant" : "activation" };
}

function attachScaleShift(
  node: OnnxNode,
  graph: GraphImport,
  x: Handle,
  scale: number | readonly number[],
  shift: number | readonly number[],
): Handle {
  return graph.attach(node.name, scaleShift(scale, shift), [x]);
}

const negated = (values: readonly number[]): number[] => values.map((value) => -value);

/** x + y, or x + c as a shift. */
export const add: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair) return attachScaleShift(node, graph, pair.x, 1, pair.constant);
  return graph.attach(node.name, addLayer(), [graph.activation(node, 0), graph.activation(node, 1)]);
};

/** x − y as x + (−1)·y, x − c as a shift, c − x as a scale of −1 and a shift. */
export const subtract: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair?.first === "activation") return attachScaleShift(node, graph, pair.x, 1, negated(pair.constant));
  if (pair) return attachScaleShift(node, graph, pair.x, -1, pair.constant);
  const x = graph.activation(node, 0);
  const y = graph.activation(node, 1);
  const minus = graph.attach(graph.partName(node, "negate"), scaleShift(-1, 0), [y]);
  return graph.attach(node.name, addLayer(), [x, minus]);
};

/** c·x as a scale; a product of activations is not affine. */
export const multiply: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (!pair)
    throw new UnsupportedOperatorError(`${node.label}: a product of two activations is not supported`);
  return attachScaleShift(node, graph, pair.x, pair.constant, 0);
};

/** x/c as a scale. */
export const divide: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair?.first !== "activation") {
    throw new UnsupportedOperatorError(`${node.label}: division by an activation is not supported`);
  }
  const inverse = pair.constant.map((value) => 1 / value);
  const bad = inverse.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new FormatError(
      `${node.label}: constant ${JSON.stringify(node.inputs[1])} holds ${pair.constant[bad]}, which nothing can be divided by`,
    );
  }
  return attachScaleShift(node, graph, pair.x, inverse, 0);
};
