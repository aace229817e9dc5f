/// Tanh or the sigmoid: lines whose shifts are taken exactly, at the ends and tangent points of [ℓ, u]. A shape has the
/// function, its first two derivatives, its steepest slope, and where on the concave side a slope is met.
template <class Shape>
struct SShaped {
  explicit SShaped(const Elementwise&) {}

  template <class T>
  T value(T z) const {
    return Shape::value(z);
  }

  template <class T>
  T derivative(T z) const {
    return Shape::derivative(z);
  }

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
  static bool settled(const Interval& on, LinePair& out) {
    if (on.width < std::numeric_limits<double>::infinity()) return false;
    out.lower.fix(0, on.valueLower);
    out.upper.fix(0, on.valueUpper);
    return true;
  }

  static void fillParallel(const Interval& on, LinePair& out) {
    tiltChord(on, out);
    const double tangent = tangentOf(out.lower.slope);
    touchExtreme(on, out.lower, -tangent, 1);
    touchExtreme(on, out.upper, tangent, -1);
  }

  void parallel(double lower, double upper, LinePair& out) const {
    if (eitherNaN(lower, upper)) return out.unknown();
    const Interval on = interval(lower, upper);
    if (!settled(on, out)) fillParallel(on, out);
  }

  void adaptive(double lower, double upper, LinePair& out) const {
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
