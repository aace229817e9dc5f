import { ShapeError } from "../../../errors.js";
import { averagePool, maxPool, permute, scaleShift } from "../../../network/build-layer.js";
import { type Shape, sizeOf } from "../../../network/shape.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { axisOf, formatExtents, type GraphValue } from "../values.js";
import { turned } from "./extreme.js";

/** From which operator set on axes are an input. */
const AXES_INPUT = { mean: 18, sum: 13, maximum: 18, minimum: 18 } as const;

/**
 * The mean, the sum, the largest or the smallest over some axes, as a pool over all that is reduced. A sum is the mean times their number n: 1/n·n is 1 but
 * for one rounding in double precision, relative to Σ|x|, of the eight that bounds allow a scale-shift layer. The largest is a max
 * pool, the smallest one with signs turned.
 */
export function reduce(kind: keyof typeof AXES_INPUT): OperatorImport {
  return (node, graph) => {
    const x = graph.activation(node, 0);
    const rank = x.shape.length;
    const given = graph.integers(node, "axes", 1, AXES_INPUT[kind]);
    const keep = node.attributes.int("keepdims", 1) !== 0;
    const none = node.attributes.int("noop_with_empty_axes", 0) !== 0;
    if ((!given || given.length === 0) && none) return x;
    const all = x.shape.map((_, axis) => axis);
    const axes = given && given.length > 0 ? given.map((axis) => axisOf(axis, rank, node.label)) : all;
    if (new Set(axes).size !== axes.length) {
      throw new ShapeError(`${node.label}: an axis stands twice in ${formatExtents(axes)}`);
    }
    const kept = all.filter((axis) => !axes.includes(axis));
    const result = keep
      ? x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
      : kept.map((axis) => x.shape[axis]);
    const count = sizeOf(axes.map((axis) => x.shape[axis]));
    const pooled = pool(
      node,
      graph,
      x,
      kept,
      [...axes].sort((a, b) => a - b),
      count,
      kind,
    );
    const scaled =
      kind !== "sum" || count === 1
        ? pooled
        : graph.attach(graph.partName(node, "count"), scaleShift(count, 0), [pooled]);
    return graph.value(node, scaled, result);
  };
}

/** The mean over `axes`, or the largest or smallest, one feature for each entry of the others. */
function pool(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  kept: readonly number[],
  axes: readonly number[],
  count: number,
  kind: keyof typeof AXES_INPUT,
): GraphValue["handle"] {
  if (count === 1) return x.handle;
  const order = [...kept, ...axes];
  const last = movesNothing(order, x.shape) ? x : permuted(node, graph, x, order);
  const spatial = axes.length === 2 ? axes.map((axis) => x.shape[axis]) : [count, 1];
  const kernel = [spatial[0], spatial[1]] as const;
  const image = graph.shaped(node, last.handle, [sizeOf(x.shape) / count, ...kernel]);
  if (kind === "mean" || kind === "sum") return graph.attach(node.name, averagePool({ kernel }), [image]);
  const largest = graph.attach(node.name, maxPool({ kernel }), [turned(node, graph, image, kind)]);
  return turned(node, graph, largest, kind);
}

function permuted(node: OnnxNode, graph: GraphImport, x: GraphValue, order: readonly number[]): GraphValue {
  const shape = order.map((axis) => x.shape[axis]);
  const keepsBatch = order[0] === 0;
  return graph.onExtents(node, graph.partName(node, "permute"), x, shape, keepsBatch, (leftOut) =>
    permute(order.slice(leftOut).map((axis) => axis - leftOut)),
  );
}

/** Whether an order of the axes leaves all entries where they are: only extents of 1 change places. */
export function movesNothing(order: readonly number[], shape: Shape): boolean {
  const long = order.filter((axis) => shape[axis] > 1);
  return long.every((axis, i) => i === 0 || axis > long[i - 1]);
}
