import { ShapeError } from "../../../errors.js";
import { formatExtents, mostGrown, type NdArray } from "./array.js";
import { selected } from "./offsets.js";

/** The shape that arrays of these shapes have together by numpy's rules; a `ShapeError` if they do not fit. */
export function broadcastShape(shapes: readonly (readonly number[])[], label: string): readonly number[] {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const extent = extents.find((found) => found !== 1) ?? 1;
    if (extents.some((found) => found !== 1 && found !== extent)) {
      throw new ShapeError(`${label}: shapes ${shapes.map(formatExtents).join(" and ")} do not fit`);
    }
    return extent;
  });
}

/** An array repeated along its missing dimensions and those of 1; a `ShapeError` if that does not give `shape` or more than `most`. */
export function broadcastTo(
  array: NdArray,
  shape: readonly number[],
  label: string,
  most = mostGrown(array.values.length),
): NdArray {
  const missing = shape.length - array.shape.length;
  if (missing === 0 && shape.every((extent, axis) => extent === array.shape[axis])) return array;
  const own = [...Array<number>(Math.max(missing, 0)).fill(1), ...array.shape];
  if (missing < 0 || own.some((extent, axis) => extent !== 1 && extent !== shape[axis])) {
    throw new ShapeError(
      `${label}: shape ${formatExtents(array.shape)} does not broadcast to ${formatExtents(shape)}`,
    );
  }
  return selected(
    { ...array, shape: own },
    shape,
    (axis, position) => (own[axis] === 1 ? 0 : position),
    label,
    0,
    most,
  );
}
