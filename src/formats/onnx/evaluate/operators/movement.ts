import { FormatError, ShapeError } from "../../../../errors.js";
import { elementCount, formatExtents, mostGrown, type NdArray, stridesOf, zeros } from "../array.js";
import { broadcastShape, broadcastTo } from "../broadcast.js";
import {
  checkInputCount,
  commonType,
  integers,
  listArgument,
  type NodeEvaluation,
  operand,
  requiredIntegers,
  resolvedAxes,
  resolvedAxis,
  taking,
  typedOperand,
} from "../evaluation.js";
import { flatOffsets, selected } from "../offsets.js";

/** Axis `i` of the result is axis `order[i]` of the array. */
export function transposed(array: NdArray, order: readonly number[], label: string): NdArray {
  const strides = stridesOf(array.shape);
  const shape = order.map((axis) => array.shape[axis]);
  const result = zeros(array.type, shape, label);
  const axes = order.map((axis) =>
    Int32Array.from({ length: array.shape[axis] }, (_, position) => position * strides[axis]),
  );
  flatOffsets(axes).forEach((offset, entry) => {
    result.values[entry] = array.values[offset];
  });
  return result;
}

const transpose = taking(1, 1, (evaluation) => {
  const { attributes, label } = evaluation;
  const x = operand(evaluation, 0);
  const rank = x.shape.length;
  const order = attributes.ints("perm", undefined) ?? x.shape.map((_, axis) => rank - 1 - axis);
  if (order.length !== rank || order.some((axis) => axis < 0)) {
    throw new ShapeError(
      `${label}: perm ${formatExtents(order)} does not permute the axes of ${formatExtents(x.shape)}`,
    );
  }
  return transposed(x, resolvedAxes(order, rank, label), label);
});

function concat(evaluation: NodeEvaluation): readonly NdArray[] {
  const { attributes, inputs, label } = evaluation;
  checkInputCount(evaluation, Math.max(inputs.length, 1), inputs.length);
  const arrays = inputs.map((_, index) => operand(evaluation, index));
  const type = commonType(arrays, label);
  const asked = attributes.int("axis", undefined);
  if (asked === undefined) throw new FormatError(`${label}: attribute "axis" is missing`);
  const [{ shape: first }] = arrays;
  const axis = resolvedAxis(asked, first.length, label);
  for (const { shape } of arrays) {
    if (shape.length !== first.length || shape.some((extent, i) => i !== axis && extent !== first[i])) {
      throw new ShapeError(
        `${label}: shapes ${formatExtents(first)} and ${formatExtents(shape)} do not fit along axis ${axis}`,
      );
    }
  }
  const extent = arrays.reduce((sum, { shape }) => sum + shape[axis], 0);
  // An array that is listed often is made of less.
  const most = [...new Set(arrays)].reduce((sum, { values }) => sum + values.length, 0);
  const result = zeros(type, first.with(axis, extent), label, mostGrown(most));
  const after = elementCount(first.slice(axis + 1));
  const before = elementCount(first.slice(0, axis));
  let to = 0;
  for (let outer = 0; outer < before; outer++) {
    for (const { shape, values } of arrays) {
      const length = shape[axis] * after;
      result.values.set(values.subarray(outer * length, (outer + 1) * length), to);
      to += length;
    }
  }
  return [result];
}

/** Parts as the node lists them, or as many equal ones as it has outputs, the last one smaller at need. */
function split(evaluation: NodeEvaluation): readonly NdArray[] {
  const { attributes, label, opset, outputs } = evaluation;
  checkInputCount(evaluation, 1, 2);
  const x = operand(evaluation, 0);
  const axis = resolvedAxis(attributes.int("axis", 0), x.shape.length, label);
  const extent = x.shape[axis];
  const listed = listArgument(evaluation, "split", 1, 13);
  const count = opset >= 18 ? attributes.int("num_outputs", undefined) : undefined;
  if (opset >= 18 && (listed === undefined) === (count === undefined)) {
    throw new FormatError(`${label}: expected either input 1 or attribute "num_outputs"`);
  }
  if ((listed?.length ?? count ?? outputs) !== outputs) {
    throw new FormatError(`${label}: names ${outputs} outputs for ${listed?.length ?? count} parts`);
  }
  const parts = listed ?? equalParts(extent, outputs);
  const sum = parts.reduce((total, part) => total + part, 0);
  if (sum !== extent || parts.some((part) => part < 0) || (opset < 18 && !listed && extent % outputs !== 0)) {
    throw new ShapeError(
      `${label}: cannot split ${extent} entries of axis ${axis} into ${formatExtents(parts)}`,
    );
  }
  let start = 0;
  return parts.map((part) => {
    const from = start;
    start += part;
    return selected(x, x.shape.with(axis, part), (i, position) => position + (i === axis ? from : 0), label);
  });
}

function equalParts(extent: number, count: number): readonly number[] {
  const part = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, i) => (i < count - 1 ? part : extent - part * (count - 1)));
}

const gather = taking(2, 2, (evaluation) => {
  const { attributes, label } = evaluation;
  const x = operand(evaluation, 0);
  const indices = typedOperand(evaluation, 1, "int");
  const axis = resolvedAxis(attributes.int("axis", 0), x.shape.length, label);
  const extent = x.shape[axis];
  const from = indices.values.map((index) => {
    if (index < -extent || index >= extent) {
      throw new ShapeError(`${label}: index ${index} is out of range for ${extent} entries of axis ${axis}`);
    }
    return index < 0 ? index + extent : index;
  });
  const picked = selected(
    x,
    x.shape.with(axis, from.length),
    (i, position) => (i === axis ? from[position] : position),
    label,
  );
  return { ...picked, shape: x.shape.toSpliced(axis, 1, ...indices.shape) };
});

/** Broadcasts both ways: a 1 in the asked shape keeps the array's extent. */
const expand = taking(2, 2, (evaluation) => {
  const x = operand(evaluation, 0);
  const shape = broadcastShape([x.shape, requiredIntegers(evaluation, 1)], evaluation.label);
  return broadcastTo(x, shape, evaluation.label);
});

const tile = taking(2, 2, (evaluation) => {
  const { label } = evaluation;
  const x = operand(evaluation, 0);
  const repeats = integers(evaluation, 1) ?? [];
  if (repeats.length !== x.shape.length) {
    throw new ShapeError(`${label}: ${repeats.length} repeats do not fit shape ${formatExtents(x.shape)}`);
  }
  const shape = x.shape.map((extent, axis) => extent * repeats[axis]);
  return selected(x, shape, (axis, position) => position % x.shape[axis], label);
});

export const MOVEMENT = {
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Gather: gather,
  Expand: expand,
  Tile: tile,
};
