import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import type { Pair, Sides } from "../../../network/layers/extents.js";
import type { Shape } from "../../../network/shape.js";
import type { GraphImport, OnnxNode } from "../graph-import.js";
import { formatExtents, type GraphValue } from "../values.js";

/** The attributes that convolutions and pools share, for two spatial axes; of one axis the height is 1. */
export interface OnnxWindow {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** Images `[1, C, H, W]`, or `[1, C, L]` as images of height 1. */
export interface Image {
  /** `[C, H, W]`. */
  readonly value: GraphValue["handle"];
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly spatial: 1 | 2;
}

/** An input that a window moves over. */
export function imageOf(node: OnnxNode, graph: GraphImport, { handle, shape }: GraphValue): Image {
  const spatial = shape.length - 2;
  if (shape[0] !== 1 || (spatial !== 1 && spatial !== 2)) {
    throw new UnsupportedOperatorError(
      `${node.label}: expected a value [1, channels, width] or [1, channels, height, width], found ${formatExtents(shape)}`,
    );
  }
  const image = [shape[1], spatial === 2 ? shape[2] : 1, shape[shape.length - 1]] as const;
  return { value: graph.shaped(node, handle, image), shape: image, spatial };
}

/** The file's shape of what a window made of an image. */
export function imageShape([channels, height, width]: Shape, spatial: 1 | 2): Shape {
  return spatial === 2 ? [1, channels, height, width] : [1, channels, width];
}

/** A list of numbers, one per axis, as height and width. */
export function pairOf(
  node: OnnxNode,
  attribute: string,
  spatial: 1 | 2,
  fallback: readonly number[] | undefined,
  { least = 1, one = 1 }: { readonly least?: number; readonly one?: number } = {},
): Pair {
  const found = node.attributes.ints(attribute, fallback);
  if (!found) throw new FormatError(`${node.label}: attribute "${attribute}" is missing`);
  if (found.length !== spatial || found.some((value) => value < least)) {
    throw new ShapeError(
      `${node.label}: attribute "${attribute}" must be ${spatial === 2 ? "two" : "one"} ` +
        `${least > 0 ? "positive " : "non-negative "}number${spatial === 2 ? "s" : ""}, found ${formatExtents(found)}`,
    );
  }
  return spatial === 2 ? [found[0], found[1]] : [one, found[0]];
}

/** strides and dilations, 1 where they are left out. */
export function windowOf(node: OnnxNode, kernel: Pair, spatial: 1 | 2): OnnxWindow {
  const ones = Array<number>(spatial).fill(1);
  return {
    kernel,
    stride: pairOf(node, "strides", spatial, ones),
    dilation: pairOf(node, "dilations", spatial, ones),
  };
}

/** `pads` as top, left, bottom, right: ONNX has the same order, beginnings first. */
export function explicitPads(node: OnnxNode, spatial: 1 | 2): Sides {
  const pads = node.attributes.ints("pads", Array<number>(2 * spatial).fill(0));
  if (pads.length !== 2 * spatial || pads.some((pad) => pad < 0)) {
    throw new ShapeError(
      `${node.label}: attribute "pads" must be ${2 * spatial} numbers, none negative, found ${formatExtents(pads)}`,
    );
  }
  return spatial === 2 ? [pads[0], pads[1], pads[2], pads[3]] : [0, pads[0], 0, pads[1]];
}

export type AutoPad = "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER";
const MODES: readonly string[] = ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"];

export function autoPad(node: OnnxNode): AutoPad {
  const mode = node.attributes.string("auto_pad", "NOTSET");
  if (!MODES.includes(mode)) {
    throw new UnsupportedOperatorError(`${node.label}: auto_pad ${JSON.stringify(mode)} is not supported`);
  }
  return mode as AutoPad;
}

/** Padding by `pads` or by `auto_pad`. */
export function paddingOf(
  node: OnnxNode,
  [, height, width]: Shape,
  window: OnnxWindow,
  spatial: 1 | 2,
): Sides {
  const pads = explicitPads(node, spatial);
  const mode = autoPad(node);
  if (mode !== "NOTSET" && pads.some((pad) => pad !== 0)) {
    throw new FormatError(`${node.label}: auto_pad ${JSON.stringify(mode)} and pads exclude each other`);
  }
  if (mode === "NOTSET" || mode === "VALID") return pads;
  const [top, bottom] = samePadding(mode, height, window, 0);
  const [left, right] = samePadding(mode, width, window, 1);
  return [top, left, bottom, right];
}

/** What makes the output ⌈extent/stride⌉ long; an odd remainder goes to the end (upper) or the beginning (lower). */
function samePadding(
  mode: "SAME_UPPER" | "SAME_LOWER",
  extent: number,
  { kernel, stride, dilation }: OnnxWindow,
  axis: 0 | 1,
): readonly [before: number, after: number] {
  const reach = dilation[axis] * (kernel[axis] - 1) + 1;
  const total = Math.max(0, (Math.ceil(extent / stride[axis]) - 1) * stride[axis] + reach - extent);
  return shared(total, mode);
}

/** A total in two halves, an odd remainder after (upper) or before (lower). */
export function shared(
  total: number,
  mode: "SAME_UPPER" | "SAME_LOWER",
): readonly [before: number, after: number] {
  const less = Math.floor(total / 2);
  return mode === "SAME_UPPER" ? [less, total - less] : [total - less, less];
}
