/// Hardtanh between a and b (Appendix B.4, six cases): a below a, z between, b above b. src/activations/hardtanh.ts has the
/// derivations.
struct Hardtanh {
  double a, b;

  explicit Hardtanh(const Elementwise& f) : a(f.a), b(f.b) {}

  template <class T>
  T value(T z) const {
    const T low = static_cast<T>(a), high = static_cast<T>(b);
    return z < low ? low : z > high ? high : z;
  }

  template <class T>
  T derivative(T z) const {
    return z != z ? z : z > static_cast<T>(a) && z <= static_cast<T>(b) ? T(1) : T(0);
  }

  /// The chord's slope, exactly one end lying within [a, b].
  void tiltChord(double lower, double upper, LinePair& out) const {
    const double width = upper - lower;
    const double slope = (value(upper) - value(lower)) / width;
    const double atLower = lower < a ? 0 : 1;
    const double atUpper = upper > b ? 0 : 1;
    out.tilt(slope, (slope - atLower) / width, (atUpper - slope) / width);
  }

  /// Both lines at this slope, for ℓ < a and b < u: below by a or u, above by ℓ or b.
  void touchAcross(double lower, double upper, LinePair& out) const {
    const double slope = out.lower.slope;
    if (a - slope * a <= b - slope * upper) out.lower.touch(a, a, slope, 0, 0);
    else out.lower.touch(upper, b, 0, 0, 1);
    if (b - slope * b >= a - slope * lower) out.upper.touch(b, b, slope, 0, 0);
    else out.upper.touch(lower, a, 0, 1, 0);
  }

  /// Settles what needs no slope between: unknown bounds, both ends on one piece, an unbounded end.
  bool settled(double lower, double upper, LinePair& out) const {
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
  void parallelAcross(double lower, double upper, LinePair& out) const {
    const double rising = (b - a) / (b - lower);
    const double falling = (b - a) / (upper - a);
    out.tilt(rising, rising / (b - lower), 0);
    touchAcross(lower, upper, out);
    const LinePair first = out;
    out.tilt(falling, 0, -falling / (upper - a));
    touchAcross(lower, upper, out);
    if (!(out.upper.shift - out.lower.shift < first.upper.shift - first.lower.shift)) out = first;
  }

  void parallel(double lower, double upper, LinePair& out) const {
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
  void adaptiveAcross(double lower, double upper, LinePair& out) const {
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

  void adaptive(double lower, double upper, LinePair& out) const {
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
