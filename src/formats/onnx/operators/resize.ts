import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { axisOf, checkExtents, formatExtents, type GraphValue } from "../values.js";
import { takeAlong } from "./movement.js";
import { interpolated, type ResizedPlaces } from "./resize-linear.js";

/** Nearest neighbours: every output takes one input, axis by axis. */
function nearest(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  indexOf: (axis: number) => readonly number[],
): GraphValue {
  return x.shape.reduce<GraphValue>(
    (value, _, axis) => takeAlong(node, graph, value, axis, indexOf(axis), graph.partName(node, "axis")),
    x,
  );
}

/** As ONNX has them: in single precision, the number of entries as well. */
function stretched(extent: number, scale: number): number {
  return Math.floor(Math.fround(extent * Math.fround(scale)));
}

/** Entry i takes ⌊i/scale⌋. */
function byFloor(node: OnnxNode, extent: number, scale: number): number[] {
  const single = Math.fround(scale);
  return indexList(node, stretched(extent, scale), (i) => clamp(Math.floor(i / single), extent));
}

function modeOf(node: OnnxNode, known: readonly string[]): string {
  const mode = node.attributes.string("mode", "nearest");
  if (known.includes(mode)) return mode;
  throw new UnsupportedOperatorError(
    `${node.label}: mode ${JSON.stringify(mode)} is not supported, expected ${known.map((one) => JSON.stringify(one)).join(" or ")}`,
  );
}

/** The old operator: entry i takes ⌊i/scale⌋. */
export const upsample: OperatorImport = (node, graph) => {
  modeOf(node, ["nearest"]);
  const x = graph.activation(node, 0);
  const scales =
    node.opset < 9 ? node.attributes.floats("scales") : Array.from(graph.constant(node, 1).values);
  checkScales(node, scales, x.shape.length);
  return nearest(node, graph, x, (axis) => byFloor(node, x.shape[axis], scales[axis]));
};

/** Enlarges or shrinks by nearest neighbours, as the attributes say which is nearest, or by linear interpolation. */
export const resize: OperatorImport = (node, graph) => {
  const mode = modeOf(node, node.opset < 11 ? ["nearest"] : ["nearest", "linear"]);
  const x = graph.activation(node, 0);
  const rank = x.shape.length;
  if (node.opset < 11) {
    const scales = Array.from(graph.constant(node, 1).values);
    checkScales(node, scales, rank);
    return nearest(node, graph, x, (axis) => byFloor(node, x.shape[axis], scales[axis]));
  }
  const transformation = node.attributes.string("coordinate_transformation_mode", "half_pixel");
  const rounding = node.attributes.string("nearest_mode", "round_prefer_floor");
  const policy = node.attributes.string("keep_aspect_ratio_policy", "stretch");
  if (policy !== "stretch") {
    throw new UnsupportedOperatorError(`${node.label}: keep_aspect_ratio_policy ${policy} is not supported`);
  }
  // These say nothing about nearest neighbours, but for a shrinking by linear weights.
  node.attributes.float("cubic_coeff_a", -0.75);
  const excludes = node.attributes.int("exclude_outside", 0) + node.attributes.int("antialias", 0);
  if (mode === "linear" && excludes !== 0) {
    throw new UnsupportedOperatorError(
      `${node.label}: exclude_outside and antialias are not supported with mode "linear"`,
    );
  }
  node.attributes.float("extrapolation_value", 0);
  const axes =
    node.attributes.ints("axes", undefined)?.map((axis) => axisOf(axis, rank, node.label)) ??
    x.shape.map((_, i) => i);
  const { scales, sizes } = scalesOf(node, graph, axes.length);
  const placesOf = (axis: number): ResizedPlaces | undefined => {
    const extent = x.shape[axis];
    const at = axes.indexOf(axis);
    if (at < 0) return undefined;
    const length = sizes ? sizes[at] : stretched(extent, (scales as readonly number[])[at]);
    const scale = Math.fround(sizes ? sizes[at] / extent : (scales as readonly number[])[at]);
    if (length === extent && scale === 1) return undefined;
    const places = indexList(node, length, (i) => sourceOf(node, transformation, i, scale, extent, length));
    const step = transformation === "align_corners" ? (extent - 1) / Math.max(1, length - 1) : 1 / scale;
    return { extent, places, step };
  };
  if (mode === "linear") return interpolated(node, graph, x, placesOf);
  return nearest(node, graph, x, (axis) => {
    const found = placesOf(axis);
    if (!found) return indexList(node, x.shape[axis], (i) => i);
    return found.places.map((place) => clamp(roundOf(node, rounding, place), found.extent));
  });
};

function scalesOf(
  node: OnnxNode,
  graph: GraphImport,
  count: number,
): { readonly scales?: readonly number[]; readonly sizes?: readonly number[] } {
  const list = (index: number) => {
    const constant = graph.optionalConstant(node, index);
    return constant && constant.values.length > 0 ? Array.from(constant.values) : undefined;
  };
  const [scales, sizes] = [list(2), list(3)];
  if ((scales === undefined) === (sizes === undefined)) {
    throw new ShapeError(`${node.label}: expected either scales or sizes`);
  }
  if (scales) {
    checkScales(node, scales, count);
    return { scales };
  }
  if (sizes?.length !== count || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ShapeError(
      `${node.label}: expected ${count} positive sizes, found ${formatExtents(sizes ?? [])}`,
    );
  }
  return { sizes };
}

function checkScales(node: OnnxNode, scales: readonly number[], count: number): void {
  if (scales.length !== count || scales.some((scale) => !(scale > 0) || !Number.isFinite(scale))) {
    throw new ShapeError(`${node.label}: expected ${count} positive scales, found ${formatExtents(scales)}`);
  }
}

/** Where output i lies among the inputs. */
function sourceOf(
  node: OnnxNode,
  transformation: string,
  i: number,
  scale: number,
  extent: number,
  length: number,
): number {
  switch (transformation) {
    case "half_pixel":
      return (i + 0.5) / scale - 0.5;
    case "half_pixel_symmetric": {
      const adjustment = length / (scale * extent);
      const centre = extent / 2;
      return centre * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case "pytorch_half_pixel":
      return length > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case "align_corners":
      return length > 1 ? (i * (extent - 1)) / (length - 1) : 0;
    case "asymmetric":
      return i / scale;
    default:
      throw new UnsupportedOperatorError(
        `${node.label}: coordinate_transformation_mode ${JSON.stringify(transformation)} is not supported`,
      );
  }
}

function roundOf(node: OnnxNode, rounding: string, place: number): number {
  switch (rounding) {
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
    default:
      throw new UnsupportedOperatorError(
        `${node.label}: nearest_mode ${JSON.stringify(rounding)} is not supported`,
      );
  }
}

function indexList(node: OnnxNode, length: number, indexOf: (i: number) => number): number[] {
  checkExtents([length], node.label);
  return Array.from({ length }, (_, i) => indexOf(i));
}

function clamp(index: number, extent: number): number {
  return Math.min(extent - 1, Math.max(0, index));
}
