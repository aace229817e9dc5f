import { type ActivationDefinition, NeuronState, NO_FAULT, type ScalarActivation } from "./definition.js";
import type { EnclosingLine, LinePair } from "./line-pair.js";

/** A smooth increasing function, convex below zero and concave above, whose steepest slope is at zero. */
export interface SShape {
  value(z: number): number;
  derivative(z: number): number;
  secondDerivative(z: number): number;
  /** Slope at zero. */
  readonly steepest: number;
  /** From its least value to its largest. */
  readonly height: number;
  /** A chord's distance from the curve is about this much times the square of the interval's width. */
  readonly bend: number;
  /** The z ≥ 0 with σ′(z) = slope, σ′(−z) being the same; infinite or NaN, which lie in no interval, where there is none. */
  tangentPoint(slope: number): number;
}

/**
 * Narrower than this, a chord's slope and its derivative lose digits to cancellation, while the midpoint's tangent
 * is as good: radii differ by the cube of the width.
 */
const NARROW = 1e-4;

/** The interval at hand with what every candidate slope needs of it; one object, filled anew for each neuron. */
class Interval {
  lower = 0;
  upper = 0;
  valueLower = 0;
  valueUpper = 0;
  derivativeLower = 0;
  derivativeUpper = 0;

  set(shape: SShape, lower: number, upper: number): void {
    this.lower = lower;
    this.upper = upper;
    this.valueLower = shape.value(lower);
    this.valueUpper = shape.value(upper);
    this.derivativeLower = shape.derivative(lower);
    this.derivativeUpper = shape.derivative(upper);
  }

  get width(): number {
    return this.upper - this.lower;
  }
}

/** Lines around tanh or the sigmoid: shifts taken exactly, at the ends and tangent points of [ℓ, u]. */
function linesOf(shape: SShape): ScalarActivation {
  const on = new Interval();

  /**
   * Meets the least value of σ(z) − slope · z over [ℓ, u] (sign 1, the lower line) or its largest (sign −1, the upper);
   * `tangent` is the point inside where the line may be a tangent.
   */
  function touchExtreme(line: EnclosingLine, tangent: number, sign: 1 | -1): void {
    const slope = line.slope;
    const atLower = sign * (on.valueLower - slope * on.lower);
    const atUpper = sign * (on.valueUpper - slope * on.upper);
    if (tangent > on.lower && tangent < on.upper) {
      const value = shape.value(tangent);
      const height = sign * (value - slope * tangent);
      if (height < atLower && height < atUpper) {
        line.touch(tangent, value, slope, 0, 0);
        return;
      }
    }
    if (atLower <= atUpper) line.touch(on.lower, on.valueLower, on.derivativeLower, 1, 0);
    else line.touch(on.upper, on.valueUpper, on.derivativeUpper, 0, 1);
  }

  function tiltChord(line: EnclosingLine | LinePair): void {
    const width = on.width;
    if (width < NARROW) {
      tiltMiddle(line);
      return;
    }
    const slope = (on.valueUpper - on.valueLower) / width;
    line.tilt(slope, (slope - on.derivativeLower) / width, (on.derivativeUpper - slope) / width);
  }

  /** Returns the midpoint. */
  function tiltMiddle(line: EnclosingLine | LinePair): number {
    const middle = on.lower + on.width / 2;
    const bend = shape.secondDerivative(middle) / 2;
    line.tilt(shape.derivative(middle), bend, bend);
    return middle;
  }

  /** Reads the interval; settles unknown bounds, and unbounded ones: between two horizontal lines. */
  function settled(lower: number, upper: number, out: LinePair): boolean {
    if (Number.isNaN(lower) || Number.isNaN(upper)) {
      out.unknown();
      return true;
    }
    on.set(shape, lower, upper);
    if (on.width < Number.POSITIVE_INFINITY) return false;
    out.lower.fix(0, on.valueLower);
    out.upper.fix(0, on.valueUpper);
    return true;
  }

  /**
   * The chord's slope. The gap between the lines is convex in their slope and, below the chord's, still falling, so the
   * smaller of the end slopes, which is never above the chord's, cannot leave a smaller radius.
   */
  function fillParallel(out: LinePair): void {
    tiltChord(out);
    const tangent = shape.tangentPoint(out.lower.slope);
    touchExtreme(out.lower, -tangent, 1);
    touchExtreme(out.upper, tangent, -1);
  }

  return {
    value: shape.value,
    derivative: shape.derivative,

    parallel(lower, upper, out) {
      if (!settled(lower, upper, out)) fillParallel(out);
    },

    adaptive(lower, upper, out) {
      if (settled(lower, upper, out)) return;
      if (lower < 0 && upper > 0) {
        fillParallel(out);
        return;
      }
      // On one side of zero the function is concave or convex: a chord there, a tangent across.
      const concave = lower >= 0;
      const chord = concave ? out.lower : out.upper;
      const tangent = concave ? out.upper : out.lower;
      tiltChord(chord);
      touchExtreme(chord, Number.NaN, concave ? 1 : -1);
      const middle = tiltMiddle(tangent);
      tangent.touch(middle, shape.value(middle), tangent.slope, 0, 0);
    },
  };
}

/** Narrower intervals are not split: their lines are as good as they get. */
const NOT_SPLIT = 1e-6;

/** Tanh or the sigmoid: the chord's slope (see `linesOf`). Never fixed: it bends everywhere. */
export function sShaped<A extends { readonly kind: string }>(
  shape: SShape,
  operator: string,
): ActivationDefinition<A> {
  const scalar = linesOf(shape);
  return {
    parameters: [],
    fault: NO_FAULT,
    layerFault: NO_FAULT,
    scalar: () => scalar,
    rounding: "approximate",
    state: () => NeuronState.unstable,
    mix: () => ({ kind: "between known" }),
    // At 0, where the curve changes its bend, or in the middle.
    splitPoint(_f, lower, upper) {
      if (!(upper - lower > NOT_SPLIT)) return null;
      const aroundZero = -lower < 4 * upper && upper < -4 * lower;
      return aroundZero ? 0 : (lower + upper) / 2;
    },
    // The chord's distance from the curve, which grows with the square of the width and ends at half the curve's height.
    gap(_f, lower, upper) {
      const width = upper - lower;
      return Math.min(shape.height / 2, width * width * shape.bend);
    },
    onnx: { operator },
  };
}
