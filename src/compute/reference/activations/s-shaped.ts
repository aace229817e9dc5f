import type { EnclosingLine, Enclosure, ScalarActivation } from "./enclosure.js";

/** A smooth increasing function, convex below zero and concave above, whose steepest slope is at zero. */
export interface SShape {
  value(z: number): number;
  derivative(z: number): number;
  secondDerivative(z: number): number;
  /** Slope at zero. */
  readonly steepest: number;
  /** The z > 0 with σ′(z) = slope, for 0 < slope < steepest; σ′(−z) is the same. */
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
export function sShaped(shape: SShape): ScalarActivation {
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

  /** Where σ′ equals the slope, on the concave side; NaN, which lies in no interval, where there is none. */
  function tangentOf(slope: number): number {
    return slope > 0 && slope < shape.steepest ? shape.tangentPoint(slope) : Number.NaN;
  }

  function tiltChord(line: EnclosingLine | Enclosure): void {
    const width = on.width;
    if (width < NARROW) {
      tiltMiddle(line);
      return;
    }
    const slope = (on.valueUpper - on.valueLower) / width;
    line.tilt(slope, (slope - on.derivativeLower) / width, (on.derivativeUpper - slope) / width);
  }

  /** Returns the midpoint. */
  function tiltMiddle(line: EnclosingLine | Enclosure): number {
    const middle = on.lower + on.width / 2;
    const bend = shape.secondDerivative(middle) / 2;
    line.tilt(shape.derivative(middle), bend, bend);
    return middle;
  }

  /** Reads the interval; settles unknown bounds, and unbounded ones: between two horizontal lines. */
  function settled(lower: number, upper: number, out: Enclosure): boolean {
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
  function fillParallel(out: Enclosure): void {
    tiltChord(out);
    const tangent = tangentOf(out.lower.slope);
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
