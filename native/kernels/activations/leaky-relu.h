/// Leaky ReLU of slope a below zero, convex for a < 1 and concave for a > 1: the chord, and a line through the kink.
struct LeakyRelu {
  double a;

  explicit LeakyRelu(const Elementwise& f) : a(f.a) {}

  template <class T>
  T value(T z) const {
    return z > 0 ? z : static_cast<T>(a) * z;
  }

  template <class T>
  T derivative(T z) const {
    return z > 0 ? T(1) : z <= 0 ? static_cast<T>(a) : z;
  }

  void parallel(double lower, double upper, LinePair& out) const {
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

  void adaptive(double lower, double upper, LinePair& out) const {
    parallel(lower, upper, out);
    if (out.upper.slope != out.upper.slope || lower >= 0 || upper <= 0) return;
    EnclosingLine& kink = a < 1 ? out.lower : out.upper;
    kink.fix(upper > -lower ? 1 : a, 0);
  }
};
