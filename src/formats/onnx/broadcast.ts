import { ShapeError } from "../../errors.js";
import { type Shape, sizeOf } from "../../network/shape.js";
import type { Constant } from "./constant.js";
import { formatExtents, networkShape } from "./values.js";

/** The shape of two values together by numpy's rules; nothing if they do not go together. */
export function broadcastShape(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const extents: number[] = [];
  for (let i = 0; i < rank; i++) {
    const [own, other] = [a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1];
    if (own !== other && own !== 1 && other !== 1) return undefined;
    if (own < 1 || other < 1) return undefined;
    extents.push(Math.max(own, other));
  }
  return extents;
}

/**
 * A constant as a scale-shift layer takes it, broadcast by numpy's rules against a value of that shape: one number, one per
 * channel, or one per feature. Throws a `ShapeError` if it does not fit or would enlarge the value.
 */
export function broadcastConstant(constant: Constant, shape: Shape, label: string): number[] {
  const { values } = constant;
  const misfit = (): ShapeError =>
    new ShapeError(
      `${label}: constant ${JSON.stringify(constant.name)} of shape ${formatExtents(constant.shape)} does not fit ` +
        `a value of shape ${formatExtents(shape)}`,
    );
  if (constant.shape.length > shape.length) throw misfit();
  const own = [...Array<number>(shape.length - constant.shape.length).fill(1), ...constant.shape];
  if (own.some((extent, i) => extent !== 1 && extent !== shape[i])) throw misfit();
  if (values.length === 1) return Array.from(values);
  // One for each of the network's first extent.
  const channel = shape.length - networkShape(shape).length;
  if (own.every((extent, i) => i === channel || extent === 1)) return Array.from(values);

  return Array.from({ length: sizeOf(shape) }, (_, feature) => {
    let rest = feature;
    let index = 0;
    let stride = 1;
    for (let i = shape.length - 1; i >= 0; i--) {
      if (own[i] !== 1) index += (rest % shape[i]) * stride;
      rest = Math.floor(rest / shape[i]);
      stride *= own[i];
    }
    return values[index];
  });
}
