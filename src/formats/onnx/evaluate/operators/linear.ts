import type { Stop } from "../../../../compute/deadline.js";
import { ShapeError } from "../../../../errors.js";
import {
  elementCount,
  formatExtents,
  mostGrown,
  type NdArray,
  reshaped,
  stridesOf,
  zeros,
} from "../array.js";
import { broadcastShape, broadcastTo } from "../broadcast.js";
import { commonType, operand, taking, typedOperand } from "../evaluation.js";
import { flatOffsets } from "../offsets.js";
import { numbersOf } from "../stored-array.js";
import { transposed } from "./movement.js";

/** Multiply-adds between two looks at whether it is time to end. */
const BETWEEN_LOOKS = 1_000_000;

type Numbers = Float32Array | Float64Array;

/** `out += a b` for `a` of `[rows, inner]` and `b` of `[inner, columns]`. */
function addProduct(
  a: Numbers,
  b: Numbers,
  out: Float64Array,
  rows: number,
  inner: number,
  columns: number,
  stop: Stop | undefined,
): void {
  let since = 0;
  for (let row = 0; row < rows; row++) {
    const to = row * columns;
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k];
      const from = k * columns;
      since += columns;
      if (since > BETWEEN_LOOKS) {
        stop?.throwIfAborted();
        since = 0;
      }
      for (let column = 0; column < columns; column++) out[to + column] += factor * b[from + column];
    }
  }
}

/** The same for `b` of `[columns, inner]`, entry by entry in the same order of summing: a large weight is not turned round. */
function addProductOfTransposed(
  a: Numbers,
  b: Numbers,
  out: Float64Array,
  rows: number,
  inner: number,
  columns: number,
  stop: Stop | undefined,
): void {
  let since = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      since += inner;
      if (since > BETWEEN_LOOKS) {
        stop?.throwIfAborted();
        since = 0;
      }
      let total = out[row * columns + column];
      for (let k = 0; k < inner; k++) total += a[row * inner + k] * b[column * inner + k];
      out[row * columns + column] = total;
    }
  }
}

/** `α A' B' + β C`, where A' and B' are transposed on demand and C broadcasts. */
const gemm = taking(2, 3, (evaluation) => {
  const { attributes, inputs, label, opset } = evaluation;
  const alpha = attributes.float("alpha", 1);
  const beta = attributes.float("beta", 1);
  const matrix = (index: number): NdArray => {
    const array = typedOperand(evaluation, index, "float");
    if (array.shape.length !== 2) {
      throw new ShapeError(
        `${label}: input ${index} must be a matrix, found shape ${formatExtents(array.shape)}`,
      );
    }
    return array;
  };
  const [left, b] = [matrix(0), matrix(1)];
  const a = attributes.int("transA", 0) === 0 ? left : transposed(left, [1, 0], label);
  const isTransposed = attributes.int("transB", 0) !== 0;
  const [rows, inner] = a.shape;
  const [innerOfB, columns] = isTransposed ? b.shape.toReversed() : b.shape;
  if (inner !== innerOfB) throw misfit(a.shape, [innerOfB, columns], label);
  const most = mostGrown(elementCount(a.shape), elementCount(b.shape));
  const result = zeros("float", [rows, columns], label, most);
  const add = isTransposed ? addProductOfTransposed : addProduct;
  add(numbersOf(a), numbersOf(b), result.values, rows, inner, columns, evaluation.stop);
  // The third input may be left out from operator set 11 on.
  const added = inputs[2] || opset < 11 ? typedOperand(evaluation, 2, "float") : undefined;
  const addends = added && broadcastTo(added, result.shape, label, result.values.length).values;
  for (let i = 0; i < result.values.length; i++) {
    result.values[i] = alpha * result.values[i] + (addends ? beta * addends[i] : 0);
  }
  return result;
});

/** numpy's product: stacks of matrices broadcast; a vector stands for a row on the left, a column on the right. */
const matMul = taking(2, 2, (evaluation) => {
  const { label } = evaluation;
  const [left, right] = [operand(evaluation, 0), operand(evaluation, 1)];
  const type = commonType([left, right], label);
  if (left.shape.length === 0 || right.shape.length === 0) throw misfit(left.shape, right.shape, label);
  const a = left.shape.length === 1 ? reshaped(left, [1, ...left.shape], label) : left;
  const b = right.shape.length === 1 ? reshaped(right, [...right.shape, 1], label) : right;
  const [rows, inner] = a.shape.slice(-2);
  const [innerOfB, columns] = b.shape.slice(-2);
  if (inner !== innerOfB) throw misfit(left.shape, right.shape, label);

  const stack = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)], label);
  const most = mostGrown(elementCount(a.shape), elementCount(b.shape));
  const result = zeros(type, [...stack, rows, columns], label, most);
  const [startsOfA, startsOfB] = [a, b].map((array) => matrixStarts(array, stack));
  const [valuesOfA, valuesOfB] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < elementCount(stack); i++) {
    addProduct(
      valuesOfA.subarray(startsOfA[i], startsOfA[i] + rows * inner),
      valuesOfB.subarray(startsOfB[i], startsOfB[i] + inner * columns),
      result.values.subarray(i * rows * columns, (i + 1) * rows * columns),
      rows,
      inner,
      columns,
      evaluation.stop,
    );
  }
  const shape = [
    ...stack,
    ...(left.shape.length === 1 ? [] : [rows]),
    ...(right.shape.length === 1 ? [] : [columns]),
  ];
  return reshaped(result, shape, label);
});

/** Where the matrices of a stack begin, the stack broadcast. */
function matrixStarts(array: NdArray, stack: readonly number[]): Int32Array {
  const strides = stridesOf(array.shape).slice(0, -2);
  const missing = stack.length - strides.length;
  const axes = stack.map((extent, axis) => {
    const own = axis - missing;
    const step = own < 0 || array.shape[own] === 1 ? 0 : strides[own];
    return Int32Array.from({ length: extent }, (_, position) => position * step);
  });
  return flatOffsets(axes);
}

function misfit(a: readonly number[], b: readonly number[], label: string): ShapeError {
  return new ShapeError(`${label}: cannot multiply shapes ${formatExtents(a)} and ${formatExtents(b)}`);
}

export const LINEAR = { Gemm: gemm, MatMul: matMul };
