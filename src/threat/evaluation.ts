/**
 * How the network that a certificate is about is run: which numbers its layers compute with. Sums may be taken in any order,
 * with fused multiply-adds or without, by direct sums (no Winograd, no Fourier transform).
 *
 * - `float32`: IEEE single precision, to nearest, with gradual underflow.
 * - `float32-ftz`: the same on machines that may round in any direction and take for 0 what is below the normal numbers.
 * - `float64`: IEEE double precision.
 * - `real`: without rounding.
 *
 * A certificate for any of them holds for `real`, too.
 */
export type Evaluation = "float32" | "float32-ftz" | "float64" | "real";
/** Every `Evaluation`. */
export const EVALUATIONS: readonly Evaluation[] = ["float32", "float32-ftz", "float64", "real"];

/** The roundings of an arithmetic. */
export interface Arithmetic {
  /** u: a result is off by at most this fraction of its exact value. */
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

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** The arithmetic of an evaluation, or of a backend by its dtype. */
export function arithmeticOf(evaluation: Evaluation): Arithmetic {
  switch (evaluation) {
    case "float32":
      return {
        roundoff: 2 ** -24,
        underflow: 2 ** -149,
        flushed: 0,
        largest: LARGEST_FLOAT32,
        functions: 2 ** -20,
      };
    case "float32-ftz":
      return {
        roundoff: 2 ** -23,
        underflow: 2 ** -126,
        flushed: 2 ** -126,
        largest: LARGEST_FLOAT32,
        functions: 2 ** -19,
      };
    case "float64":
      return {
        roundoff: 2 ** -53,
        underflow: 2 ** -1074,
        flushed: 0,
        largest: Number.MAX_VALUE,
        functions: 2 ** -49,
      };
    case "real":
      return { roundoff: 0, underflow: 0, flushed: 0, largest: Number.POSITIVE_INFINITY, functions: 0 };
    default:
      return evaluation satisfies never;
  }
}

/**
 * γ(k) = k·u/(1 − k·u): the relative error of what went through k roundings, whatever their order (Higham, *Accuracy and
 * Stability of Numerical Algorithms*, Lemma 3.1), itself rounded up. Infinite where k roundings may lose everything.
 */
export function accumulated(roundings: number, { roundoff }: Pick<Arithmetic, "roundoff">): number {
  const product = roundings * roundoff;
  return product < 0.5 ? (product / (1 - product)) * (1 + 2 ** -40) : Number.POSITIVE_INFINITY;
}
