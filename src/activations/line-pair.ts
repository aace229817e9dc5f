/** A line slope · z + shift beside an activation over [ℓ, u], with its derivatives in ℓ and u for the case at hand. */
export class EnclosingLine {
  slope = 0;
  slopeByLower = 0;
  slopeByUpper = 0;
  shift = 0;
  shiftByLower = 0;
  shiftByUpper = 0;

  /** A line that does not depend on ℓ and u. */
  fix(slope: number, shift: number): void {
    this.tilt(slope, 0, 0);
    this.raise(shift, 0, 0);
  }

  /** Sets the slope. */
  tilt(slope: number, byLower: number, byUpper: number): void {
    this.slope = slope;
    this.slopeByLower = byLower;
    this.slopeByUpper = byUpper;
  }

  /** Sets the shift. */
  raise(shift: number, byLower: number, byUpper: number): void {
    this.shift = shift;
    this.shiftByLower = byLower;
    this.shiftByUpper = byUpper;
  }

  /**
   * Moves the line, its slope being set, to meet the activation at z: shift = σ(z) − slope · z. `byLower`, `byUpper`
   * say how z moves with ℓ and u. Where the line is a tangent they do not matter, since σ′(z) = slope there.
   */
  touch(z: number, value: number, derivative: number, byLower: number, byUpper: number): void {
    const excess = derivative - this.slope;
    this.raise(
      value - this.slope * z,
      excess * byLower - z * this.slopeByLower,
      excess * byUpper - z * this.slopeByUpper,
    );
  }
}

/** The two lines of one neuron; scratch that one call fills and the next overwrites. */
export class LinePair {
  readonly lower = new EnclosingLine();
  readonly upper = new EnclosingLine();

  /** Both lines equal: the activation is this line over [ℓ, u]. */
  exact(slope: number, shift: number): void {
    this.lower.fix(slope, shift);
    this.upper.fix(slope, shift);
  }

  /** Nothing is known: NaN everywhere, which no verdict can take for a bound. */
  unknown(): void {
    this.exact(Number.NaN, Number.NaN);
  }

  /** One slope for both lines. */
  tilt(slope: number, byLower: number, byUpper: number): void {
    this.lower.tilt(slope, byLower, byUpper);
    this.upper.tilt(slope, byLower, byUpper);
  }
}
