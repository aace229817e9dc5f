/// The shape of tanh, for SShaped.
struct TanhShape {
  static constexpr double STEEPEST = 1;

  template <class T>
  static T value(T z) {
    return std::tanh(z);
  }

  /// 1 − tanh², without the cancellation of that form for large |z|.
  template <class T>
  static T derivative(T z) {
    const T decay = std::exp(-2 * std::abs(z));
    return (4 * decay) / ((1 + decay) * (1 + decay));
  }

  static double secondDerivative(double z) { return -2 * std::tanh(z) * derivative(z); }

  /// artanh √(1 − slope), written so that a tiny slope keeps its digits.
  static double tangentPoint(double slope) { return std::log1p(std::sqrt(1 - slope)) - std::log(slope) / 2; }
};

using Tanh = SShaped<TanhShape>;
