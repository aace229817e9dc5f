// What the lines of every activation are made of, as in src/activations/line-pair.ts.

/// A line slope · z + shift beside an activation, with its derivatives in ℓ and u for the case at hand.
struct EnclosingLine {
  double slope, slopeByLower, slopeByUpper;
  double shift, shiftByLower, shiftByUpper;

  /// A line that does not depend on ℓ and u.
  void fix(double toSlope, double toShift) {
    tilt(toSlope, 0, 0);
    raise(toShift, 0, 0);
  }

  void tilt(double to, double byLower, double byUpper) {
    slope = to;
    slopeByLower = byLower;
    slopeByUpper = byUpper;
  }

  void raise(double to, double byLower, double byUpper) {
    shift = to;
    shiftByLower = byLower;
    shiftByUpper = byUpper;
  }

  /// Moves the line, its slope being set, to meet the activation at z; byLower, byUpper say how z moves with ℓ and u.
  void touch(double z, double value, double derivative, double byLower, double byUpper) {
    const double excess = derivative - slope;
    raise(value - slope * z, excess * byLower - z * slopeByLower, excess * byUpper - z * slopeByUpper);
  }
};

/// The two lines of one neuron.
struct LinePair {
  EnclosingLine lower, upper;

  /// Both lines equal: the activation is this line over [ℓ, u].
  void exact(double slope, double shift) {
    lower.fix(slope, shift);
    upper.fix(slope, shift);
  }

  /// Nothing is known: NaN everywhere, which no verdict can take for a bound.
  void unknown() {
    exact(std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN());
  }

  void tilt(double slope, double byLower, double byUpper) {
    lower.tilt(slope, byLower, byUpper);
    upper.tilt(slope, byLower, byUpper);
  }
};

inline bool eitherNaN(double x, double y) { return x != x || y != y; }
inline bool isUnbounded(double width) { return width == std::numeric_limits<double>::infinity(); }
