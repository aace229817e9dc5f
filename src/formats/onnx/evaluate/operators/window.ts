import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { checkedCount, formatExtents } from "../array.js";
import type { NodeEvaluation } from "../evaluation.js";

/**
 * A window that slides along one axis: its entry `k` at `position` lies on the input's entry
 * `position · stride + k · dilation − before`.
 */
export interface WindowAxis {
  readonly input: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
  /** How many positions. */
  readonly output: number;
}

/** An axis along which nothing slides, so that one and two dimensions are cases of three. */
const STILL: WindowAxis = { input: 1, kernel: 1, stride: 1, dilation: 1, before: 0, after: 0, output: 1 };

export type ThreeAxes = readonly [WindowAxis, WindowAxis, WindowAxis];

export function threeAxes(axes: readonly WindowAxis[]): ThreeAxes {
  const [depth, height, width] = [STILL, STILL, ...axes].slice(-3);
  return [depth, height, width];
}

/** From which position on and up to which one (exclusive) the window's entry `k` lies on the input. */
function positionsInside(axis: WindowAxis, k: number): readonly [number, number] {
  const shift = k * axis.dilation - axis.before;
  const first = Math.max(0, Math.ceil(-shift / axis.stride));
  const last = Math.min(axis.output, Math.floor((axis.input - 1 - shift) / axis.stride) + 1);
  return [first, Math.max(first, last)];
}

/** `positionsInside` of every entry of the window. */
export function insideRanges(axis: WindowAxis): (readonly [number, number])[] {
  return Array.from({ length: axis.kernel }, (_, k) => positionsInside(axis, k));
}

/** The attributes that all sliding windows share, one number per axis. */
export interface WindowAttributes {
  readonly autoPad: string;
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Nothing where the node does not say. */
  readonly pads: { readonly before: readonly number[]; readonly after: readonly number[] } | undefined;
}

const AUTO_PADS = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

/** Reads and checks them; `kernel` is the weight's where the node need not name it. */
export function windowAttributes(
  { attributes, label }: NodeEvaluation,
  rank: number,
  kernel?: readonly number[],
): WindowAttributes {
  if (rank < 1 || rank > 3) {
    throw new UnsupportedOperatorError(
      `${label}: windows along ${rank} axes are not supported, expected 1 to 3`,
    );
  }
  const list = (name: string, count: number, least: number): readonly number[] | undefined => {
    const found = attributes.ints(name, undefined);
    if (found && (found.length !== count || found.some((value) => value < least))) {
      throw new ShapeError(
        `${label}: ${name} must be ${count} numbers from ${least} on, found ${formatExtents(found)}`,
      );
    }
    return found;
  };
  const ones = Array<number>(rank).fill(1);
  const size = list("kernel_shape", rank, 1) ?? kernel;
  if (!size) throw new FormatError(`${label}: attribute "kernel_shape" is missing`);
  if (size.some((extent) => extent < 1))
    throw new ShapeError(`${label}: a window ${formatExtents(size)} is empty`);
  if (kernel && size.some((extent, axis) => extent !== kernel[axis])) {
    throw new ShapeError(
      `${label}: kernel_shape ${formatExtents(size)} is not the weight's, ${formatExtents(kernel)}`,
    );
  }
  const autoPad = attributes.string("auto_pad", "NOTSET");
  if (!AUTO_PADS.includes(autoPad)) {
    throw new FormatError(
      `${label}: auto_pad must be one of ${AUTO_PADS.join(", ")}, found ${JSON.stringify(autoPad)}`,
    );
  }
  const pads = list("pads", 2 * rank, 0);
  return {
    autoPad,
    kernel: size,
    strides: list("strides", rank, 1) ?? ones,
    dilations: list("dilations", rank, 1) ?? ones,
    pads: pads && { before: pads.slice(0, rank), after: pads.slice(rank) },
  };
}

/** How many entries of the input a window spans. */
export function windowSpan(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** Padding divided between the two ends; the odd one goes to the end that `SAME_UPPER` or `SAME_LOWER` names. */
export function dividedPadding(total: number, autoPad: string): { before: number; after: number } {
  const half = Math.floor(total / 2);
  return autoPad === "SAME_UPPER"
    ? { before: half, after: total - half }
    : { before: total - half, after: half };
}

/** The windows of a convolution or a pooling over an input of these spatial extents. */
export function windowAxes(
  evaluation: NodeEvaluation,
  spatial: readonly number[],
  window: WindowAttributes,
  ceil = false,
): readonly WindowAxis[] {
  const { label } = evaluation;
  const { autoPad, pads } = window;
  return spatial.map((input, i) => {
    const [kernel, stride, dilation] = [window.kernel[i], window.strides[i], window.dilations[i]];
    const span = windowSpan(kernel, dilation);
    const given = { before: pads?.before[i] ?? 0, after: pads?.after[i] ?? 0 };
    const same = autoPad.startsWith("SAME");
    const needed = same
      ? dividedPadding(Math.max((Math.ceil(input / stride) - 1) * stride + span - input, 0), autoPad)
      : { before: 0, after: 0 };
    const { before, after } = autoPad === "NOTSET" ? given : needed;
    // Both are forbidden together; files that say the same twice, or nothing, are none the less clear.
    if ((given.before || given.after) && (given.before !== before || given.after !== after)) {
      throw new FormatError(`${label}: pads contradict auto_pad ${autoPad}`);
    }
    checkedCount([input + before + after], label);
    const room = input + before + after - span;
    if (room < 0) {
      throw new ShapeError(
        `${label}: a window of ${span} does not fit into ${input} entries padded by ${before} and ${after}`,
      );
    }
    const output = ceil && !same ? ceiledCount(room, stride, input + before) : Math.floor(room / stride) + 1;
    return { input, kernel, stride, dilation, before, after, output };
  });
}

/** Rounded up, but a window that would start in the padding at the end is left out. */
function ceiledCount(room: number, stride: number, end: number): number {
  const count = Math.ceil(room / stride) + 1;
  return (count - 1) * stride >= end ? count - 1 : count;
}

/**
 * For every tap of the window and every row of its positions: the positions `first` to `end − 1` of that row at which the
 * tap lies inside the padded axis, and the entry that it meets at the first of them; from each position to the next the
 * entry moves on by the stride of the last axis. Taps are numbered row by row.
 */
export function forEachRow(
  axes: ThreeAxes,
  visit: (tap: number, first: number, end: number, entry: number) => void,
): void {
  const [depth, height, width] = axes;
  const [depths, heights, widths] = axes.map(insideRanges);
  let tap = 0;
  for (let kd = 0; kd < depth.kernel; kd++) {
    for (let kh = 0; kh < height.kernel; kh++) {
      for (let kw = 0; kw < width.kernel; kw++, tap++) {
        const [first, end] = widths[kw];
        for (let d = depths[kd][0]; d < depths[kd][1]; d++) {
          const inDepth = d * depth.stride + kd * depth.dilation - depth.before;
          for (let h = heights[kh][0]; h < heights[kh][1]; h++) {
            const inHeight = h * height.stride + kh * height.dilation - height.before;
            const row = (d * height.output + h) * width.output;
            const inWidth = first * width.stride + kw * width.dilation - width.before;
            const entry = (inDepth * height.input + inHeight) * width.input + inWidth;
            visit(tap, row + first, row + end, entry);
          }
        }
      }
    }
  }
}
