/// ReLU (Corollary 2), a neuron at a time (whole tensors: ../relu-lines.h): slope d = u/(u − ℓ) and lines through 0 and −d·ℓ
/// where the neuron is unstable.
struct Relu {
  explicit Relu(const Elementwise&) {}

  template <class T>
  T value(T z) const {
    return z < 0 ? T(0) : z;
  }

  /// z ≤ 0 and not simply the rest, so that NaN has no derivative.
  template <class T>
  T derivative(T z) const {
    return z > 0 ? T(1) : z <= 0 ? T(0) : z;
  }

  void parallel(double lower, double upper, LinePair& out) const {
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

  void adaptive(double lower, double upper, LinePair& out) const {
    parallel(lower, upper, out);
    if (out.upper.slope != out.upper.slope || lower >= 0 || upper <= 0) return;
    out.lower.fix(upper > -lower ? 1 : 0, 0);
  }
};
