import { largestOf, smallestOf } from "../compute/extremes.js";
import type { RandomSource } from "../compute/random.js";
import type { BallSpec } from "../threat/ball.js";
import { boxReader } from "../threat/box.js";
import type { FloatModel } from "./evaluate.js";
import { waysOf } from "./summation.js";

/**
 * The largest difference between any two of a few evaluations of a model at a point, logit by logit: sums as stored,
 * reversed, as a tree, in lanes and in blocks, each with fused multiply-adds and without. A lower bound of what machines may
 * differ by. `[classes]`; ∞ where an evaluation overflows.
 */
export function observeDrift(model: FloatModel, x: Float64Array): Float64Array {
  const all = waysOf(model.format).map((way) => model.logits(x, way));
  return all[0].map((_, k) => {
    const logits = all.map((own) => own[k]);
    const width = largestOf(logits) - smallestOf(logits);
    return Number.isNaN(width) ? Number.POSITIVE_INFINITY : width;
  });
}

/** A random point of the ball around x, with one ε for all. */
export function randomPoint(x: Float64Array, ball: BallSpec, source: RandomSource): Float64Array {
  const epsilon = ball.epsilon as number;
  if (ball.norm === "linf") {
    const boundsAt = boxReader(ball.box, x.length);
    return x.map((value, f) => {
      const [least, most] = boundsAt(f);
      const [lower, upper] = [Math.max(value - epsilon, least), Math.min(value + epsilon, most)];
      return lower + source.uniform() * (upper - lower);
    });
  }
  const step = x.map(() => source.normal());
  const length =
    ball.norm === "l2"
      ? Math.sqrt(step.reduce((sum, value) => sum + value * value, 0))
      : step.reduce((sum, value) => sum + Math.abs(value), 0);
  const scale = (epsilon * source.uniform()) / length;
  return x.map((value, f) => value + scale * step[f]);
}
