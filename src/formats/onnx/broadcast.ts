import { ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../../network/shape.js";
import type { Constant } from "./constant.js";

/** More numbers than this in one constant point to a broken file rather than to a network. */
const MOST_NUMBERS = 2 ** 24;

/**
 * A constant as a scale-shift layer takes it, broadcast by numpy's rules against activations `[batch, ...shape]`: one
 * number, one a channel, or one a feature. Throws a `ShapeError` if it does not fit, differs along the batch, or would
 * enlarge the activation.
 */
export function broadcastConstant(constant: Constant, shape: Shape, label: string): number[] {
  const { values } = constant;
  const rank = shape.length + 1;
  const misfit = (): ShapeError =>
    new ShapeError(
      `${label}: constant ${JSON.stringify(constant.name)} of shape [${constant.shape.join(", ")}] does not fit ` +
        `activations [batch, ${shape.join(", ")}]`,
    );
  if (constant.shape.length > rank) throw misfit();
  const [batch, ...own] = [...Array<number>(rank - constant.shape.length).fill(1), ...constant.shape];
  if (batch !== 1 || own.some((extent, i) => extent !== 1 && extent !== shape[i])) throw misfit();
  // A number for all, or one for each extent of the first dimension.
  if (own.slice(1).every((extent) => extent === 1)) return Array.from(values);

  const size = sizeOf(shape);
  if (size > MOST_NUMBERS) {
    throw new ShapeError(`${label}: a constant for ${formatShape(shape)} = ${size} features is too large`);
  }
  return Array.from({ length: size }, (_, feature) => {
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
