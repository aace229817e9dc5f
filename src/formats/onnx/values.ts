import { ShapeError } from "../../errors.js";
import type { Handle } from "../../network/network.js";
import { checkRank, type Shape, sizeOf } from "../../network/shape.js";

/** A value of the graph that depends on its input: where it stands in the network, and its shape in the file, batch 1. */
export interface GraphValue {
  readonly handle: Handle;
  /** All extents, the batch's among them. */
  readonly shape: Shape;
}

/** `[1, 3, 32, 32]`. */
export function formatExtents(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/**
 * The shape that the network gives to a value: without the batch's extent of 1. A value without a batch keeps all
 * extents, and a scalar is one feature.
 */
export function networkShape(shape: Shape): Shape {
  if (shape.length === 0) return [1];
  return shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape;
}

/** How many extents the network leaves out in front: 1 for a batch, else 0. */
export function batchExtents(shape: Shape): 0 | 1 {
  return shape.length > 1 && shape[0] === 1 ? 1 : 0;
}

/** More entries than this in one value point to a broken file rather than to a network. */
const MOST_ENTRIES = 2 ** 22;

/** A `ShapeError` for a shape that no value can have, or none that is worth the memory. */
export function checkExtents(shape: Shape, label: string): void {
  checkRank(label, shape);
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1) && sizeOf(shape) <= MOST_ENTRIES) {
    return;
  }
  throw new ShapeError(`${label}: a value of shape ${formatExtents(shape)} is not possible or too large`);
}

/** An axis counted from the front. */
export function axisOf(axis: number, rank: number, label: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${label}: axis ${axis} is out of range for a value of ${rank} dimensions`);
  }
  return axis < 0 ? axis + rank : axis;
}
