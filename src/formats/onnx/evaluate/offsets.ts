import { mostGrown, type NdArray, stridesOf, zeros } from "./array.js";

/** An entry that lies outside. */
export const OUTSIDE = -1;

/**
 * Where each entry of an array, in C order, lies in another flat array: the sum over the axes of `axes[axis][position]`,
 * or `OUTSIDE` where an axis says so.
 */
export function flatOffsets(axes: readonly Int32Array[]): Int32Array {
  return axes.reduce((outer, axis) => {
    const offsets = new Int32Array(outer.length * axis.length);
    let entry = 0;
    for (const start of outer) {
      for (const step of axis) {
        offsets[entry++] = start === OUTSIDE || step === OUTSIDE ? OUTSIDE : start + step;
      }
    }
    return offsets;
  }, Int32Array.of(0));
}

/**
 * An array whose entry at `[p₀, p₁, …]` is the source's at `[from(0, p₀), from(1, p₁), …]`, or `fill` where one of
 * these is `OUTSIDE`. As many axes as the source, and at most `most` entries.
 */
export function selected(
  source: NdArray,
  shape: readonly number[],
  from: (axis: number, position: number) => number,
  label: string,
  fill = 0,
  most = mostGrown(source.values.length),
): NdArray {
  const result = zeros(source.type, shape, label, most);
  // A shape with a zero may have other extents for which no table could be made.
  if (result.values.length === 0) return result;
  const strides = stridesOf(source.shape);
  const axes = shape.map((extent, axis) =>
    Int32Array.from({ length: extent }, (_, position) => {
      const index = from(axis, position);
      if (index === OUTSIDE) return OUTSIDE;
      if (!(index >= 0 && index < source.shape[axis])) {
        throw new RangeError(
          `${label}: index ${index} of axis ${axis} is outside [${source.shape.join(", ")}]`,
        );
      }
      return index * strides[axis];
    }),
  );
  flatOffsets(axes).forEach((offset, entry) => {
    result.values[entry] = offset === OUTSIDE ? fill : source.values[offset];
  });
  return result;
}
