import { type Dataset, type Examples, examples } from "../data/dataset.js";
import { UsageError } from "../errors.js";
import type { BallSpec } from "../threat/ball.js";

/** Examples in their own order, `batch` at a time, and the number of the first; from this one on. */
export function* inOrder(
  dataset: Dataset,
  batch: number,
  from = 0,
): Generator<Examples & { readonly first: number }, void, undefined> {
  for (let first = from; first < dataset.count; first += batch) {
    const size = Math.min(batch, dataset.count - first);
    yield {
      ...examples(
        dataset,
        Int32Array.from({ length: size }, (_, i) => first + i),
      ),
      first,
    };
  }
}

/**
 * Throws a `UsageError` if some pixel lies so far outside the box that nothing is left of its ball: found here, before
 * the work, rather than at the batch that has the pixel.
 */
export function checkBallFitsData({ box, epsilon }: BallSpec & { epsilon: number }, dataset: Dataset): void {
  if (!box) return;
  const scale = dataset.pixels instanceof Uint8Array ? 255 : 1;
  let lowest = Infinity;
  let highest = -Infinity;
  for (const pixel of dataset.pixels) {
    if (pixel < lowest) lowest = pixel;
    if (pixel > highest) highest = pixel;
  }
  const outside = [lowest / scale, highest / scale].find(
    (value) => Math.max(value - epsilon, box[0]) > Math.min(value + epsilon, box[1]),
  );
  if (outside === undefined) return;
  throw new UsageError(
    `--box ${box}: expected every pixel of ${dataset.name} (${dataset.split}) within epsilon of the box, found ${outside}`,
  );
}
