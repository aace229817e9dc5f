import type { RandomSource } from "../compute/random.js";
import { ShapeError } from "../errors.js";

/** Random changes of an image that leave its class as it is. */
export interface Augmentation {
  /** Mirror left and right with probability ½. */
  readonly flip?: boolean;
  /** Pad by so many zero pixels on each side and crop to the old size at random: shifts of up to ± crop. */
  readonly crop?: number;
}

/**
 * A copy of the images `x` [channels · height · width, batch], feature-major, each mirrored and shifted by its own
 * draw from `stream` (three numbers per image, whatever is switched on).
 *
 * Throws ShapeError unless `shape` is [channels, height, width] and fits `x`.
 */
export function augment(
  x: Float64Array,
  shape: readonly number[],
  { flip = false, crop = 0 }: Augmentation,
  stream: RandomSource,
): Float64Array {
  const [channels, height, width] = shape as [number, number, number];
  const batch = x.length / (channels * height * width);
  if (shape.length !== 3 || !Number.isInteger(batch)) {
    throw new ShapeError(
      `augment: expected images of shape [channels, height, width], found [${shape}] and ${x.length} values`,
    );
  }
  const changed = new Float64Array(x.length);
  for (let b = 0; b < batch; b++) {
    const mirrored = stream.uniform() < 0.5 && flip;
    const down = Math.floor(stream.uniform() * (2 * crop + 1)) - crop;
    const right = Math.floor(stream.uniform() * (2 * crop + 1)) - crop;
    for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
      for (let column = Math.max(0, -right); column < Math.min(width, width - right); column++) {
        const from = mirrored ? width - 1 - (column + right) : column + right;
        for (let c = 0; c < channels; c++) {
          changed[((c * height + row) * width + column) * batch + b] =
            x[((c * height + row + down) * width + from) * batch + b]!;
        }
      }
    }
  }
  return changed;
}
