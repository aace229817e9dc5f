import { type Dataset, type Examples, examples, featureCount } from "../data/dataset.js";
import { UsageError } from "../errors.js";
import { type BallSpec, checkBallSpec, type EpsilonByFeature } from "../threat/ball.js";
import { type Box, type BoxByFeature, boxReader, isByFeature } from "../threat/box.js";

/** The numbers of all examples of a data set. */
export function allOf({ count }: Pick<Dataset, "count">): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}

/** Examples `batch` at a time, each with its number in the data set: all of them, or those `among` it, in that order. */
export function* inOrder(
  dataset: Dataset,
  batch: number,
  among: Int32Array = allOf(dataset),
): Generator<Examples & { readonly indices: Int32Array }, void, undefined> {
  for (let from = 0; from < among.length; from += batch) {
    const indices = among.subarray(from, from + batch);
    yield { ...examples(dataset, indices), indices };
  }
}

/**
 * Throws a `UsageError` if some pixel lies so far outside the box that nothing is left of its ball: found here, before
 * the work, rather than at the batch that has the pixel.
 */
export function checkBallFitsData({ box, epsilon }: BallSpec, dataset: Dataset): void {
  if (!box || (typeof epsilon !== "number" && "perExample" in epsilon)) return;
  checkBallSpec({ norm: "linf", epsilon, box });
  if (typeof epsilon !== "number" || isByFeature(box)) checkByFeature(box, epsilon, dataset);
  else checkAlike(box, epsilon, dataset);
}

function checkAlike(box: Box, epsilon: number, dataset: Dataset): void {
  const scale = scaleOf(dataset);
  let [lowest, highest] = [0, 0];
  for (let i = 0; i < dataset.pixels.length; i++) {
    if (dataset.pixels[i] < dataset.pixels[lowest]) lowest = i;
    if (dataset.pixels[i] > dataset.pixels[highest]) highest = i;
  }
  const valueAt = (i: number): number => dataset.pixels[i] / scale;
  const outside = [lowest, highest].find((i) => {
    const value = valueAt(i);
    return Math.max(value - epsilon, box[0]) > Math.min(value + epsilon, box[1]);
  });
  if (outside === undefined) return;
  const example = Math.floor(outside / featureCount(dataset.shape));
  throw new UsageError(
    `--box ${box}: expected every pixel of ${dataset.name} (${dataset.split}) within epsilon of the box, found ` +
      `${valueAt(outside)} in example ${example}; its values go from ${valueAt(lowest)} to ${valueAt(highest)}: --box LO,HI ` +
      "says where inputs may lie, --box none that they may lie anywhere",
  );
}

/** What pixels are divided by. */
function scaleOf({ pixels }: Dataset): number {
  return pixels instanceof Uint8Array ? 255 : 1;
}

function checkByFeature(box: Box | BoxByFeature, epsilon: number | EpsilonByFeature, dataset: Dataset): void {
  const { pixels, shape, name, split } = dataset;
  const features = featureCount(shape);
  const scale = scaleOf(dataset);
  const boundsAt = boxReader(box, features);
  if (typeof epsilon !== "number" && epsilon.perFeature.length !== features) {
    throw new UsageError(
      `epsilon: expected ${features} numbers, one per input feature, got ${epsilon.perFeature.length}`,
    );
  }
  for (let f = 0; f < features; f++) {
    const [lower, upper] = boundsAt(f);
    const own = typeof epsilon === "number" ? epsilon : epsilon.perFeature[f];
    for (let i = f; i < pixels.length; i += features) {
      const value = pixels[i] / scale;
      if (Math.max(value - own, lower) <= Math.min(value + own, upper)) continue;
      throw new UsageError(
        `box: expected every value of ${name} (${split}) within epsilon of the box, found ${value} in example ` +
          `${(i - f) / features}, whose feature ${f} has the box ${lower},${upper}; --box LO,HI says where all inputs may lie, ` +
          "--box none that they may lie anywhere",
      );
    }
  }
}
