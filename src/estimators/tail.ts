import { UsageError } from "../errors.js";

/**
 * The lower tail of the geometric mean (Appendix E, after Li, Hastie and Church 2007). With r Cauchy projections
 * x₁ … x_r of a vector of ℓ1 norm 1, ĝ = ∏|x_k|^{1/r}, and E|C|^{−s} = 1/cos(πs/2), Chernoff's bound is
 *
 *     P(ĝ ≤ 1 − ε) ≤ [(1 − ε)^s / cos(πs/2)]^r  for every 0 ≤ s < 1,
 *
 * smallest at s = (2/π)·arctan(−(2/π)·ln(1 − ε)). It holds for every r.
 */
export function logLowerTail(dimension: number, epsilon: number): number {
  const depth = -Math.log1p(-epsilon);
  const s = (2 / Math.PI) * Math.atan((2 / Math.PI) * depth);
  return dimension * (-s * depth - Math.log(Math.cos((Math.PI * s) / 2)));
}

/** How far estimates can fall short, and how many of them there are. */
export interface TailBound {
  /** The projection dimension r. */
  readonly dimension: number;
  /** m: of so many independent estimates the largest counts. */
  readonly sketches: number;
  /** δ: the probability, at most, that any estimate of an example falls short. */
  readonly delta: number;
  /** N: how many estimates an example has, by `countEstimates`. */
  readonly estimates: number;
  /** With probability 1 − δ no one of the N largest-of-m estimates is below (1 − ε_tail) times what it estimates. */
  readonly epsilon: number;
}

/** Estimates are divided by 1 − ε_tail: beyond this they say nothing of use. */
export const MOST_TAIL_EPSILON = 0.9;

/**
 * The smallest ε_tail for N estimates, each the largest of m independent ones, by the union bound: N·P(ĝ ≤ 1 − ε)^m = δ.
 * Throws a `UsageError` that says what would do where δ cannot be reached below ε_tail = 0.9.
 */
export function tailBound(dimension: number, sketches: number, delta: number, estimates: number): TailBound {
  if (!(delta > 0 && delta < 1)) {
    throw new UsageError(`delta: expected a probability above 0 and below 1, got ${delta}`);
  }
  const given = { dimension, sketches, delta, estimates };
  if (estimates === 0) return { ...given, epsilon: 0 };
  const needed = logDemand(sketches, delta, estimates);
  if (logLowerTail(dimension, MOST_TAIL_EPSILON) > needed) {
    const r = dimensionFor(MOST_TAIL_EPSILON, sketches, delta, estimates);
    const m = Math.ceil(Math.log(delta / estimates) / logLowerTail(dimension, MOST_TAIL_EPSILON));
    throw new UsageError(
      `delta: ${delta} cannot be reached for ${estimates} estimates per example with ${dimension} projections and ` +
        `${sketches} sketches (estimates would have to be widened more than tenfold); ${r} projections or ` +
        `${m} sketches would do`,
    );
  }
  let [low, high] = [0, MOST_TAIL_EPSILON];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (logLowerTail(dimension, middle) <= needed) high = middle;
    else low = middle;
  }
  return { ...given, epsilon: high };
}

/** The least projection dimension r with which ε_tail = `epsilon` is reached, for the same m, δ and N as in `tailBound`. */
export function dimensionFor(epsilon: number, sketches: number, delta: number, estimates: number): number {
  return Math.ceil(logDemand(sketches, delta, estimates) / logLowerTail(1, epsilon));
}

/** ln (δ/N)^{1/m}: how improbable each of the m must be. */
function logDemand(sketches: number, delta: number, estimates: number): number {
  return Math.log(delta / estimates) / sketches;
}
