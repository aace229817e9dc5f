import type { Dtype } from "./backend.js";

/** The roundings of an arithmetic. */
export interface Arithmetic {
  /** u: a result is off by at most this fraction of its exact value; 0 without rounding. */
  readonly roundoff: number;
  /** A product that underflows is off by at most this. */
  readonly underflow: number;
  /** Operands and results below this may be taken for 0. */
  readonly flushed: number;
  /** The largest finite number. */
  readonly largest: number;
  /** By how much tanh and sigmoid may be off. */
  readonly functions: number;
}

/** IEEE arithmetic, to nearest, with gradual underflow. */
export const IEEE: Readonly<Record<Dtype, Arithmetic>> = {
  float32: {
    roundoff: 2 ** -24,
    underflow: 2 ** -149,
    flushed: 0,
    largest: (2 - 2 ** -23) * 2 ** 127,
    functions: 2 ** -20,
  },
  float64: {
    roundoff: 2 ** -53,
    underflow: 2 ** -1074,
    flushed: 0,
    largest: Number.MAX_VALUE,
    functions: 2 ** -49,
  },
};

/**
 * γ(k) = k·u/(1 − k·u): the relative error of what went through k roundings, whatever their order (Higham, *Accuracy and
 * Stability of Numerical Algorithms*, Lemma 3.1), itself rounded up. Infinite where k roundings may lose everything.
 */
export function accumulated(roundings: number, { roundoff }: Pick<Arithmetic, "roundoff">): number {
  const product = roundings * roundoff;
  return product < 0.5 ? (product / (1 - product)) * (1 + 2 ** -40) : Number.POSITIVE_INFINITY;
}
