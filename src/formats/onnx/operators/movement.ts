import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { concat as concatLayer, pad as padLayer, permute, take } from "../../../network/build-layer.js";
import { sizeOf } from "../../../network/shape.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { axisOf, formatExtents, type GraphValue } from "../values.js";
import { constantLike } from "./constant-like.js";
import { movesNothing } from "./reduce.js";

/** Entries of one axis by number; nothing to do where they are all of them in order. */
export function takeAlong(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  axis: number,
  index: readonly number[],
  name: string,
): GraphValue {
  if (index.length === x.shape[axis] && index.every((entry, i) => entry === i)) return x;
  const result = x.shape.map((extent, i) => (i === axis ? index.length : extent));
  return graph.onExtents(node, name, x, result, axis > 0, (leftOut) => take(axis - leftOut, index));
}

/** Another order of the axes; extents of 1 change places without a layer. */
export function permuteTo(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  order: readonly number[],
  name: string,
): GraphValue {
  const result = order.map((axis) => x.shape[axis]);
  if (movesNothing(order, x.shape)) return graph.value(node, x.handle, result);
  return graph.onExtents(node, name, x, result, order[0] === 0, (leftOut) =>
    permute(order.slice(leftOut).map((axis) => axis - leftOut)),
  );
}

/** Another order of the axes; reversed where none is given. */
export const transpose: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const reversed = x.shape.map((_, i) => x.shape.length - 1 - i);
  const order = node.attributes.ints("perm", reversed);
  const sorted = [...order].sort((a, b) => a - b);
  if (order.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
    throw new ShapeError(
      `${node.label}: perm ${formatExtents(order)} is no order of the axes of ${formatExtents(x.shape)}`,
    );
  }
  return permuteTo(node, graph, x, order, node.name);
};

/** The entry of an axis that stands at a place outside of it. */
const CONTINUED: ReadonlyMap<string, (place: number, extent: number) => number> = new Map([
  ["edge", (place: number, extent: number) => Math.min(extent - 1, Math.max(0, place))],
  ["reflect", (place: number, extent: number) => extent - 1 - Math.abs(extent - 1 - Math.abs(place))],
  ["wrap", (place: number, extent: number) => ((place % extent) + extent) % extent],
]);

/** More around one axis is more than any value may have. */
const MOST_AROUND = 2 ** 22;

/** The value's own entries around it. */
function continued(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  {
    mode,
    before,
    after,
  }: { readonly mode: string; readonly before: readonly number[]; readonly after: readonly number[] },
): GraphValue {
  const place = CONTINUED.get(mode) as (place: number, extent: number) => number;
  return x.shape.reduce<GraphValue>((value, extent, axis) => {
    const [first, last] = [before[axis], after[axis]];
    const length = extent + first + last;
    // Programs differ in what stands further away than the value is long.
    const most = Math.max(first, last);
    const tooFar = (mode === "reflect" && most >= extent && most > 0) || (mode === "wrap" && most > extent);
    if (tooFar || length < 1 || length > MOST_AROUND) {
      throw new ShapeError(
        `${node.label}: mode ${mode} cannot pad ${extent} entries of axis ${axis} by ${first} and ${last}`,
      );
    }
    if (Math.min(first, last) < 0 && most > 0) {
      // Whether what is repeated is the value or what the crop leaves of it is not said.
      throw new UnsupportedOperatorError(
        `${node.label}: mode ${mode} that also cuts an axis is not supported`,
      );
    }
    const index = Array.from({ length }, (_, i) => place(i - first, extent));
    return takeAlong(node, graph, value, axis, index, graph.partName(node, "axis"));
  }, x);
}

/** A constant around the value, or its own entries; negative numbers cut off. */
export const pad: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const rank = x.shape.length;
  const mode = node.attributes.string("mode", "constant");
  if (mode !== "constant" && (!CONTINUED.has(mode) || (mode === "wrap" && node.opset < 19))) {
    throw new UnsupportedOperatorError(`${node.label}: mode ${JSON.stringify(mode)} is not supported`);
  }
  const pads = graph.integers(node, "pads", 1, 11) ?? [];
  const value =
    node.opset < 11 ? node.attributes.float("value", 0) : (graph.optionalConstant(node, 2)?.values[0] ?? 0);
  const axes =
    (node.opset >= 18 ? graph.integers(node, "axes", 3, 18) : undefined)?.map((axis) =>
      axisOf(axis, rank, node.label),
    ) ?? x.shape.map((_, i) => i);
  if (pads.length !== 2 * axes.length) {
    throw new ShapeError(`${node.label}: expected ${2 * axes.length} pads, found ${formatExtents(pads)}`);
  }
  const [before, after] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(0)];
  axes.forEach((axis, i) => {
    before[axis] = pads[i];
    after[axis] = pads[axes.length + i];
  });
  if (mode !== "constant") return continued(node, graph, x, { mode, before, after });
  let cut = x;
  for (const [axis, extent] of x.shape.entries()) {
    const [from, to] = [Math.max(0, -before[axis]), extent - Math.max(0, -after[axis])];
    if (from >= to) throw new ShapeError(`${node.label}: pads leave nothing of axis ${axis}`);
    const index = Array.from({ length: to - from }, (_, i) => from + i);
    cut = takeAlong(node, graph, cut, axis, index, graph.partName(node, "cut"));
  }
  const [more, less] = [before, after].map((list) => list.map((count) => Math.max(0, count)));
  if ([...more, ...less].every((count) => count === 0)) return cut;
  const result = cut.shape.map((extent, i) => more[i] + extent + less[i]);
  const keepsBatch = more[0] === 0 && less[0] === 0;
  return graph.onExtents(node, node.name, cut, result, keepsBatch, (leftOut) =>
    padLayer(more.slice(leftOut), less.slice(leftOut), value),
  );
};

/** Ranges of some axes, forwards or backwards. */
export const slice: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const read = (name: string, index: number) => graph.integers(node, name, index, 10);
  const [starts, ends] = [read("starts", 1) ?? [], read("ends", 2) ?? []];
  const axes = read("axes", 3) ?? starts.map((_, i) => i);
  const steps = (node.opset < 10 ? undefined : read("steps", 4)) ?? starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length)) {
    throw new ShapeError(`${node.label}: starts, ends, axes and steps must be of one length`);
  }
  const parts = starts.map((start, i) => {
    const axis = axisOf(axes[i], x.shape.length, node.label);
    return { axis, index: rangeOf(node, x.shape[axis], start, ends[i], steps[i]) };
  });
  return parts.reduce(
    (value, { axis, index }, i) =>
      takeAlong(node, graph, value, axis, index, i === 0 ? node.name : graph.partName(node, "axis")),
    x,
  );
};

function rangeOf(node: OnnxNode, extent: number, start: number, end: number, step: number): number[] {
  if (step === 0) throw new ShapeError(`${node.label}: a step of 0`);
  const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (at: number, least: number) => {
    const place = at < 0 ? at + extent : at;
    return Math.min(high, Math.max(least, place));
  };
  const from = clamp(start, 0);
  const to = clamp(end, low);
  const index: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) index.push(at);
  if (index.length === 0) throw new ShapeError(`${node.label}: the slice from ${start} to ${end} is empty`);
  return index;
}

/** Consecutive parts of one axis. */
export const split: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const axis = axisOf(node.attributes.int("axis", 0), x.shape.length, node.label);
  const extent = x.shape[axis];
  const count = node.attributes.int("num_outputs", node.outputs.length);
  const even = Math.ceil(extent / count);
  const sizes =
    graph.integers(node, "split", 1, 13) ?? node.outputs.map((_, i) => Math.min(even, extent - i * even));
  if (sizes.length !== node.outputs.length || sizes.some((size) => size < 1) || sizeOf1(sizes) !== extent) {
    throw new ShapeError(`${node.label}: cannot split ${extent} entries into ${formatExtents(sizes)}`);
  }
  let start = 0;
  return sizes.map((size, i) => {
    const from = start;
    start += size;
    const index = Array.from({ length: size }, (_, k) => from + k);
    return takeAlong(node, graph, x, axis, index, i === 0 ? node.name : graph.partName(node, `part${i + 1}`));
  });
};

function sizeOf1(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Entries of one axis by constant numbers; an axis for each of the index's. */
export const gather: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const axis = axisOf(node.attributes.int("axis", 0), x.shape.length, node.label);
  const { values, shape } = graph.constant(node, 1);
  const extent = x.shape[axis];
  const index = Array.from(values, (entry) => (entry < 0 ? entry + extent : entry));
  const bad = index.findIndex((entry) => !Number.isInteger(entry) || entry < 0 || entry >= extent);
  if (bad >= 0) {
    throw new ShapeError(`${node.label}: entry ${values[bad]} is out of range for an axis of ${extent}`);
  }
  if (index.length === 0) throw new ShapeError(`${node.label}: takes no entry`);
  const taken = takeAlong(node, graph, x, axis, index, node.name);
  return graph.value(node, taken.handle, [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)]);
};

/** Values stacked along an axis, constants among them. */
export const concat: OperatorImport = (node, graph) => {
  const like = graph.activation(
    node,
    Math.max(
      0,
      node.inputs.findIndex((value) => !graph.isConstant(value)),
    ),
  );
  const parts = node.inputs.flatMap((value, i) => {
    if (!graph.isConstant(value)) return [graph.activation(node, i)];
    return graph.constant(node, i).values.length > 0 ? [constantLike(node, graph, i, like)] : [];
  });
  const [first] = parts;
  const rank = first.shape.length;
  const axis = axisOf(node.attributes.int("axis", 0), rank, node.label);
  for (const { shape } of parts) {
    if (shape.length !== rank || shape.some((extent, i) => i !== axis && extent !== first.shape[i])) {
      throw new ShapeError(
        `${node.label}: ${formatExtents(first.shape)} and ${formatExtents(shape)} differ along more than axis ${axis}`,
      );
    }
  }
  if (parts.length === 1) return first;
  const total = parts.reduce((sum, { shape }) => sum + shape[axis], 0);
  const result = first.shape.map((extent, i) => (i === axis ? total : extent));
  const before = sizeOf(first.shape.slice(0, axis));
  const after = sizeOf(first.shape.slice(axis + 1));
  if (before === 1) {
    const images = parts.map(({ handle, shape }) =>
      graph.shaped(node, handle, after === 1 ? [shape[axis]] : [shape[axis], ...first.shape.slice(axis + 1)]),
    );
    return graph.value(node, graph.attach(node.name, concatLayer(), images), result);
  }
  // The axis comes to the front, and goes back.
  const turned = parts.map(({ handle, shape }) => {
    const lines = graph.shaped(node, handle, [before, shape[axis], after]);
    return graph.attach(graph.partName(node, "permute"), permute([1, 0, 2]), [lines]);
  });
  const joined = graph.attach(node.name, concatLayer(), turned);
  const back = graph.attach(graph.partName(node, "permute"), permute([1, 0, 2]), [joined]);
  return graph.value(node, back, result);
};
