import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents, type GraphValue } from "../values.js";
import { permuteTo, takeAlong } from "./movement.js";

/** Blocks of an image: the value under six extents, those in another order, and the result's extents. */
function rearranged(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  parts: readonly number[],
  order: readonly number[],
): GraphValue {
  const split = graph.value(node, x.handle, parts);
  const moved = permuteTo(node, graph, split, order, node.name);
  const [batch, ...rest] = moved.shape;
  // Of six extents, either the channels or each side of the image come in several.
  const result =
    order[1] === 3 && order[2] === 5
      ? [batch, rest[0] * rest[1] * rest[2], rest[3], rest[4]]
      : [batch, rest[0], rest[1] * rest[2], rest[3] * rest[4]];
  return graph.value(node, moved.handle, result);
}

function blockOf(node: OnnxNode, { shape }: GraphValue): number {
  const block = node.attributes.int("blocksize", 0);
  if (block < 1) throw new ShapeError(`${node.label}: blocksize must be positive, found ${block}`);
  if (shape.length !== 4) {
    throw new ShapeError(
      `${node.label}: expected [batch, channels, height, width], found ${formatExtents(shape)}`,
    );
  }
  return block;
}

/** Channels into blocks of an image. */
export const depthToSpace: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const block = blockOf(node, x);
  const mode = node.attributes.string("mode", "DCR");
  const [batch, channels, height, width] = x.shape;
  const deep = channels / block ** 2;
  if (!Number.isInteger(deep)) {
    throw new ShapeError(`${node.label}: ${channels} channels do not make blocks of ${block} × ${block}`);
  }
  if (mode === "DCR") {
    return rearranged(node, graph, x, [batch, block, block, deep, height, width], [0, 3, 4, 1, 5, 2]);
  }
  if (mode === "CRD") {
    return rearranged(node, graph, x, [batch, deep, block, block, height, width], [0, 1, 4, 2, 5, 3]);
  }
  throw new UnsupportedOperatorError(`${node.label}: mode ${JSON.stringify(mode)} is not supported`);
};

/** Blocks of an image into channels. */
export const spaceToDepth: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const block = blockOf(node, x);
  const [batch, channels, height, width] = x.shape;
  const [rows, columns] = [height / block, width / block];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) {
    throw new ShapeError(`${node.label}: ${height} × ${width} is not made of blocks of ${block} × ${block}`);
  }
  return rearranged(node, graph, x, [batch, channels, rows, block, columns, block], [0, 3, 5, 1, 2, 4]);
};

/** The value again and again along each axis. */
export const tile: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const repeats = graph.integers(node, "repeats", 1, 6) ?? [];
  if (repeats.length !== x.shape.length || repeats.some((count) => count < 1)) {
    throw new ShapeError(
      `${node.label}: expected ${x.shape.length} positive repeats, found ${formatExtents(repeats)}`,
    );
  }
  return repeats.reduce<GraphValue>((value, count, axis) => {
    const extent = value.shape[axis];
    if (extent * count > MOST_REPEATED) {
      throw new ShapeError(
        `${node.label}: ${count} repeats of ${extent} entries are not possible or too large`,
      );
    }
    const index = Array.from({ length: extent * count }, (_, i) => i % extent);
    return takeAlong(node, graph, value, axis, index, graph.partName(node, "axis"));
  }, x);
};

/** More along one axis is more than any value may have. */
const MOST_REPEATED = 2 ** 22;
