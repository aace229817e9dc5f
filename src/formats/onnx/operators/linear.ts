import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { conv2d, linear, permute } from "../../../network/build-layer.js";
import type { Handle } from "../../../network/network.js";
import { type Shape, sizeOf } from "../../../network/shape.js";
import { type Constant, inSingleIfExact } from "../constant.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents, type GraphValue } from "../values.js";

type Numbers = Float32Array | Float64Array;

/** A matrix by its rows: `[out, in]`. */
interface Weight {
  readonly values: Numbers;
  readonly outFeatures: number;
  readonly inFeatures: number;
}

/** α·A·B + β·C where A or B is constant, and C is. */
export const gemm: OperatorImport = (node, graph) => {
  const alpha = node.attributes.float("alpha", 1);
  const beta = node.attributes.float("beta", 1);
  const transposed = [node.attributes.int("transA", 0) !== 0, node.attributes.int("transB", 0) !== 0];
  const at = graph.isConstant(node.inputs[0]) ? 1 : 0;
  const x = graph.activation(node, at);
  const matrix = asMatrix(node, graph.constant(node, 1 - at));
  if (x.shape.length !== 2) throw misfit(node, "a matrix", x.shape);
  // The activation on the left multiplies from the left: its columns meet the constant's rows.
  const rowsAreOut = at === 0 ? transposed[1] : !transposed[0];
  const weight = scaled(rowsAreOut ? byRows(matrix) : byColumns(matrix), alpha);
  const along = transposed[at] === (at === 0) ? 0 : 1;
  const lines = x.shape[1 - along];
  const shape: Shape = at === 0 ? [lines, weight.outFeatures] : [weight.outFeatures, lines];
  const c = graph.optionalConstant(node, 2);
  if (lines !== 1) {
    if (c || transposed[at]) {
      throw new UnsupportedOperatorError(
        `${node.label}: ${c ? "C" : "a transposed value"} with ${lines} lines of activations is not supported`,
      );
    }
    return alongAxis(node, graph, x, weight, along, shape);
  }
  const bias = c ? times(vectorOf(node, c, shape), beta) : addedVector(node, graph, shape);
  return graph.value(node, attachLinear(node, graph, x, weight, bias), shape);
};

/** A·B with a constant A or B; a vector that is added next becomes the bias. */
export const matMul: OperatorImport = (node, graph) => {
  const at = graph.isConstant(node.inputs[0]) ? 1 : 0;
  const x = graph.activation(node, at);
  const constant = graph.constant(node, 1 - at);
  const matrix = asMatrix(node, constant);
  const weight = at === 0 ? byColumns(matrix) : byRows(matrix);
  // A constant of more dimensions, all in front of 1, adds them to the result.
  const isVector = x.shape.length === 1;
  const extra = Math.max(0, constant.shape.length - (isVector ? 2 : x.shape.length));
  const shape = [...Array<number>(extra).fill(1), ...x.shape];
  const rank = shape.length;
  // A vector on the right is a column.
  const along = at === 0 || isVector ? rank - 1 : rank - 2;
  const result = shape.map((extent, axis) => (axis === along ? weight.outFeatures : extent));
  if (sizeOf(shape) === shape[along]) {
    const bias = addedVector(node, graph, result);
    return graph.value(node, attachLinear(node, graph, x, weight, bias), result);
  }
  return alongAxis(node, graph, { handle: x.handle, shape }, weight, along, result);
};

function attachLinear(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  { values, outFeatures, inFeatures }: Weight,
  bias: Numbers | undefined,
): Handle {
  const features = sizeOf(x.shape);
  if (features !== inFeatures) throw misfit(node, `${inFeatures} features`, x.shape);
  const flat = graph.shaped(node, x.handle, [features]);
  return graph.attach(node.name, linear(outFeatures, { bias: bias !== undefined }), [flat], {
    weight: values,
    bias,
  });
}

/** The same matrix on every line along an axis: a convolution of 1 × 1 with that axis as channels. */
export function alongAxis(
  node: OnnxNode,
  graph: GraphImport,
  { handle, shape }: GraphValue,
  { values, outFeatures, inFeatures }: Weight,
  along: number,
  result: Shape,
): GraphValue {
  if (shape[along] !== inFeatures) throw misfit(node, `${inFeatures} features along axis ${along}`, shape);
  const [before, after] = [sizeOf(shape.slice(0, along)), sizeOf(shape.slice(along + 1))];
  const lines = graph.shaped(node, handle, [before, inFeatures, after]);
  const first =
    before === 1 ? lines : graph.attach(graph.partName(node, "permute"), permute([1, 0, 2]), [lines]);
  const image = graph.shaped(node, first, [inFeatures, before, after]);
  const layer = conv2d(outFeatures, { kernel: 1, bias: false });
  const product = graph.attach(node.name, layer, [image], { weight: values });
  const back =
    before === 1 ? product : graph.attach(graph.partName(node, "permute"), permute([1, 0, 2]), [product]);
  return graph.value(node, back, result);
}

function misfit(node: OnnxNode, expected: string, found: Shape): ShapeError {
  return new ShapeError(
    `${node.label}: expected ${expected}, found a value of shape ${formatExtents(found)}`,
  );
}

/** The constant vector that the next node adds to a value of one line, as a bias. */
function addedVector(node: OnnxNode, graph: GraphImport, shape: Shape): Numbers | undefined {
  const length = sizeOf(shape);
  const fits = (constant: Constant) =>
    constant.shape.length <= shape.length &&
    sizeOf(constant.shape) === length &&
    constant.shape.every((extent, i) => extent === shape[shape.length - constant.shape.length + i]);
  return graph.absorbAddedConstant(node, fits)?.values;
}

/** A constant matrix; extents of 1 in front of it say nothing. */
function asMatrix(node: OnnxNode, constant: Constant): Constant {
  const shape = constant.shape.slice(-2);
  const leading = constant.shape.slice(0, -2);
  if (shape.length !== 2 || sizeOf(shape) === 0 || leading.some((extent) => extent !== 1)) {
    throw new ShapeError(
      `${node.label}: weight ${JSON.stringify(constant.name)} must be a matrix, found ${formatExtents(constant.shape)}`,
    );
  }
  return { ...constant, shape };
}

function byRows({ values, shape: [outFeatures, inFeatures] }: Constant): Weight {
  return { values, outFeatures, inFeatures };
}

function byColumns({ values, shape: [inFeatures, outFeatures] }: Constant): Weight {
  return { values: transpose(values, inFeatures, outFeatures), outFeatures, inFeatures };
}

function scaled(weight: Weight, factor: number): Weight {
  return { ...weight, values: times(weight.values, factor) };
}

/** C of a Gemm with one line: one number, or as many as the line has. */
function vectorOf(node: OnnxNode, { name, shape, values }: Constant, result: Shape): Numbers {
  const length = sizeOf(result);
  const fits =
    shape.length <= 2 &&
    shape.every((extent, i) => extent === 1 || extent === result[result.length - shape.length + i]);
  if (!fits || (values.length !== 1 && values.length !== length)) {
    throw new ShapeError(
      `${node.label}: bias ${JSON.stringify(name)} must be one number or ${length}, found ${formatExtents(shape)}`,
    );
  }
  return values.length === length ? values : empty(values, length).fill(values[0]);
}

/**
 * α·A and β·C. A product of two numbers of single precision is one of double precision, and is kept as that; one of a number of
 * double precision is rounded once, which is less than what bounds allow a weight.
 */
function times(values: Numbers, factor: number): Numbers {
  if (factor === 1) return values;
  const product = Float64Array.from(values, (value) => value * factor);
  return values instanceof Float32Array ? inSingleIfExact(product) : product;
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
