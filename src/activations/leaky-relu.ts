import { type ActivationDefinition, NeuronState, type ScalarActivation } from "./definition.js";

/** Leaky ReLU: z above 0, slope · z below. */
export interface LeakyReluActivation {
  readonly kind: "leaky-relu";
  readonly slope: number;
}

/** z above 0, slope · z below. The slope must be at least 0. */
export function leakyRelu(slope = 0.01): LeakyReluActivation {
  return { kind: "leaky-relu", slope };
}

/**
 * Leaky ReLU of slope a below zero, convex for a < 1 and concave for a > 1. With t = u/(u − ℓ) the chord has slope
 * a + (1 − a)t and height (a − 1)·ℓ·t at z = 0; the other line of that slope goes through the kink.
 */
function scalar(a: number): ScalarActivation {
  const activation: ScalarActivation = {
    value: (z) => (z > 0 ? z : a * z),
    derivative: (z) => (z > 0 ? 1 : z <= 0 ? a : Number.NaN),

    parallel(lower, upper, out) {
      if (Number.isNaN(lower) || Number.isNaN(upper)) return out.unknown();
      if (upper <= 0) return out.exact(a, 0);
      if (lower >= 0) return out.exact(1, 0);
      const width = upper - lower;
      if (width === Number.POSITIVE_INFINITY) return out.unknown();
      const t = upper / width;
      const rest = -lower / width;
      out.tilt(a + (1 - a) * t, ((1 - a) * t) / width, ((1 - a) * rest) / width);
      const chord = a < 1 ? out.upper : out.lower;
      const kink = a < 1 ? out.lower : out.upper;
      chord.raise((a - 1) * lower * t, (a - 1) * t * t, (1 - a) * rest * rest);
      kink.raise(0, 0, 0);
    },

    adaptive(lower, upper, out) {
      activation.parallel(lower, upper, out);
      if (Number.isNaN(out.upper.slope) || upper <= 0) return;
      const kink = a < 1 ? out.lower : out.upper;
      kink.fix(upper > -lower ? 1 : a, 0);
    },
  };
  return activation;
}

/** Dual of leaky ReLU: the chord over [ℓ, u], touching at 0. Fixed once the sign is known. */
export const leakyReluDefinition: ActivationDefinition<LeakyReluActivation> = {
  parameters: ["slope"],
  fault: ({ slope }) => (Number.isFinite(slope) ? null : `expected a finite slope, got ${slope}`),
  layerFault: ({ slope }) =>
    slope >= 0 && Number.isFinite(slope) ? null : `needs a slope of at least 0, got ${slope}`,
  scalar: ({ slope }) => scalar(slope),
  rounding: "relative",
  state: (_f, lower, upper) => (upper <= 0 || lower >= 0 ? NeuronState.active : NeuronState.unstable),
  mix: ({ slope }) => (slope < 1 ? { kind: "kinked at zero", below: slope } : { kind: "between known" }),
  splitPoint: (_f, lower, upper) => (lower < 0 && 0 < upper ? 0 : null),
  gap: ({ slope }, lower, upper) => (Math.abs(1 - slope) * upper * -lower) / (upper - lower),
  onnx: { operator: "LeakyRelu", attributes: { slope: { name: "alpha", default: 0.01 } } },
};
