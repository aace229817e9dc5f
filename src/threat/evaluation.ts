import { type Arithmetic, IEEE } from "../compute/arithmetic.js";

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

/** The roundings of an evaluation. */
export function arithmeticOf(evaluation: Evaluation): Arithmetic {
  switch (evaluation) {
    case "float32":
    case "float64":
      return IEEE[evaluation];
    case "float32-ftz": {
      const normal = 2 ** -126;
      const { roundoff, functions, ...float32 } = IEEE.float32;
      return {
        ...float32,
        roundoff: 2 * roundoff,
        underflow: normal,
        flushed: normal,
        functions: 2 * functions,
      };
    }
    case "real":
      return { roundoff: 0, underflow: 0, flushed: 0, largest: Number.POSITIVE_INFINITY, functions: 0 };
    default:
      return evaluation satisfies never;
  }
}
