// Enclosing lines of an activation over [ℓ, u], neuron by neuron, and their derivatives in ℓ and u: what the reference
// backend does (src/compute/portable/relaxations.ts), computed in double. ReLU's parallel lines have loops of their own (relu-lines.h).

/// Neurons of a piece: about a tenth of a millisecond with exponentials.
inline constexpr int64_t LINES_GRAIN = 1024;

template <class T>
void parallelLines(Pool& pool, const Elementwise& f, const T* lower, const T* upper, int64_t count, T* slope, T* shift,
                   T* radius) {
  if (f.function == Function::relu) return reluParallelLines(pool, lower, upper, count, slope, shift, radius);
  withActivation(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        LinePair lines;
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
  withActivation(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        LinePair lines;
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
  withActivation(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        LinePair lines;
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
  withActivation(f, [&](const auto& activation) {
    inPieces(pool, count, LINES_GRAIN, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        LinePair lines;
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
