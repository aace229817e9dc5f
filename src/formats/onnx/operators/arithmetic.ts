import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { add as addLayer, scaleShift } from "../../../network/build-layer.js";
import type { Shape } from "../../../network/shape.js";
import { broadcastConstant, broadcastShape } from "../broadcast.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents, type GraphValue } from "../values.js";
import { constantLike } from "./constant-like.js";
import { expandTo } from "./expand.js";

/** An activation x and the constant c that an operator joins to it; `first` says which of the two stands first. */
interface Pairing {
  readonly x: GraphValue;
  readonly constant: readonly number[];
  /** c's own name. */
  readonly name: string;
  readonly first: "activation" | "constant";
}

/** The shape that two inputs have together. */
export function commonShape(node: OnnxNode, a: Shape, b: Shape): Shape {
  const shape = broadcastShape(a, b);
  if (!shape) {
    throw new ShapeError(
      `${node.label}: shapes ${formatExtents(a)} and ${formatExtents(b)} do not fit together`,
    );
  }
  return shape;
}

/** Nothing if both inputs are activations. */
function pairing(node: OnnxNode, graph: GraphImport): Pairing | undefined {
  const at = node.inputs.findIndex((value) => graph.isConstant(value));
  if (at < 0 || at > 1) return undefined;
  const constant = graph.constant(node, at);
  const own = graph.activation(node, 1 - at);
  const x = expandTo(node, graph, own, commonShape(node, own.shape, constant.shape), "expand");
  return {
    x,
    constant: broadcastConstant(constant, x.shape, node.label),
    name: constant.name,
    first: at === 0 ? "constant" : "activation",
  };
}

/** Both inputs, each as large as the result. */
function both(node: OnnxNode, graph: GraphImport): readonly [GraphValue, GraphValue] {
  const [x, y] = [graph.activation(node, 0), graph.activation(node, 1)];
  const shape = commonShape(node, x.shape, y.shape);
  return [expandTo(node, graph, x, shape, "expand"), expandTo(node, graph, y, shape, "expand")];
}

function attachScaleShift(
  node: OnnxNode,
  graph: GraphImport,
  { handle, shape }: GraphValue,
  scale: number | readonly number[],
  shift: number | readonly number[],
): GraphValue {
  return { handle: graph.attach(node.name, scaleShift(scale, shift), [handle]), shape };
}

function attachSum(node: OnnxNode, graph: GraphImport, terms: readonly GraphValue[]): GraphValue {
  const handles = terms.map(({ handle }) => handle);
  return { handle: graph.attach(node.name, addLayer(), handles), shape: terms[0].shape };
}

const negated = (values: readonly number[]): number[] => values.map((value) => -value);

/** x + y, or x + c as a shift. */
export const add: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair) return attachScaleShift(node, graph, pair.x, 1, pair.constant);
  return attachSum(node, graph, both(node, graph));
};

/** x − y as x + (−1)·y, x − c as a shift, c − x as a scale of −1 and a shift. */
export const subtract: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair?.first === "activation") return attachScaleShift(node, graph, pair.x, 1, negated(pair.constant));
  if (pair) return attachScaleShift(node, graph, pair.x, -1, pair.constant);
  const [x, y] = both(node, graph);
  const minus = graph.attach(graph.partName(node, "negate"), scaleShift(-1, 0), [y.handle]);
  return attachSum(node, graph, [x, { handle: minus, shape: y.shape }]);
};

/** c·x as a scale, with a constant that is added next as its shift; a product of activations is not affine. */
export const multiply: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (!pair)
    throw new UnsupportedOperatorError(
      `${node.label}: a product of two activations is not supported, such as SiLU, HardSwish, GELU and gates are; one factor must be a constant`,
    );
  const { x } = pair;
  const shift = graph.absorbAddedConstant(node, ({ shape }) => {
    const common = broadcastShape(x.shape, shape);
    return common?.length === x.shape.length && common.every((extent, i) => extent === x.shape[i]);
  });
  return attachScaleShift(
    node,
    graph,
    x,
    pair.constant,
    shift ? broadcastConstant(shift, x.shape, node.label) : 0,
  );
};

/**
 * x/c as a scale of 1/c, which is rounded once in double precision: s·x is off by 2⁻⁵³ |s||x|, of which a scale-shift layer allows
 * for several, as it does for the rounding of 1/c where the file is run.
 */
export const divide: OperatorImport = (node, graph) => {
  const pair = pairing(node, graph);
  if (pair?.first !== "activation") {
    throw new UnsupportedOperatorError(`${node.label}: division by an activation is not supported`);
  }
  const inverse = pair.constant.map((value) => 1 / value);
  const bad = inverse.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new FormatError(
      `${node.label}: constant ${JSON.stringify(pair.name)} holds ${pair.constant[bad]}, which nothing can be divided by`,
    );
  }
  return attachScaleShift(node, graph, pair.x, inverse, 0);
};

/** −x. */
export const negate: OperatorImport = (node, graph) =>
  attachScaleShift(node, graph, graph.activation(node, 0), -1, 0);

/** The sum of any number of values, of which each is a term of one sum, constants too: they may be added in any order. */
export const sum: OperatorImport = (node, graph) => {
  if (node.inputs.length === 2) return add(node, graph);
  const first = node.inputs.findIndex((value) => !graph.isConstant(value));
  const like = graph.activation(node, Math.max(0, first));
  const terms = node.inputs.map((value, i) =>
    graph.isConstant(value) ? constantLike(node, graph, i, like) : graph.activation(node, i),
  );
  const shape = terms.map((term) => term.shape).reduce((a, b) => commonShape(node, a, b));
  if (terms.length === 1) return terms[0];
  return attachSum(
    node,
    graph,
    terms.map((term) => expandTo(node, graph, term, shape, "expand")),
  );
};
