// Enclosing lines of an activation over [ℓ, u], neuron by neuron, and their derivatives in ℓ and u: what the reference
// backend does (relaxations.ts, activations/), computed in double. ReLU's parallel lines have loops of their own.

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
struct Enclosure {
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

/// ReLU: slope d = u/(u − ℓ) and lines through 0 and −d·ℓ where the sign is open.
struct ReluLines {
  void parallel(double lower, double upper, Enclosure& out) const {
    if (eitherNaN(lower, upper)) return out.unknown();
    if (upper <= 0) return out.exact(0, 0);
    if (lower >= 0) return out.exact(1, 0);
    const double width = upper - lower;
    if (isUnbounded(width)) return out.unknown();
    const double slope = upper / width;
    out.tilt(slope, slope / width, (1 - slope) / width);
    out.lower.raise(0, 0, 0);
    out.upper.raise(-slope * lower, -slope * slope, (1 - slope) * (1 - slope));
  }

  void adaptive(double lower, double upper, Enclosure& out) const {
    parallel(lower, upper, out);
    if (out.upper.slope != out.upper.slope || lower >= 0 || upper <= 0) return;
    out.lower.fix(upper > -lower ? 1 : 0, 0);
  }
};

/// Leaky ReLU of slope a below zero, convex for a < 1 and concave for a > 1: the chord, and a line through the kink.
struct LeakyReluLines {
  double a;

  void parallel(double lower, double upper, Enclosure& out) const {
    if (eitherNaN(lower, upper)) return out.unknown();
    if (upper <= 0) return out.exact(a, 0);
    if (lower >= 0) return out.exact(1, 0);
    const double width = upper - lower;
    if (isUnbounded(width)) return out.unknown();
    const double t = upper / width;
    const double rest = -lower / width;
    out.tilt(a + (1 - a) * t, ((1 - a) * t) / width, ((1 - a) * rest) / width);
    EnclosingLine& chord = a < 1 ? out.upper : out.lower;
    EnclosingLine& kink = a < 1 ? out.lower : out.upper;
    chord.raise((a - 1) * lower * t, (a - 1) * t * t, (1 - a) * rest * rest);
    kink.raise(0, 0, 0);
  }

  void adaptive(double lower, double upper, Enclosure& out) const {
    parallel(lower, upper, out);
    if (out.upper.slope != out.upper.slope || lower >= 0 || upper <= 0) return;
    EnclosingLine& kink = a < 1 ? out.lower : out.upper;
    kink.fix(upper > -lower ? 1 : a, 0);
  }
};

/// Hardtanh between a and b: a below a, z between, b above b.
struct HardtanhLines {
  double a, b;

  double value(double z) const {
    const double above = z > a ? z : a;
    return above < b ? above : b;
  }

  /// The chord's slope, exactly one end lying within [a, b].
  void tiltChord(double lower, double upper, Enclosure& out) const {
    const double width = upper - lower;
    const double slope = (value(upper) - value(lower)) / width;
    const double atLower = lower < a ? 0 : 1;
    const double atUpper = upper > b ? 0 : 1;
    out.tilt(slope, (slope - atLower) / width, (atUpper - slope) / width);
  }

  /// Both lines at this slope, for ℓ < a and b < u: below by a or u, above by ℓ or b.
  void touchAcross(double lower, double upper, Enclosure& out) const {
    const double slope = out.lower.slope;
    if (a - slope * a <= b - slope * upper) out.lower.touch(a, a, slope, 0, 0);
    else out.lower.touch(upper, b, 0, 0, 1);
    if (b - slope * b >= a - slope * lower) out.upper.touch(b, b, slope, 0, 0);
    else out.upper.touch(lower, a, 0, 1, 0);
  }

  /// Settles what needs no slope between: unknown bounds, both ends on one piece, an unbounded end.
  bool settled(double lower, double upper, Enclosure& out) const {
    if (eitherNaN(lower, upper)) out.unknown();
    else if (upper <= a) out.exact(0, a);
    else if (lower >= b) out.exact(0, b);
    else if (lower >= a && upper <= b) out.exact(1, 0);
    else if (isUnbounded(upper - lower)) {
      out.lower.fix(0, value(lower));
      out.upper.fix(0, value(upper));
    } else return false;
    return true;
  }

  /// The two slopes that leave the smaller gap over an interval that reaches over both ends; see hardtanh.ts.
  void parallelAcross(double lower, double upper, Enclosure& out) const {
    const double rising = (b - a) / (b - lower);
    const double falling = (b - a) / (upper - a);
    out.tilt(rising, rising / (b - lower), 0);
    touchAcross(lower, upper, out);
    const Enclosure first = out;
    out.tilt(falling, 0, -falling / (upper - a));
    touchAcross(lower, upper, out);
    if (!(out.upper.shift - out.lower.shift < first.upper.shift - first.lower.shift)) out = first;
  }

  void parallel(double lower, double upper, Enclosure& out) const {
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
      parallelAcross(lower, upper, out);
    }
  }

  /// Each line by itself, flat or through the far corner, whichever leaves the smaller area.
  void adaptiveAcross(double lower, double upper, Enclosure& out) const {
    const double height = b - a;
    const double belowA = a - lower;
    const double aboveB = upper - b;
    const double rising = height / (b - lower);
    const double risingArea = (height * belowA + rising * aboveB * aboveB) / 2;
    if (risingArea < height * belowA + (height * height) / 2) {
      out.upper.tilt(rising, rising / (b - lower), 0);
      out.upper.touch(b, b, 0, 0, 0);
    } else {
      out.upper.fix(0, b);
    }
    const double falling = height / (upper - a);
    const double fallingArea = (height * aboveB + falling * belowA * belowA) / 2;
    if (fallingArea < height * aboveB + (height * height) / 2) {
      out.lower.tilt(falling, 0, -falling / (upper - a));
      out.lower.touch(a, a, 0, 0, 0);
    } else {
      out.lower.fix(0, a);
    }
  }

  void adaptive(double lower, double upper, Enclosure& out) const {
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
      adaptiveAcross(lower, upper, out);
    }
  }
};

struct TanhShape {
  static constexpr double STEEPEST = 1;

  static double value(double z) { return std::tanh(z); }

  /// 1 − tanh², without the cancellation of that form for large |z|.
  static double derivative(double z) {
    const double decay = std::exp(-2 * std::fabs(z));
    return (4 * decay) / ((1 + decay) * (1 + decay));
  }

  static double secondDerivative(double z) { return -2 * std::tanh(z) * derivative(z); }

  /// artanh √(1 − slope), written so that a tiny slope keeps its digits.
  static double tangentPoint(double slope) { return std::log1p(std::sqrt(1 - slope)) - std::log(slope) / 2; }
};

struct SigmoidShape {
  static constexpr double STEEPEST = 0.25;

  /// With a decaying exponential on either side, so that small values keep their digits.
  static double value(double z) {
    const double decay = std::exp(-std::fabs(z));
    return z < 0 ? decay / (1 + decay) : 1 / (1 + decay);
  }

  static double derivative(double z) {
    const double decay = std::exp(-std::fabs(z));
    return decay / ((1 + decay) * (1 + decay));
  }

  static double secondDerivative(double z) { return -std::tanh(z / 2) * derivative(z); }

  /// The logit of (1 + √(1 − 4·slope))/2, written so that a tiny slope keeps its digits.
  static double tangentPoint(double slope) {
    return 2 * std::log1p(std::sqrt(1 - 4 * slope)) - std::log(4 * slope);
  }
};

/// Lines around tanh or the sigmoid: shifts taken exactly, at the ends and tangent points of [ℓ, u].
template <class Shape>
struct SShapedLines {
  /// Narrower than this, a chord's slope loses digits to cancellation, while the midpoint's tangent is as good.
  static constexpr double NARROW = 1e-4;

  struct Interval {
    double lower, upper, width, valueLower, valueUpper, derivativeLower, derivativeUpper;
  };

  static Interval interval(double lower, double upper) {
    return {lower, upper, upper - lower, Shape::value(lower), Shape::value(upper), Shape::derivative(lower),
            Shape::derivative(upper)};
  }

  /// Meets the least value of σ(z) − slope · z over [ℓ, u] (sign 1, the lower line) or its largest (−1, the upper).
  static void touchExtreme(const Interval& on, EnclosingLine& line, double tangent, double sign) {
    const double slope = line.slope;
    const double atLower = sign * (on.valueLower - slope * on.lower);
    const double atUpper = sign * (on.valueUpper - slope * on.upper);
    if (tangent > on.lower && tangent < on.upper) {
      const double value = Shape::value(tangent);
      const double height = sign * (value - slope * tangent);
      if (height < atLower && height < atUpper) return line.touch(tangent, value, slope, 0, 0);
    }
    if (atLower <= atUpper) line.touch(on.lower, on.valueLower, on.derivativeLower, 1, 0);
    else line.touch(on.upper, on.valueUpper, on.derivativeUpper, 0, 1);
  }

  /// Where σ′ equals the slope, on the concave side; NaN, which lies in no interval, where there is none.
  static double tangentOf(double slope) {
    return slope > 0 && slope < Shape::STEEPEST ? Shape::tangentPoint(slope)
                                                : std::numeric_limits<double>::quiet_NaN();
  }

  /// Returns the midpoint. `Lines` is one line or both.
  template <class Lines>
  static double tiltMiddle(const Interval& on, Lines& lines) {
    const double middle = on.lower + on.width / 2;
    const double bend = Shape::secondDerivative(middle) / 2;
    lines.tilt(Shape::derivative(middle), bend, bend);
    return middle;
  }

  template <class Lines>
  static void tiltChord(const Interval& on, Lines& lines) {
    if (on.width < NARROW) {
      tiltMiddle(on, lines);
      return;
    }
    const double slope = (on.valueUpper - on.valueLower) / on.width;
    lines.tilt(slope, (slope - on.derivativeLower) / on.width, (on.derivativeUpper - slope) / on.width);
  }

  /// Unbounded intervals lie between two horizontal lines.
  static bool settled(const Interval& on, Enclosure& out) {
    if (on.width < std::numeric_limits<double>::infinity()) return false;
    out.lower.fix(0, on.valueLower);
    out.upper.fix(0, on.valueUpper);
    return true;
  }

  static void fillParallel(const Interval& on, Enclosure& out) {
    tiltChord(on, out);
    const double tangent = tangentOf(out.lower.slope);
    touchExtreme(on, out.lower, -tangent, 1);
    touchExtreme(on, out.upper, tangent, -1);
  }

  void parallel(double lower, double upper, Enclosure& out) const {
    if (eitherNaN(lower, upper)) return out.unknown();
    const Interval on = interval(lower, upper);
    if (!settled(on, out)) fillParallel(on, out);
  }

  void adaptive(double lower, double upper, Enclosure& out) const {
    if (eitherNaN(lower, upper)) return out.unknown();
    const Interval on = interval(lower, upper);
    if (settled(on, out)) return;
    if (lower < 0 && upper > 0) return fillParallel(on, out);
    // On one side of zero the function is concave or convex: a chord there, a tangent across.
    const bool concave = lower >= 0;
    EnclosingLine& chord = concave ? out.lower : out.upper;
    EnclosingLine& tangent = concave ? out.upper : out.lower;
    tiltChord(on, chord);
    touchExtreme(on, chord, std::numeric_limits<double>::quiet_NaN(), concave ? 1 : -1);
    const double middle = tiltMiddle(on, tangent);
    tangent.touch(middle, Shape::value(middle), tangent.slope, 0, 0);
  }
};

/// Calls body with the lines of this activation.
template <class Body>
inline void withLines(const Elementwise& f, const Body& body) {
  switch (f.function) {
    case Function::relu: return body(ReluLines{});
    case Function::leakyRelu: return body(LeakyReluLines{f.a});
    case Function::hardtanh: return body(HardtanhLines{f.a, f.b});
    case Function::tanh: return body(SShapedLines<TanhShape>{});
    case Function::sigmoid: return body(SShapedLines<SigmoidShape>{});
    default: return;
  }
}

/// Neurons of a piece: about a tenth of a millisecond with exponentials.
inline constexpr int64_t LINES_GRAIN = 1024;
inline constexpr int64_t RELU_GRAIN = 16384;

/// ReLU's slope where [ℓ, u] is settled without a division: 0, 1, or NaN for unknown bounds and, as yet, open signs.
template <class T>
AUTODUAL_INLINE T settledReluSlope(T lower, T upper) {
  const T unknown = std::numeric_limits<T>::quiet_NaN();
  const T active = lower >= 0 ? T(1) : unknown;
  const T settled = upper <= 0 ? T(0) : active;
  return (lower == lower) & (upper == upper) ? settled : unknown;
}

/// Whether the sign is open and the interval bounded; false for NaN.
template <class T>
AUTODUAL_INLINE bool isOpen(T lower, T upper, T width) {
  return (lower < 0) & (upper > 0) & (width < std::numeric_limits<T>::infinity());
}

// Everything is computed for every neuron and then chosen from, so that the loop has no branch.
template <class T>
void reluParallelLines(Pool& pool, const T* __restrict lower, const T* __restrict upper, int64_t count,
                       T* __restrict slope, T* __restrict shift, T* __restrict radius) {
  inPieces(pool, count, RELU_GRAIN, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
      const T l = lower[i];
      const T u = upper[i];
      const T width = u - l;
      const T chord = u / width;
      const bool open = isOpen(l, u, width);
      const T settled = settledReluSlope(l, u);
      const T half = chord * l * T(-0.5);
      // NaN · 0 keeps what is unknown unknown; settled lines have shift 0.
      const T height = open ? half : settled * T(0);
      slope[i] = open ? chord : settled;
      shift[i] = height;
      radius[i] = height;
    }
  });
}

template <class T>
void reluParallelLinesGradient(Pool& pool, const T* __restrict lower, const T* __restrict upper,
                               const T* __restrict gSlope, const T* __restrict gShift, const T* __restrict gRadius,
                               int64_t count, T* __restrict outLower, T* __restrict outUpper) {
  inPieces(pool, count, RELU_GRAIN, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
      const T l = lower[i];
      const T u = upper[i];
      const T width = u - l;
      const bool open = isOpen(l, u, width);
      const T divisor = open ? width : T(1);
      // d and 1 − d, both 0 where the lines do not move; gradients that are NaN still count there, as NaN · 0.
      const T d = (open ? u : T(0)) / divisor;
      const T rest = (open ? -l : T(0)) / divisor;
      const T high = (gShift[i] + gRadius[i]) * T(0.5);
      const T low = (gShift[i] - gRadius[i]) * T(0.5) * T(0);
      outLower[i] = gSlope[i] * d / divisor - high * d * d + low;
      outUpper[i] = gSlope[i] * rest / divisor + high * rest * rest + low;
    }
  });
}

template <class T>
void parallelLines(Pool& pool, const Elementwise& f, const T* lower, const T* upper, int64_t count, T* slope, T* shift,
                   T* radius) {
  if (f.function == Function::relu) return reluParallelLines(pool, lower, upper, count, slope, shift, radius);
  withLines(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        Enclosure lines;
        activation.parallel(lower[i], upper[i], lines);
        slope[i] = static_cast<T>(lines.lower.slope);
        shift[i] = static_cast<T>((lines.lower.shift + lines.upper.shift) / 2);
        radius[i] = static_cast<T>((lines.upper.shift - lines.lower.shift) / 2);
      }
    });
  });
}

template <class T>
void parallelLinesGradient(Pool& pool, const Elementwise& f, const T* lower, const T* upper, const T* gSlope,
                           const T* gShift, const T* gRadius, int64_t count, T* outLower, T* outUpper) {
  if (f.function == Function::relu) {
    return reluParallelLinesGradient(pool, lower, upper, gSlope, gShift, gRadius, count, outLower, outUpper);
  }
  withLines(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        Enclosure lines;
        activation.parallel(lower[i], upper[i], lines);
        const EnclosingLine& below = lines.lower;
        const EnclosingLine& above = lines.upper;
        const double bySlope = gSlope[i];
        const double byLow = (static_cast<double>(gShift[i]) - gRadius[i]) / 2;
        const double byHigh = (static_cast<double>(gShift[i]) + gRadius[i]) / 2;
        outLower[i] = static_cast<T>(bySlope * below.slopeByLower + byLow * below.shiftByLower +
                                     byHigh * above.shiftByLower);
        outUpper[i] = static_cast<T>(bySlope * below.slopeByUpper + byLow * below.shiftByUpper +
                                     byHigh * above.shiftByUpper);
      }
    });
  });
}

template <class T>
void adaptiveLines(Pool& pool, const Elementwise& f, const T* lower, const T* upper, int64_t count, T* lowerSlope,
                   T* lowerShift, T* upperSlope, T* upperShift) {
  withLines(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        Enclosure lines;
        activation.adaptive(lower[i], upper[i], lines);
        lowerSlope[i] = static_cast<T>(lines.lower.slope);
        lowerShift[i] = static_cast<T>(lines.lower.shift);
        upperSlope[i] = static_cast<T>(lines.upper.slope);
        upperShift[i] = static_cast<T>(lines.upper.shift);
      }
    });
  });
}

template <class T>
void adaptiveLinesGradient(Pool& pool, const Elementwise& f, const T* lower, const T* upper, const T* gLowerSlope,
                           const T* gLowerShift, const T* gUpperSlope, const T* gUpperShift, int64_t count, T* outLower,
                           T* outUpper) {
  withLines(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        Enclosure lines;
        activation.adaptive(lower[i], upper[i], lines);
        const EnclosingLine& below = lines.lower;
        const EnclosingLine& above = lines.upper;
        outLower[i] = static_cast<T>(gLowerSlope[i] * below.slopeByLower + gLowerShift[i] * below.shiftByLower +
                                     gUpperSlope[i] * above.slopeByLower + gUpperShift[i] * above.shiftByLower);
        outUpper[i] = static_cast<T>(gLowerSlope[i] * below.slopeByUpper + gLowerShift[i] * below.shiftByUpper +
                                     gUpperSlope[i] * above.slopeByUpper + gUpperShift[i] * above.shiftByUpper);
      }
    });
  });
}
