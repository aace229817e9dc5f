import { TensorProto_DataType as DataType } from "onnx-buf";
import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { flatten as flattenLayer } from "../../../network/build-layer.js";
import { type Shape, sameShape, sizeOf } from "../../../network/shape.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { isReal } from "../number-types.js";
import { axisOf, formatExtents, type GraphValue, networkShape } from "../values.js";

/** The same features under another shape, by a layer that carries the node's name where the network sees a difference. */
function reshapedTo(node: OnnxNode, graph: GraphImport, x: GraphValue, shape: Shape): GraphValue {
  const wanted = networkShape(shape);
  if (sameShape(wanted, x.handle.shape)) return { handle: x.handle, shape };
  const layer = wanted.length === 1 ? flattenLayer() : ({ kind: "reshape", shape: wanted } as const);
  return { handle: graph.attach(node.name, layer, [x.handle]), shape };
}

/** All extents before `axis` in one, all others in a second. */
export const flatten: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const rank = x.shape.length;
  const axis = node.attributes.int("axis", 1);
  const at = axis === rank ? rank : axisOf(axis, rank, node.label);
  return reshapedTo(node, graph, x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))]);
};

/** Another shape; 0 takes an extent over, −1 what is left. */
export const reshape: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const { shape, values, name } = graph.constant(node, 1);
  const wanted = Array.from(values);
  const zeroCopies = node.attributes.int("allowzero", 0) === 0;
  const misfit = (why: string): ShapeError =>
    new ShapeError(
      `${node.label}: cannot reshape ${formatExtents(x.shape)} to ${JSON.stringify(name)} = ` +
        `${formatExtents(wanted)}: ${why}`,
    );
  if (shape.length !== 1) throw misfit("expected a list of extents");
  if (wanted.filter((extent) => extent === -1).length > 1) throw misfit("only one entry may be -1");
  const resolved = wanted.map((extent, i) => {
    if (extent !== 0) return extent;
    if (!zeroCopies || x.shape[i] === undefined) throw misfit("it has an empty dimension");
    return x.shape[i];
  });
  const size = sizeOf(x.shape);
  const known = sizeOf(resolved.filter((extent) => extent !== -1));
  const extents = resolved.map((extent) => (extent === -1 ? size / known : extent));
  if (!extents.every((extent) => Number.isInteger(extent) && extent >= 1) || sizeOf(extents) !== size) {
    throw misfit(`there are ${size} entries`);
  }
  return reshapedTo(node, graph, x, extents);
};

/** Without extents of 1. */
export const squeeze: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const given = graph.integers(node, "axes", 1, 13);
  const axes = given?.map((axis) => axisOf(axis, x.shape.length, node.label));
  const long = axes?.find((axis) => x.shape[axis] !== 1);
  if (long !== undefined) {
    throw new ShapeError(`${node.label}: axis ${long} of ${formatExtents(x.shape)} is not 1`);
  }
  const left = x.shape.filter((extent, axis) => (axes ? !axes.includes(axis) : extent !== 1));
  return reshapedTo(node, graph, x, left);
};

/** With extents of 1 at the given axes of the result. */
export const unsqueeze: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const given = graph.integers(node, "axes", 1, 13);
  if (!given) throw new ShapeError(`${node.label}: axes are missing`);
  const rank = x.shape.length + given.length;
  const axes = given.map((axis) => axisOf(axis, rank, node.label));
  if (new Set(axes).size !== axes.length) {
    throw new ShapeError(`${node.label}: an axis stands twice in ${formatExtents(given)}`);
  }
  const rest = [...x.shape];
  const extents = Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? 1 : (rest.shift() as number),
  );
  return reshapedTo(node, graph, x, extents);
};

/** The same value under another name: no layer. */
export const identity: OperatorImport = (node, graph) => graph.activation(node, 0);

/**
 * Between types of real numbers, where no number changes: no layer. To a type that does not hold them it rounds, and to integers
 * it is a step function.
 */
export const cast: OperatorImport = (node, graph) => {
  const to = node.attributes.int("to", 0);
  node.attributes.int("saturate", 1);
  const x = graph.activation(node, 0);
  if (!isReal(to)) {
    throw new UnsupportedOperatorError(
      `${node.label}: a cast of activations to ${DataType[to] ?? to} is not supported`,
    );
  }
  if (!graph.types.isHeldBy(node.inputs[0], to)) {
    const from = graph.types.of(node.inputs[0]);
    throw new UnsupportedOperatorError(
      `${node.label}: rounds activations${from === undefined ? "" : ` of type ${DataType[from]}`} to ${DataType[to]}, which no ` +
        "layer of a network does; export the model without it",
    );
  }
  return x;
};
