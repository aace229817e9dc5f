/// The shape of the sigmoid, for SShaped.
struct SigmoidShape {
  static constexpr double STEEPEST = 0.25;

  /// With a decaying exponential on either side, so that small values keep their digits.
  template <class T>
  static T value(T z) {
    const T decay = std::exp(-std::abs(z));
    return z < 0 ? decay / (1 + decay) : 1 / (1 + decay);
  }

  template <class T>
  static T derivative(T z) {
    const T decay = std::exp(-std::abs(z));
    return decay / ((1 + decay) * (1 + decay));
  }

  static double secondDerivative(double z) { return -std::tanh(z / 2) * derivative(z); }

  /// The logit of (1 + √(1 − 4·slope))/2, written so that a tiny slope keeps its digits.
  static double tangentPoint(double slope) {
    return 2 * std::log1p(std::sqrt(1 - 4 * slope)) - std::log(4 * slope);
  }
};

using Sigmoid = SShaped<SigmoidShape>;
