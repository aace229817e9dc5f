import type { FloatArray } from "../compute/backend.js";
import type { RandomSource } from "../compute/random.js";
import type { Ball } from "../threat/ball.js";

/**
 * The ball of a batch as an attack sees it: per entry the original, the centre and the radius, on the host,
 * `[features, examples]` feature-major.
 */
export interface AttackSet {
  readonly ball: Ball;
  readonly centre: FloatArray;
  readonly radius: FloatArray;
  readonly features: number;
  readonly examples: number;
}

/** A random point of each example's ball, example b's from `sources[b]`. */
export function randomStart(set: AttackSet, sources: readonly RandomSource[]): Float64Array {
  const { centre, radius, features, examples } = set;
  const x = Float64Array.from(centre);
  for (let b = 0; b < examples; b++) {
    const step = new Float64Array(features);
    const source = sources[b];
    for (let f = 0; f < features; f++) {
      step[f] = set.ball.spec.norm === "linf" ? 2 * source.uniform() - 1 : source.normal();
    }
    const scale =
      set.ball.spec.norm === "linf" ? 1 : source.uniform() / Math.max(unitNorm(set, step), 1e-300);
    for (let f = 0, i = b; f < features; f++, i += examples) x[i] = centre[i] + radius[i] * step[f] * scale;
  }
  return x;
}

/** The norm of a step in units of the radius: ≤ 1 within the ball. */
function unitNorm(set: AttackSet, step: Float64Array): number {
  switch (set.ball.spec.norm) {
    case "linf":
      return step.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    case "l2":
      return Math.sqrt(step.reduce((sum, value) => sum + value * value, 0));
    case "l1":
      return step.reduce((sum, value) => sum + Math.abs(value), 0);
    default:
      return set.ball.spec.norm satisfies never;
  }
}

/**
 * One step of size `rate` (in units of the radius) up the gradient, by the steepest direction of the ball's norm, then
 * back into the ball. Writes x.
 */
export function ascend(set: AttackSet, x: Float64Array, gradient: ArrayLike<number>, rate: number): void {
  const { centre, radius, features, examples } = set;
  const direction = new Float64Array(features);
  const step = new Float64Array(features);
  for (let b = 0; b < examples; b++) {
    for (let f = 0, i = b; f < features; f++, i += examples) direction[f] = gradient[i] * radius[i];
    steepest(set.ball.spec.norm, direction);
    for (let f = 0, i = b; f < features; f++, i += examples) {
      const offset = radius[i] === 0 ? 0 : (x[i] - centre[i]) / radius[i];
      step[f] = offset + rate * direction[f];
    }
    projectUnit(set.ball.spec.norm, step);
    for (let f = 0, i = b; f < features; f++, i += examples) x[i] = centre[i] + radius[i] * step[f];
  }
}

function steepest(norm: Ball["spec"]["norm"], direction: Float64Array): void {
  if (norm === "linf") {
    for (let f = 0; f < direction.length; f++) direction[f] = Math.sign(direction[f]);
    return;
  }
  if (norm === "l2") {
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    if (length > 0) for (let f = 0; f < direction.length; f++) direction[f] /= length;
    return;
  }
  // ℓ1: all of the step along the steepest twentieth of the coordinates, which moves many pixels a little.
  const count = Math.max(1, Math.floor(direction.length / 20));
  const sorted = Array.from(direction, Math.abs).sort((a, b) => b - a);
  const threshold = sorted[count - 1];
  for (let f = 0; f < direction.length; f++) {
    const taken = direction[f] !== 0 && Math.abs(direction[f]) >= threshold;
    direction[f] = taken ? Math.sign(direction[f]) / count : 0;
  }
}

function projectUnit(norm: Ball["spec"]["norm"], step: Float64Array): void {
  if (norm === "linf") {
    for (let f = 0; f < step.length; f++) step[f] = Math.min(1, Math.max(-1, step[f]));
    return;
  }
  if (norm === "l2") {
    const length = Math.sqrt(step.reduce((sum, value) => sum + value * value, 0));
    if (length > 1) for (let f = 0; f < step.length; f++) step[f] /= length;
    return;
  }
  const total = step.reduce((sum, value) => sum + Math.abs(value), 0);
  if (total <= 1) return;
  // Euclidean projection onto the ℓ1 ball (Duchi et al. 2008): soft thresholding.
  const sorted = Array.from(step, Math.abs).sort((a, b) => b - a);
  let sum = 0;
  let threshold = 0;
  for (let k = 0; k < sorted.length; k++) {
    sum += sorted[k];
    const candidate = (sum - 1) / (k + 1);
    if (sorted[k] <= candidate) break;
    threshold = candidate;
  }
  for (let f = 0; f < step.length; f++) {
    step[f] = Math.sign(step[f]) * Math.max(0, Math.abs(step[f]) - threshold);
  }
}
