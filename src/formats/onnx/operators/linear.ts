import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { linear } from "../../../network/build-layer.js";
import { sizeOf } from "../../../network/shape.js";
import type { Constant } from "../constant.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";

type Numbers = Float32Array | Float64Array;

/** α·x·B + β·C with constants B (or its transpose) and C. */
export const gemm: OperatorImport = (node, graph) => {
  if (node.attributes.int("transA", 0) !== 0) {
    throw new UnsupportedOperatorError(
      `${node.label}: transA = 1 would put the batch last; only 0 is supported`,
    );
  }
  const transposed = node.attributes.int("transB", 0) !== 0;
  const alpha = node.attributes.float("alpha", 1);
  const beta = node.attributes.float("beta", 1);
  const b = matrix(node, graph.constant(node, 1));
  const weight = times(transposed ? b.values : transpose(b.values, b.shape[0], b.shape[1]), alpha);
  const outFeatures = b.shape[transposed ? 0 : 1];
  const inFeatures = b.shape[transposed ? 1 : 0];
  const c = graph.optionalConstant(node, 2);
  const bias = c && times(rowVector(node, c, outFeatures), beta);
  return attachLinear(
    node,
    graph,
    weight,
    inFeatures,
    bias ?? addedVector(node, graph, outFeatures),
    outFeatures,
  );
};

/** x·B with a constant B; a vector that is added next becomes the bias. */
export const matMul: OperatorImport = (node, graph) => {
  const { shape, values } = matrix(node, graph.constant(node, 1));
  const [inFeatures, outFeatures] = shape;
  const weight = transpose(values, inFeatures, outFeatures);
  return attachLinear(node, graph, weight, inFeatures, addedVector(node, graph, outFeatures), outFeatures);
};

function attachLinear(
  node: OnnxNode,
  graph: GraphImport,
  weight: Numbers,
  inFeatures: number,
  bias: Numbers | undefined,
  outFeatures: number,
) {
  const x = graph.activation(node, 0);
  if (x.shape.length !== 1 || x.shape[0] !== inFeatures) {
    throw new ShapeError(
      `${node.label}: expected activations [batch, ${inFeatures}], found [batch, ${x.shape.join(", ")}]`,
    );
  }
  return graph.attach(node.name, linear(outFeatures, { bias: bias !== undefined }), [x], { weight, bias });
}

/** The constant vector that the next node adds, as a bias. */
function addedVector(node: OnnxNode, graph: GraphImport, length: number): Numbers | undefined {
  const fits = ({ shape }: Constant) =>
    shape.at(-1) === length && sizeOf(shape) === length && shape.length <= 2;
  return graph.absorbAddedConstant(node, fits)?.values;
}

function matrix(node: OnnxNode, constant: Constant): Constant {
  if (constant.shape.length !== 2 || sizeOf(constant.shape) === 0) {
    throw new ShapeError(
      `${node.label}: weight ${JSON.stringify(constant.name)} must be a matrix, found [${constant.shape.join(", ")}]`,
    );
  }
  return constant;
}

/** C of a Gemm, which may be one number or a row. */
function rowVector(node: OnnxNode, { name, shape, values }: Constant, length: number): Numbers {
  const isRow = shape.length <= 2 && (shape.length < 2 || shape[0] === 1);
  if (!isRow || (values.length !== 1 && values.length !== length)) {
    throw new ShapeError(
      `${node.label}: bias ${JSON.stringify(name)} must be one number or ${length}, found [${shape.join(", ")}]`,
    );
  }
  return values.length === length ? values : empty(values, length).fill(values[0]);
}

function times(values: Numbers, factor: number): Numbers {
  return factor === 1 ? values : values.map((value) => value * factor);
}

/** `[rows, columns]` → `[columns, rows]`, in the same precision. */
function transpose(values: Numbers, rows: number, columns: number): Numbers {
  const result = empty(values, values.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  }
  return result;
}

function empty(like: Numbers, length: number): Numbers {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
