import { type ActivationDefinition, NeuronState, NO_FAULT, type ScalarActivation } from "./definition.js";
import type { LinePair } from "./line-pair.js";

/** ReLU: max(z, 0). */
export interface ReluActivation {
  readonly kind: "relu";
}

/** max(z, 0). */
export function relu(): ReluActivation {
  return { kind: "relu" };
}

/** ReLU (Corollary 2): slope d = u/(u − ℓ) and lines through 0 and −d·ℓ where the neuron is unstable. */
const scalar: ScalarActivation = {
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
    scalar.parallel(lower, upper, out);
    if (Number.isNaN(out.upper.slope) || upper <= 0) return;
    out.lower.fix(upper > -lower ? 1 : 0, 0);
  },
};

/** Settles what needs no slope between: unknown bounds, inactive, active. */
function stable(lower: number, upper: number, out: LinePair): boolean {
  if (Number.isNaN(lower) || Number.isNaN(upper)) out.unknown();
  else if (upper <= 0) out.exact(0, 0);
  else if (lower >= 0) out.exact(1, 0);
  else if (upper - lower === Number.POSITIVE_INFINITY) out.unknown();
  else return false;
  return true;
}

/**
 * Dual of ReLU (Corollary 2, equations 12 to 14): inactive d = m = ρ = 0; active d = 1; unstable d = u/(u − ℓ) and
 * m = ρ = −dℓ/2, which gives the paper's −Σ ℓ[ν]₊ term. Fixed once the sign is known.
 */
export const reluDefinition: ActivationDefinition<ReluActivation> = {
  parameters: [],
  fault: NO_FAULT,
  layerFault: NO_FAULT,
  scalar: () => scalar,
  rounding: "exact",
  state(_f, lower, upper) {
    if (upper <= 0) return NeuronState.inactive;
    return lower >= 0 ? NeuronState.active : NeuronState.unstable;
  },
  mix: () => ({ kind: "kinked at zero", below: 0 }),
  splitPoint: (_f, lower, upper) => (lower < 0 && 0 < upper ? 0 : null),
  gap: (_f, lower, upper) => (upper * -lower) / (upper - lower),
  onnx: { operator: "Relu", integers: true },
};
