// Operations on each entry by itself.

/// Entries that are worth a thread's while.
constexpr int64_t ENTRY_GRAIN = 32768;

template <class T>
void combine(Pool& pool, T a, const T* x, T b, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = a * x[i] + b * y[i];
  });
}

template <class T>
void scaleBy(Pool& pool, const T* x, T a, T b, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = a * x[i] + b;
  });
}

template <class T>
void multiply(Pool& pool, const T* x, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = x[i] * y[i];
  });
}

/// NaN if either is, unlike the hardware's minimum.
template <class T>
AUTODUAL_INLINE T smaller(T x, T y) {
  return x < y || x != x ? x : y;
}

template <class T>
AUTODUAL_INLINE T larger(T x, T y) {
  return x > y || x != x ? x : y;
}

template <class T>
void minimum(Pool& pool, const T* x, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = smaller(x[i], y[i]);
  });
}

template <class T>
void maximum(Pool& pool, const T* x, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = larger(x[i], y[i]);
  });
}

template <class T>
void minimumGradient(Pool& pool, const T* x, const T* y, const T* g, int64_t count, T* outX, T* outY) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const bool first = x[i] < y[i];
      const T slope = g[i];
      outX[i] = first ? slope : T(0);
      outY[i] = first ? T(0) : slope;
    }
  });
}

template <class T>
void fill(Pool& pool, T value, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = value;
  });
}

template <class T, class Body>
inline void eachEntry(Pool& pool, int64_t count, const T* x, T* out, const Body& body) {
  inPieces(pool, count, ENTRY_GRAIN, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = body(x[i], i);
  });
}

/// 1/(1 + e⁻ᶻ) with a decaying exponential on either side, so that small values keep their digits.
template <class T>
inline T sigmoidValue(T z) {
  const T decay = std::exp(-std::abs(z));
  return z < 0 ? decay / (1 + decay) : 1 / (1 + decay);
}

/// The slope of tanh(steepness · z) / steepness-like curves: 4^… e^… / (1 + e^…)², without cancellation for large |z|.
template <class T>
inline T bellValue(T z, T steepness, T height) {
  const T decay = std::exp(-steepness * std::abs(z));
  return height * decay / ((1 + decay) * (1 + decay));
}

/// −1, 0 or 1; NaN stays NaN.
template <class T>
AUTODUAL_INLINE T signOf(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}

template <class T>
void apply(Pool& pool, const Elementwise& f, const T* x, int64_t count, T* out) {
  const T a = static_cast<T>(f.a), b = static_cast<T>(f.b);
  switch (f.function) {
    case Function::relu: return eachEntry(pool, count, x, out, [](T z, int64_t) { return z < 0 ? T(0) : z; });
    case Function::leakyRelu: return eachEntry(pool, count, x, out, [a](T z, int64_t) { return z > 0 ? z : a * z; });
    case Function::hardtanh:
      return eachEntry(pool, count, x, out, [a, b](T z, int64_t) { return z < a ? a : z > b ? b : z; });
    case Function::tanh: return eachEntry(pool, count, x, out, [](T z, int64_t) { return std::tanh(z); });
    case Function::sigmoid: return eachEntry(pool, count, x, out, [](T z, int64_t) { return sigmoidValue(z); });
    case Function::abs: return eachEntry(pool, count, x, out, [](T z, int64_t) { return std::abs(z); });
    case Function::sign: return eachEntry(pool, count, x, out, [](T z, int64_t) { return signOf(z); });
    case Function::square: return eachEntry(pool, count, x, out, [](T z, int64_t) { return z * z; });
    case Function::sqrt: return eachEntry(pool, count, x, out, [](T z, int64_t) { return std::sqrt(z); });
    case Function::reciprocalSqrt:
      return eachEntry(pool, count, x, out, [a](T z, int64_t) { return 1 / std::sqrt(z + a); });
  }
}

template <class T>
void applyGradient(Pool& pool, const Elementwise& f, const T* x, const T* g, int64_t count, T* out) {
  const T a = static_cast<T>(f.a), b = static_cast<T>(f.b);
  // z ≤ 0 and not simply the rest, so that NaN has no derivative.
  switch (f.function) {
    case Function::relu:
      return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return (z > 0 ? T(1) : z <= 0 ? T(0) : z) * g[i]; });
    case Function::leakyRelu:
      return eachEntry(pool, count, x, out, [a, g](T z, int64_t i) { return (z > 0 ? T(1) : z <= 0 ? a : z) * g[i]; });
    case Function::hardtanh:
      return eachEntry(pool, count, x, out, [a, b, g](T z, int64_t i) {
        return (z != z ? z : z > a && z <= b ? T(1) : T(0)) * g[i];
      });
    case Function::tanh:
      return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return bellValue(z, T(2), T(4)) * g[i]; });
    case Function::sigmoid:
      return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return bellValue(z, T(1), T(1)) * g[i]; });
    case Function::abs: return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return signOf(z) * g[i]; });
    case Function::sign: return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return 0 * signOf(z) * g[i]; });
    case Function::square: return eachEntry(pool, count, x, out, [g](T z, int64_t i) { return 2 * z * g[i]; });
    case Function::sqrt:
      return eachEntry(pool, count, x, out, [g](T z, int64_t i) {
        return (z == 0 ? T(0) : T(0.5) / std::sqrt(z)) * g[i];
      });
    case Function::reciprocalSqrt:
      return eachEntry(pool, count, x, out, [a, g](T z, int64_t i) {
        return T(-0.5) / ((z + a) * std::sqrt(z + a)) * g[i];
      });
  }
}
