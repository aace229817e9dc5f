import { ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { checkedCount, elementCount, formatExtents, mostGrown, type NdArray, zeros } from "../array.js";
import { type NodeEvaluation, taking, typedOperand } from "../evaluation.js";
import { flatOffsets, OUTSIDE } from "../offsets.js";
import {
  type WindowAttributes,
  type WindowAxis,
  windowAttributes,
  windowAxes,
  windowSpan,
} from "./window.js";

/** The input as planes `[batch · channels, …spatial]`. */
function planesOf(evaluation: NodeEvaluation): { x: NdArray; planes: number; spatial: readonly number[] } {
  const x = typedOperand(evaluation, 0, "float");
  if (x.shape.length < 3) {
    throw new ShapeError(
      `${evaluation.label}: expected [batch, channels, ...spatial], found ${formatExtents(x.shape)}`,
    );
  }
  const [batch, channels, ...spatial] = x.shape;
  return { x, planes: batch * channels, spatial };
}

interface Pooling {
  readonly x: NdArray;
  readonly axes: readonly WindowAxis[];
  readonly result: NdArray;
  readonly planes: number;
}

/** Reads the window and answers zeros of the result's shape. */
function pooling(evaluation: NodeEvaluation, dilatedSince: number): Pooling {
  const { attributes, label, opset } = evaluation;
  const { x, planes, spatial } = planesOf(evaluation);
  const window = windowAttributes(evaluation, spatial.length);
  if (attributes.has("ceil_mode") && opset < 10) {
    throw new UnsupportedOperatorError(`${label}: ceil_mode is not defined before operator set 10`);
  }
  if (attributes.has("dilations") && opset < dilatedSince) {
    throw new UnsupportedOperatorError(
      `${label}: dilations are not defined before operator set ${dilatedSince}`,
    );
  }
  const ceil = attributes.int("ceil_mode", 0) !== 0;
  checkUnambiguous(window, spatial, ceil, label);
  const axes = windowAxes(evaluation, spatial, window, ceil);
  checkedCount(window.kernel, label);
  const shape = [...x.shape.slice(0, 2), ...axes.map(({ output }) => output)];
  const result = zeros("float", shape, label, mostGrown(x.values.length));
  if (axes.some((axis) => insideCounts(axis).includes(0))) {
    throw new ShapeError(`${label}: a window lies in the padding alone`);
  }
  return { x, axes, planes, result };
}

/**
 * An `UnsupportedOperatorError` where onnxruntime departs from the standard's formulas for `auto_pad`, so that the file's
 * meaning depends on who runs it: dilated windows under SAME, which onnxruntime pads as if they were not; strides past
 * the window under SAME, whose padding the formula makes negative; and VALID rounded up, which the formula rounds down.
 */
function checkUnambiguous(
  { autoPad, kernel, strides, dilations }: WindowAttributes,
  spatial: readonly number[],
  ceil: boolean,
  label: string,
): void {
  const ambiguous = spatial.some((input, i) => {
    const room = input - windowSpan(kernel[i], dilations[i]);
    if (autoPad === "VALID") return ceil && room % strides[i] !== 0;
    if (!autoPad.startsWith("SAME")) return false;
    return dilations[i] !== 1 || (Math.ceil(input / strides[i]) - 1) * strides[i] < room;
  });
  if (ambiguous) {
    throw new UnsupportedOperatorError(
      `${label}: auto_pad ${autoPad} with these strides, dilations or ceil_mode is ambiguous; write the pads out`,
    );
  }
}

/** Calls `combine(output's entry, input's entry)` for each pair within one plane, entry of the window by entry. */
function forEachPair(axes: readonly WindowAxis[], combine: (output: number, input: number) => void): void {
  const strides = axes.map((_, i) => elementCount(axes.slice(i + 1).map(({ input }) => input)));
  const kernel = axes.map(({ kernel }) => kernel);
  const entries = elementCount(kernel);
  for (let entry = 0; entry < entries; entry++) {
    const offsets = flatOffsets(
      axes.map((axis, i) => {
        const k = Math.floor(entry / elementCount(kernel.slice(i + 1))) % axis.kernel;
        return Int32Array.from({ length: axis.output }, (_, position) => {
          const index = position * axis.stride + k * axis.dilation - axis.before;
          return index < 0 || index >= axis.input ? OUTSIDE : index * strides[i];
        });
      }),
    );
    offsets.forEach((input, output) => {
      if (input !== OUTSIDE) combine(output, input);
    });
  }
}

const maxPool = taking(1, 1, (evaluation) => {
  // Only the second output, which is not supported, depends on it.
  evaluation.attributes.int("storage_order", 0);
  const { x, axes, planes, result } = pooling(evaluation, 10);
  result.values.fill(Number.NEGATIVE_INFINITY);
  const [inSize, outSize] = [x.values.length / planes, result.values.length / planes];
  forEachPair(axes, (output, input) => {
    for (let plane = 0; plane < planes; plane++) {
      const at = plane * outSize + output;
      result.values[at] = Math.max(result.values[at], x.values[plane * inSize + input]);
    }
  });
  return result;
});

const averagePool = taking(1, 1, (evaluation) => {
  const { x, axes, planes, result } = pooling(evaluation, 19);
  const includePadding = evaluation.attributes.int("count_include_pad", 0) !== 0;
  const [inSize, outSize] = [x.values.length / planes, result.values.length / planes];
  forEachPair(axes, (output, input) => {
    for (let plane = 0; plane < planes; plane++) {
      result.values[plane * outSize + output] += x.values[plane * inSize + input];
    }
  });
  const counts = axes
    .map(includePadding ? paddedCounts : insideCounts)
    .reduce((outer, axis) => outer.flatMap((count) => axis.map((own) => count * own)), [1]);
  result.values.forEach((sum, i) => {
    result.values[i] = sum / counts[i % outSize];
  });
  return result;
});

/** How many entries of the window at each position lie on the input. */
function insideCounts(axis: WindowAxis): number[] {
  return countsBetween(axis, 0, axis.input);
}

/** The same with the padding; what a window rounded up reaches beyond it does not count. */
function paddedCounts(axis: WindowAxis): number[] {
  return countsBetween(axis, -axis.before, axis.input + axis.after);
}

function countsBetween({ kernel, stride, dilation, before, output }: WindowAxis, from: number, to: number) {
  return Array.from({ length: output }, (_, position) => {
    const start = position * stride - before;
    let count = 0;
    for (let k = 0; k < kernel; k++) {
      const index = start + k * dilation;
      if (index >= from && index < to) count++;
    }
    return count;
  });
}

/** Each plane to one number. */
function global(reduce: (plane: Float64Array) => number) {
  return taking(1, 1, (evaluation) => {
    const { x, planes, spatial } = planesOf(evaluation);
    const size = elementCount(spatial);
    if (size === 0) throw new ShapeError(`${evaluation.label}: nothing to pool in ${formatExtents(x.shape)}`);
    const result = zeros("float", [...x.shape.slice(0, 2), ...spatial.map(() => 1)], evaluation.label);
    for (let plane = 0; plane < planes; plane++) {
      result.values[plane] = reduce(x.values.subarray(plane * size, (plane + 1) * size));
    }
    return result;
  });
}

export const POOLING = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: global((plane) => plane.reduce((sum, value) => sum + value, 0) / plane.length),
  GlobalMaxPool: global((plane) => plane.reduce((most, value) => Math.max(most, value))),
};
