import { type ActivationDefinition, NeuronState, type ScalarActivation } from "./definition.js";
import type { LinePair } from "./line-pair.js";

/** Hardtanh: z, cut to [minimum, maximum]. */
export interface HardtanhActivation {
  readonly kind: "hardtanh";
  readonly minimum: number;
  readonly maximum: number;
}

/** z, cut to [minimum, maximum]. */
export function hardtanh(minimum = -1, maximum = 1): HardtanhActivation {
  return { kind: "hardtanh", minimum, maximum };
}

/** Hardtanh between a and b (Appendix B.4): a below a, z between, b above b; six cases of where ℓ and u lie. */
function scalar(a: number, b: number): ScalarActivation {
  const value = (z: number): number => Math.min(Math.max(z, a), b);
  const derivative = (z: number): number => (Number.isNaN(z) ? z : z > a && z <= b ? 1 : 0);

  /** The chord's slope from (ℓ, σ(ℓ)) to (u, σ(u)), exactly one end lying within [a, b]. */
  function tiltChord(lower: number, upper: number, out: LinePair): void {
    const width = upper - lower;
    const slope = (value(upper) - value(lower)) / width;
    const [atLower, atUpper] = [lower < a ? 0 : 1, upper > b ? 0 : 1];
    out.tilt(slope, (slope - atLower) / width, (atUpper - slope) / width);
  }

  /** Settles what needs no slope between: unknown bounds, both ends on one piece, an unbounded end. */
  function settled(lower: number, upper: number, out: LinePair): boolean {
    if (Number.isNaN(lower) || Number.isNaN(upper)) out.unknown();
    else if (upper <= a) out.exact(0, a);
    else if (lower >= b) out.exact(0, b);
    else if (lower >= a && upper <= b) out.exact(1, 0);
    else if (upper - lower === Number.POSITIVE_INFINITY) {
      out.lower.fix(0, value(lower));
      out.upper.fix(0, value(upper));
    } else return false;
    return true;
  }

  return {
    value,
    derivative,

    parallel(lower, upper, out) {
      if (settled(lower, upper, out)) return;
      if (upper <= b) {
        tiltChord(lower, upper, out);
        out.lower.touch(a, a, 0, 0, 0);
        out.upper.touch(lower, a, 0, 1, 0);
      } else if (lower >= a) {
        tiltChord(lower, upper, out);
        out.lower.touch(lower, lower, 1, 1, 0);
        out.upper.touch(b, b, 0, 0, 0);
      } else {
        // The gap is convex and piecewise linear in the slope, with kinks at these two only: the chord, the paper's third
        // candidate, lies below both and is never better. Nor is the larger one: at the smaller the lines meet a and b, and the
        // gap is how far the farther end lies beyond its kink, times that slope.
        const [rising, falling] = [(b - a) / (b - lower), (b - a) / (upper - a)];
        if (falling < rising) out.tilt(falling, 0, -falling / (upper - a));
        else out.tilt(rising, rising / (b - lower), 0);
        out.lower.touch(a, a, 0, 0, 0);
        out.upper.touch(b, b, 0, 0, 0);
      }
    },

    adaptive(lower, upper, out) {
      if (settled(lower, upper, out)) return;
      if (upper <= b) {
        tiltChord(lower, upper, out);
        out.upper.touch(lower, a, 0, 1, 0);
        if (upper - a > a - lower) out.lower.fix(1, 0);
        else out.lower.fix(0, a);
      } else if (lower >= a) {
        tiltChord(lower, upper, out);
        out.lower.touch(lower, lower, 1, 1, 0);
        if (b - lower > upper - b) out.upper.fix(1, 0);
        else out.upper.fix(0, b);
      } else {
        const height = b - a;
        const [belowA, aboveB] = [a - lower, upper - b];
        const rising = height / (b - lower);
        const risingArea = (height * belowA + rising * aboveB * aboveB) / 2;
        if (risingArea < height * belowA + (height * height) / 2) {
          out.upper.tilt(rising, rising / (b - lower), 0);
          out.upper.touch(b, b, 0, 0, 0);
        } else out.upper.fix(0, b);
        const falling = height / (upper - a);
        const fallingArea = (height * aboveB + falling * belowA * belowA) / 2;
        if (fallingArea < height * aboveB + (height * height) / 2) {
          out.lower.tilt(falling, 0, -falling / (upper - a));
          out.lower.touch(a, a, 0, 0, 0);
        } else out.lower.fix(0, a);
      }
    },
  };
}

/**
 * Dual of hardtanh (Appendix B.4, six cases): the chord's slope, and in the widest case the best of three. Fixed
 * where [ℓ, u] lies within one of its three pieces.
 */
export const hardtanhDefinition: ActivationDefinition<HardtanhActivation> = {
  parameters: ["minimum", "maximum"],
  fault: ({ minimum, maximum }) =>
    minimum <= maximum && Number.isFinite(maximum - minimum)
      ? null
      : `expected minimum ≤ maximum, got ${minimum} and ${maximum}`,
  layerFault: ({ minimum, maximum }) =>
    minimum < maximum ? null : `needs minimum < maximum, got ${minimum} and ${maximum}`,
  // Its limits, in the numbers of the evaluation.
  rounding: "relative",
  scalar: ({ minimum, maximum }) => scalar(minimum, maximum),
  state({ minimum, maximum }, lower, upper) {
    if (upper <= minimum || lower >= maximum) return NeuronState.inactive;
    return lower >= minimum && upper <= maximum ? NeuronState.active : NeuronState.unstable;
  },
  mix: () => ({ kind: "between known" }),
  splitPoint: ({ minimum, maximum }, lower, upper) =>
    [minimum, maximum].find((kink) => lower < kink && kink < upper) ?? null,
  gap({ minimum, maximum }, lower, upper) {
    const width = upper - lower;
    const above = Math.max(0, upper - maximum);
    const below = Math.max(0, minimum - lower);
    return ((above + below) * (width - above - below)) / width;
  },
  onnx: { operator: "Clip", inputs: ["minimum", "maximum"] },
};
