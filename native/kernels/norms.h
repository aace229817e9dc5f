// Sums along features with weights by owner, and along the rows of an owner: the dual norms of equation 8 at the input, and
// widths from generators.

template <class T>
AUTODUAL_INLINE Vec<T> absLanes(Vec<T> x) {
  typedef typename IndexOf<T>::type Int;
  typedef Int Bits __attribute__((vector_size(AUTODUAL_VECTOR_BYTES)));
  constexpr Int ALL_BUT_SIGN = sizeof(T) == 8 ? static_cast<Int>(0x7fffffffffffffff) : static_cast<Int>(0x7fffffff);
  return (Vec<T>)((Bits)x & (Bits{} + ALL_BUT_SIGN));
}

/// y with the sign of x, 0 where x is 0, NaN where x is.
template <class T>
AUTODUAL_INLINE Vec<T> signedBy(Vec<T> x, Vec<T> y) {
  const Vec<T> zero{};
  return x > zero ? y : x < zero ? -y : x * y;
}

/// The larger of both, NaN if either is.
template <class T>
AUTODUAL_INLINE Vec<T> largerLanes(Vec<T> total, Vec<T> term) {
  return ((term > total) | (term != term)) ? term : total;
}

/// What is summed: `add` takes one more entry into a total, `join` two totals, `finish` turns a total into the result.
struct SumOfProducts {
  template <class T>
  AUTODUAL_MEMBER static Vec<T> add(Vec<T> total, Vec<T> weight, Vec<T> x) { return total + weight * x; }
  template <class T>
  static T join(T a, T b) { return a + b; }
  template <class T>
  static T finish(T total) { return total; }
};

struct SumOfMagnitudes : SumOfProducts {
  template <class T>
  AUTODUAL_MEMBER static Vec<T> add(Vec<T> total, Vec<T> weight, Vec<T> x) { return total + weight * absLanes<T>(x); }
};

struct RootOfSquares : SumOfProducts {
  template <class T>
  AUTODUAL_MEMBER static Vec<T> add(Vec<T> total, Vec<T> weight, Vec<T> x) {
    const Vec<T> term = weight * x;
    return total + term * term;
  }
  template <class T>
  static T finish(T total) { return std::sqrt(total); }
};

struct LargestMagnitude : SumOfProducts {
  template <class T>
  AUTODUAL_MEMBER static Vec<T> add(Vec<T> total, Vec<T> weight, Vec<T> x) {
    return largerLanes<T>(total, absLanes<T>(weight * x));
  }
  template <class T>
  static T join(T a, T b) { return b > a || b != b ? b : a; }
};

/// Features whose terms are summed before they are added to the others': fixes the order of additions.
constexpr int64_t NORM_FEATURES = 512;
/// Rows of a piece at most: their sums fit into a corner of the first-level cache.
constexpr int64_t NORM_ROWS = 512;

/// out[row] = Σ_f of weight and x, as Sum says, and, where there is a slope, outX = slope ⊙ x.
template <class Sum, class T>
void sumFeatures(Pool& pool, const T* x, int64_t f, int64_t rows, const T* slope, const T* weight, const Owners& owners,
                 T* outX, T* out) {
  const int64_t columns = owners.columns, entries = f * columns;
  const int64_t chunks = (f + NORM_FEATURES - 1) / NORM_FEATURES;
  const size_t sumBytes = alignedBytes(static_cast<size_t>(chunks * rows) * sizeof(T));
  char* memory = static_cast<char*>(pool.scratch(0, sumBytes + Spread<T>::bytesFor(rows)));
  T* partial = reinterpret_cast<T*>(memory);
  const Spread<T> spread(owners, rows, memory + sumBytes);
  int64_t width = (rows / pool.threads() + LANES<T>) / LANES<T> * LANES<T>;
  width = width < 64 ? 64 : width > NORM_ROWS ? NORM_ROWS : width;
  const int64_t blocks = (rows + width - 1) / width;
  forEach(pool, blocks * chunks, [&](int64_t item, int) {
    const int64_t firstRow = item % blocks * width, chunk = item / blocks;
    const int64_t count = rows - firstRow < width ? rows - firstRow : width;
    const int64_t first = chunk * NORM_FEATURES, end = first + NORM_FEATURES < f ? first + NORM_FEATURES : f;
    alignas(64) T totals[NORM_ROWS] = {};
    for (int64_t feature = first; feature < end; feature++) {
      const T* from = x + feature * rows + firstRow;
      const T* weights = weight + feature * columns;
      if (slope == nullptr) {
        for (int64_t r = 0; r < count; r += LANES<T>) {
          const Vec<T> by = spread.at(weights, weight + entries, firstRow + r, count - r);
          store(totals + r, Sum::template add<T>(load(totals + r), by, loadUpTo(from + r, count - r)));
        }
        continue;
      }
      const T* slopes = slope + feature * columns;
      T* to = outX + feature * rows + firstRow;
      for (int64_t r = 0; r < count; r += LANES<T>) {
        const Vec<T> value = loadUpTo(from + r, count - r);
        const Vec<T> by = spread.at(weights, weight + entries, firstRow + r, count - r);
        storeUpTo(to + r, Vec<T>(spread.at(slopes, slope + entries, firstRow + r, count - r) * value), count - r);
        store(totals + r, Sum::template add<T>(load(totals + r), by, value));
      }
    }
    __builtin_memcpy(partial + chunk * rows + firstRow, totals, static_cast<size_t>(count) * sizeof(T));
  });
  for (int64_t r = 0; r < rows; r++) {
    T total = 0;
    for (int64_t chunk = 0; chunk < chunks; chunk++) total = Sum::join(total, partial[chunk * rows + r]);
    out[r] = Sum::finish(total);
  }
}

template <class T>
void dot(Pool& pool, const T* x, int64_t f, int64_t rows, const T* weight, const Owners& owners, T* out) {
  sumFeatures<SumOfProducts>(pool, x, f, rows, static_cast<const T*>(nullptr), weight, owners,
                             static_cast<T*>(nullptr), out);
}

template <class T>
void norm(Pool& pool, const T* x, int64_t f, int64_t rows, const T* weight, const Owners& owners, Order order, T* out) {
  const T* none = nullptr;
  T* noOut = nullptr;
  switch (order) {
    case Order::one: return sumFeatures<SumOfMagnitudes>(pool, x, f, rows, none, weight, owners, noOut, out);
    case Order::two: return sumFeatures<RootOfSquares>(pool, x, f, rows, none, weight, owners, noOut, out);
    case Order::infinity: return sumFeatures<LargestMagnitude>(pool, x, f, rows, none, weight, owners, noOut, out);
  }
}

/// The first feature of the largest |w x| of each row, as a number; −1 where all are 0. A NaN is the largest.
template <class T>
void largestFeatures(Pool& pool, const T* x, int64_t f, int64_t rows, const T* weight, const Owners& owners, T* which) {
  inPieces(pool, rows, 256, [&](int64_t begin, int64_t end) {
    T largest[256] = {};
    for (int64_t r = begin; r < end; r++) which[r] = -1;
    for (int64_t feature = 0; feature < f; feature++) {
      for (int64_t r = begin; r < end; r++) {
        const T term = std::abs(weight[feature * owners.columns + ownerOf(owners, r)] * x[feature * rows + r]);
        const bool first = term > largest[r - begin] || (term != term && largest[r - begin] == largest[r - begin]);
        largest[r - begin] = first ? term : largest[r - begin];
        which[r] = first ? static_cast<T>(feature) : which[r];
      }
    }
  });
}

template <class T>
void normGradient(Pool& pool, const T* x, int64_t f, int64_t rows, const T* weight, const T* value, const T* g,
                  const Owners& owners, Order order, T* outX, T* outWeight) {
  const int64_t columns = owners.columns;
  const T* end = weight + f * columns;
  const Vec<T> zero{};
  if (order != Order::infinity) {
    byFeature<T, 1>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
      for (int64_t r = 0; r < rows; r += LANES<T>) {
        const int64_t left = rows - r, at = feature * rows + r;
        const Vec<T> entry = loadUpTo(x + at, left), scale = loadUpTo(g + r, left);
        const Vec<T> w = spread.at(weight + feature * columns, end, r, left);
        Vec<T> byX, byWeight;
        if (order == Order::one) {
          byX = signedBy<T>(entry, w * scale);
          byWeight = absLanes<T>(entry) * scale;
        } else {
          const Vec<T> norms = loadUpTo(value + r, left);
          const Vec<T> share = norms == zero ? zero : w * entry * scale / norms;
          byX = w * share;
          byWeight = entry * share;
        }
        storeUpTo(outX + at, byX, left);
        storeUpTo(lines[0] + r, byWeight, left);
      }
      sumByOwner(lines[0], rows, owners, outWeight + feature * columns);
    });
    return;
  }
  // Which feature is the largest is kept where the first feature's derivative will be, the last to be written.
  T* which = outX;
  if (f == 0) return;
  largestFeatures(pool, x, f, rows, weight, owners, which);
  const auto derivative = [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
    const Vec<T> own = broadcast(static_cast<T>(feature));
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r, at = feature * rows + r;
      const Vec<T> entry = loadUpTo(x + at, left), scale = loadUpTo(g + r, left);
      const Vec<T> w = spread.at(weight + feature * columns, end, r, left);
      const auto chosen = loadUpTo<T>(which + r, left) == own;
      storeUpTo(lines[0] + r, Vec<T>(chosen ? signedBy<T>(w, absLanes<T>(entry) * scale) : zero), left);
      storeUpTo(outX + at, Vec<T>(chosen ? signedBy<T>(entry, absLanes<T>(w) * scale) : zero), left);
    }
    sumByOwner(lines[0], rows, owners, outWeight + feature * columns);
  };
  byFeature<T, 1>(pool, f - 1, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
    derivative(feature + 1, spread, lines);
  });
  byFeature<T, 1>(pool, 1, rows, owners, derivative);
}

/// out[c] = max |line[r]| over the rows of column c.
template <class T>
inline void largestByOwner(const T* line, int64_t rows, const Owners& owners, T* out) {
  for (int64_t c = 0; c < owners.columns; c++) out[c] = 0;
  for (int64_t r = 0; r < rows; r++) {
    T& largest = out[ownerOf(owners, r)];
    largest = LargestMagnitude::join(largest, std::abs(line[r]));
  }
}

template <class T>
void normRows(Pool& pool, const T* x, int64_t f, int64_t rows, const Owners& owners, Order order, T* out) {
  const int64_t columns = owners.columns;
  byFeature<T, 1>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>&, T* const* lines) {
    const T* from = x + feature * rows;
    T* to = out + feature * columns;
    if (order == Order::infinity) return largestByOwner(from, rows, owners, to);
    if (order == Order::one) {
      for (int64_t r = 0; r < rows; r++) lines[0][r] = std::abs(from[r]);
    } else {
      for (int64_t r = 0; r < rows; r++) lines[0][r] = from[r] * from[r];
    }
    sumByOwner(lines[0], rows, owners, to);
    if (order == Order::two) {
      for (int64_t c = 0; c < columns; c++) to[c] = std::sqrt(to[c]);
    }
  });
}

/// g·sign(x) at the first row of each column that holds the largest |x|, 0 elsewhere. `first` has room for a table of
/// rows as T can number them.
template <class T>
inline void firstLargest(const T* x, const T* g, int64_t rows, const Owners& owners, T* out) {
  for (int64_t r = 0; r < rows; r++) out[r] = 0;
  // Rows of a column follow each other where there is a `begin`; otherwise the columns are looked for one by one.
  for (int64_t c = 0; c < owners.columns; c++) {
    const bool runs = owners.kind == Owners::Kind::indexed && owners.begin != nullptr;
    const bool own = owners.kind == Owners::Kind::own;
    const int64_t begin = runs ? owners.begin[c] : own ? c : 0;
    const int64_t end = runs ? owners.begin[c + 1] : own ? c + 1 : rows;
    T largest = 0;
    int64_t which = -1;
    for (int64_t r = begin; r < end; r++) {
      if (ownerOf(owners, r) != c) continue;
      const T term = std::abs(x[r]);
      if (term > largest || (term != term && largest == largest)) {
        largest = term;
        which = r;
      }
    }
    if (which >= 0) out[which] = x[which] > 0 ? g[c] : x[which] < 0 ? -g[c] : x[which] * g[c];
  }
}

template <class T>
void normRowsGradient(Pool& pool, const T* x, int64_t f, int64_t rows, const T* value, const T* g, const Owners& owners,
                      Order order, T* outX) {
  const int64_t columns = owners.columns;
  const Vec<T> zero{};
  byFeature<T, 0>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const*) {
    const T* scales = g + feature * columns;
    const T* from = x + feature * rows;
    T* to = outX + feature * rows;
    if (order == Order::infinity) return firstLargest(from, scales, rows, owners, to);
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r;
      const Vec<T> entry = loadUpTo(from + r, left);
      const Vec<T> scale = spread.at(scales, g + f * columns, r, left);
      if (order == Order::one) {
        storeUpTo(to + r, signedBy<T>(entry, scale), left);
        continue;
      }
      const Vec<T> norms = spread.at(value + feature * columns, value + f * columns, r, left);
      storeUpTo(to + r, Vec<T>(norms == zero ? zero : entry / norms * scale), left);
    }
  });
}
