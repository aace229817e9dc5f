// Operations on each entry by itself.

/// Entries that are worth a thread's while.
constexpr int64_t ENTRY_GRAIN = 32768;

template <class T>
void combine(Pool& pool, T a, const T* x, T b, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = a * x[i] + b * y[i];
  });
}

/// Adds a term's own entries from `begin` on.
template <class T>
AUTODUAL_INLINE void addWeighted(const Weighted<T>& term, int64_t begin, int64_t end, T* sum) {
  const T weight = term.weight;
  const T* x = term.x;
  if (term.absolute) for (int64_t i = begin; i < end; i++) sum[i - begin] += weight * std::abs(x[i]);
  else for (int64_t i = begin; i < end; i++) sum[i - begin] += weight * x[i];
}

/// The same of a term that all features share, or all rows.
template <class T>
AUTODUAL_INLINE void addShared(const Weighted<T>& term, int64_t rows, int64_t begin, int64_t end, T* sum) {
  const T weight = term.weight;
  for (int64_t i = begin; i < end;) {
    const int64_t feature = i / rows, row = i - feature * rows;
    const int64_t stop = (feature + 1) * rows < end ? (feature + 1) * rows : end;
    T* const to = sum + (i - begin);
    const int64_t count = stop - i;
    if (term.sharesRows) {
      const T x = term.x[term.sharesFeatures ? 0 : feature];
      const T all = weight * (term.absolute ? std::abs(x) : x);
      for (int64_t k = 0; k < count; k++) to[k] += all;
    } else {
      const T* x = term.x + row;
      if (term.absolute) for (int64_t k = 0; k < count; k++) to[k] += weight * std::abs(x[k]);
      else for (int64_t k = 0; k < count; k++) to[k] += weight * x[k];
    }
    i = stop;
  }
}

template <class T>
void weightedSum(Pool& pool, const Weighted<T>* terms, int64_t termCount, T constant, int64_t features, int64_t rows, T* out) {
  // Sums of a stretch stay near while its terms come by.
  constexpr int64_t STRETCH = 2048;
  inPieces(pool, features * rows, ENTRY_GRAIN, [=](int64_t first, int64_t last) {
    T sum[STRETCH];
    for (int64_t begin = first; begin < last; begin += STRETCH) {
      const int64_t end = last - begin < STRETCH ? last : begin + STRETCH;
      for (int64_t i = begin; i < end; i++) sum[i - begin] = 0;
      for (int64_t t = 0; t < termCount; t++) {
        if (terms[t].sharesFeatures || terms[t].sharesRows) addShared(terms[t], rows, begin, end, sum);
        else addWeighted(terms[t], begin, end, sum);
      }
      for (int64_t i = begin; i < end; i++) out[i] = sum[i - begin] + constant;
    }
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

template <class T>
void apply(Pool& pool, const Elementwise& f, const T* x, int64_t count, T* out) {
  withFunction(f, [&](const auto function) {
    eachEntry(pool, count, x, out, [function](T z, int64_t) { return function.value(z); });
  });
}

template <class T>
void applyGradient(Pool& pool, const Elementwise& f, const T* x, const T* g, int64_t count, T* out) {
  withFunction(f, [&](const auto function) {
    eachEntry(pool, count, x, out, [function, g](T z, int64_t i) { return function.derivative(z) * g[i]; });
  });
}
