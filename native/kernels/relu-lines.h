// ReLU's parallel lines (Corollary 2: d = u/(u − ℓ), m = ρ = −dℓ/2 where the neuron is unstable) and their derivatives, a
// whole tensor in a loop without branches.

/// Neurons of a piece.
inline constexpr int64_t RELU_GRAIN = 16384;

/// ReLU's slope where [ℓ, u] is settled without a division: 0, 1, or NaN for unknown bounds and, as yet, unstable neurons.
template <class T>
AUTODUAL_INLINE T settledReluSlope(T lower, T upper) {
  const T unknown = std::numeric_limits<T>::quiet_NaN();
  const T active = lower >= 0 ? T(1) : unknown;
  const T settled = upper <= 0 ? T(0) : active;
  return (lower == lower) & (upper == upper) ? settled : unknown;
}

/// Whether the neuron is unstable and the interval bounded; false for NaN.
template <class T>
AUTODUAL_INLINE bool isUnstable(T lower, T upper, T width) {
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
      const bool unstable = isUnstable(l, u, width);
      const T settled = settledReluSlope(l, u);
      const T half = chord * l * T(-0.5);
      // NaN · 0 keeps what is unknown unknown; settled lines have shift 0.
      const T height = unstable ? half : settled * T(0);
      slope[i] = unstable ? chord : settled;
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
      const bool unstable = isUnstable(l, u, width);
      const T divisor = unstable ? width : T(1);
      // d and 1 − d, both 0 where the lines do not move; gradients that are NaN still count there, as NaN · 0.
      const T d = (unstable ? u : T(0)) / divisor;
      const T rest = (unstable ? -l : T(0)) / divisor;
      const T high = (gShift[i] + gRadius[i]) * T(0.5);
      const T low = (gShift[i] - gRadius[i]) * T(0.5) * T(0);
      outLower[i] = gSlope[i] * d / divisor - high * d * d + low;
      outUpper[i] = gSlope[i] * rest / divisor + high * rest * rest + low;
    }
  });
}
