import type { Enclosure, ScalarActivation } from "./enclosure.js";

/** ReLU (Corollary 2): slope d = u/(u − ℓ) and lines through 0 and −d·ℓ where the sign is open. */
export const relu: ScalarActivation = {
  value: (z) => Math.max(z, 0),
  derivative: (z) => (z > 0 ? 1 : z <= 0 ? 0 : Number.NaN),

  parallel(lower, upper, out) {
    if (stable(lower, upper, out)) return;
    const width = upper - lower;
    const slope = upper / width;
    out.tilt(slope, slope / width, (slope - 1) / -width);
    // A chord's slope moves by u/(u − ℓ)² with ℓ and by −ℓ/(u − ℓ)² with u; −ℓ/(u − ℓ) is 1 − d.
    out.lower.raise(0, 0, 0);
    out.upper.raise(-slope * lower, -slope * slope, (1 - slope) * (1 - slope));
  },

  adaptive(lower, upper, out) {
    relu.parallel(lower, upper, out);
    if (Number.isNaN(out.upper.slope) || lower >= 0 || upper <= 0) return;
    out.lower.fix(upper > -lower ? 1 : 0, 0);
  },
};

/** Settles what needs no slope between: unknown bounds, inactive, active. */
function stable(lower: number, upper: number, out: Enclosure): boolean {
  if (Number.isNaN(lower) || Number.isNaN(upper)) out.unknown();
  else if (upper <= 0) out.exact(0, 0);
  else if (lower >= 0) out.exact(1, 0);
  else if (upper - lower === Number.POSITIVE_INFINITY) out.unknown();
  else return false;
  return true;
}
