// Operations on each entry by itself.

/// Entries that are worth a thread's while.
constexpr int64_t ENTRY_GRAIN = 32768;

template <class T>
void combine(Pool& pool, T a, const T* x, T b, const T* y, int64_t count, T* out) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) out[i] = a * x[i] + b * y[i];
  });
}

/// Where a term's entries lie for those from `at` on, of this feature and row.
template <class T>
AUTODUAL_INLINE int64_t placeOf(const Weighted<T>& term, int64_t at, int64_t feature, int64_t row) {
  if (term.sharesFeatures) return term.sharesRows ? 0 : row;
  return term.sharesRows ? feature : at;
}

/// N vectors of the sum from `at` on, of one feature's rows where terms are shared; `left` entries of the last one.
template <class T, int N>
AUTODUAL_INLINE void sumTerms(const Weighted<T>* terms, int64_t termCount, T constant, const T* where, int64_t at, int64_t feature,
                              int64_t row, int64_t left, T* out) {
  constexpr int L = LANES<T>;
  Vec<T> sum[N] = {};
  for (int64_t t = 0; t < termCount; t++) {
    const Weighted<T>& term = terms[t];
    const int64_t place = placeOf(term, at, feature, row);
    const Vec<T> weight = broadcast(term.weight);
    for (int k = 0; k < N; k++) {
      const int64_t own = left - k * L;
      Vec<T> x = term.sharesRows ? broadcast(term.x[place]) : loadUpTo(term.x + place + k * L, own);
      if (term.absolute) x = absLanes<T>(x);
      // A small weight comes last: what underflows is lost once, at the end.
      if (term.by != nullptr) x *= term.sharesRows ? broadcast(term.by[place]) : loadUpTo(term.by + place + k * L, own);
      sum[k] += weight * x;
    }
  }
  for (int k = 0; k < N; k++) {
    const int64_t own = left - k * L;
    Vec<T> all = sum[k] + broadcast(constant);
    if (where != nullptr) all = loadUpTo(where + at + k * L, own) <= Vec<T>{} ? Vec<T>{} : all;
    storeUpTo(out + at + k * L, all, own);
  }
}

template <class T>
void weightedSum(Pool& pool, const Weighted<T>* terms, int64_t termCount, T constant, const T* where, int64_t features, int64_t rows, T* out) {
  constexpr int L = LANES<T>, N = 4;
  bool shares = false;
  for (int64_t t = 0; t < termCount; t++) shares = shares || terms[t].sharesFeatures || terms[t].sharesRows;
  // Where none is shared, all entries lie in one line.
  const int64_t line = shares ? rows : features * rows;
  inPieces(pool, features * rows, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t feature = at / line, lineEnd = (feature + 1) * line, stop = lineEnd < end ? lineEnd : end;
      for (; at + N * L <= stop; at += N * L) {
        sumTerms<T, N>(terms, termCount, constant, where, at, feature, at - feature * line, N * L, out);
      }
      if (at < stop) {
        const int64_t left = stop - at, row = at - feature * line;
        if (left > 3 * L) sumTerms<T, 4>(terms, termCount, constant, where, at, feature, row, left, out);
        else if (left > 2 * L) sumTerms<T, 3>(terms, termCount, constant, where, at, feature, row, left, out);
        else if (left > L) sumTerms<T, 2>(terms, termCount, constant, where, at, feature, row, left, out);
        else sumTerms<T, 1>(terms, termCount, constant, where, at, feature, row, left, out);
      }
      at = stop;
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
