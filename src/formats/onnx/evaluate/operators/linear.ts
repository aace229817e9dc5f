import type { Stop } from "../../../../compute/deadline.js";
import { ShapeError } from "../../../../errors.js";
import { elementCount, formatExtents, type NdArray, reshaped, stridesOf, zeros } from "../array.js";
import { broadcastShape, broadcastTo } from "../broadcast.js";
import { commonType, operand, taking, typedOperand } from "../evaluation.js";
import { flatOffsets } from "../offsets.js";
import { transposed } from "./movement.js";

/** Multiply-adds between two looks at whether it is time to end. */
const BETWEEN_LOOKS = 1_000_000;

/** `out += a b` for `a` of `[rows, inner]` and `b` of `[inner, columns]`. */
function addProduct(
  a: Float64Array,
  b: Float64Array,
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

/** `α A' B' + β C`, where A' and B' are transposed on demand and C broadcasts. */
const gemm = taking(2, 3, (evaluation) => {
  const { attributes, inputs, label, opset } = evaluation;
  const alpha = attributes.float("alpha", 1);
  const beta = attributes.float("beta", 1);
  const matrix = (index: number, flag: string): NdArray => {
    const array = typedOperand(evaluation, index, "float");
    if (array.shape.length !== 2) {
      throw new ShapeError(
        `${label}: input ${index} must be a matrix, found shape ${formatExtents(array.shape)}`,
      );
    }
    return attributes.int(flag, 0) === 0 ? array : transposed(array, [1, 0], label);
  };
  const [a, b] = [matrix(0, "transA"), matrix(1, "transB")];
  const [rows, inner] = a.shape;
  const [innerOfB, columns] = b.shape;
  if (inner !== innerOfB) throw misfit(a, b, label);
  const result = zeros("float", [rows, columns], label);
  addProduct(a.values, b.values, result.values, rows, inner, columns, evaluation.stop);
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
  if (left.shape.length === 0 || right.shape.length === 0) throw misfit(left, right, label);
  const a = left.shape.length === 1 ? reshaped(left, [1, ...left.shape], label) : left;
  const b = right.shape.length === 1 ? reshaped(right, [...right.shape, 1], label) : right;
  const [rows, inner] = a.shape.slice(-2);
  const [innerOfB, columns] = b.shape.slice(-2);
  if (inner !== innerOfB) throw misfit(left, right, label);

  const stack = broadcastShape([a.shape.slice(0, -2), b.shape.slice(0, -2)], label);
  const result = zeros(type, [...stack, rows, columns], label);
  const [startsOfA, startsOfB] = [a, b].map((array) => matrixStarts(array, stack));
  for (let i = 0; i < elementCount(stack); i++) {
    addProduct(
      a.values.subarray(startsOfA[i], startsOfA[i] + rows * inner),
      b.values.subarray(startsOfB[i], startsOfB[i] + inner * columns),
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

function misfit(a: NdArray, b: NdArray, label: string): ShapeError {
  return new ShapeError(
    `${label}: cannot multiply shapes ${formatExtents(a.shape)} and ${formatExtents(b.shape)}`,
  );
}

export const LINEAR = { Gemm: gemm, MatMul: matMul };
