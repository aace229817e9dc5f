// Rows of ν that are in work, how they begin, and how steps go along their features.

/// Rows that are in work: `[features, stride]`, the first `count` of which count; `padded` of them are whole vectors.
template <class T>
struct BackwardRows {
  T* nu;
  T* spare;
  /// Waiting rows, and how many features they have.
  T** slots;
  int64_t* slotFeatures;
  /// What was added to the radius and to the centre, and two lines of sums on their way there.
  T* totals;
  T* centres;
  T* sums[2];
  LanePlaces<T>* lanes;
  int64_t features, stride, first, count, padded;
};

/// Vectors of rows that go along the features together, their sums in registers.
constexpr int64_t ALONG = TILE_VECTORS;

/// Calls body(value, coefficients, sums) for the vectors of some rows, feature after feature. A sum along the features of one
/// step is added to a total once: what rounding may make of the total grows with the widest layer, not with all of them.
template <class T, int VECTORS, int COUNT, int SUMS, bool STORES, bool NEAR, class Body>
void alongSome(const Coefficients<T>& c, const BackwardRows<T>& rows, int64_t from, const Body& body) {
  typedef typename LanePlaces<T>::Lanes Lanes;
  const LanePlaces<T>* places = rows.lanes + from / LANES<T>;
  Vec<T> sums[VECTORS][SUMS > 0 ? SUMS : 1] = {};
  for (int64_t f = 0; f < rows.features; f++) {
    T* nu = rows.nu + f * rows.stride + from;
    const int64_t line = c.line == nullptr ? f * c.columns : c.line[f];
#pragma GCC unroll 3
    for (int v = 0; v < VECTORS; v++) {
      Vec<T> own[COUNT];
#pragma GCC unroll 4
      for (int k = 0; k < COUNT; k++) {
        if constexpr (NEAR) {
          const Lanes lanes = *reinterpret_cast<const Lanes*>(places[v].lane);
          own[k] = __builtin_shuffle(load(c.from[k] + line + places[v].least), lanes);
        } else {
          own[k] = readLanes(c.from[k] + line, places[v]);
        }
      }
      const Vec<T> value = body(Vec<T>(load(nu + v * LANES<T>)), own, sums[v]);
      if constexpr (STORES) store(nu + v * LANES<T>, value);
    }
  }
  for (int v = 0; v < VECTORS; v++) {
    for (int s = 0; s < SUMS; s++) store(rows.sums[s] + from + v * LANES<T>, sums[v][s]);
  }
}

/// The same for all rows; sums are at `rows.sums`.
template <class T, int COUNT, int SUMS, bool STORES, class Body>
void along(const Coefficients<T>& c, const BackwardRows<T>& rows, const Body& body) {
  placeLanes(c, rows.first, rows.count, rows.padded, rows.lanes);
  const int64_t vectors = rows.padded / LANES<T>;
  for (int64_t v = 0; v < vectors; v += ALONG) {
    bool near = true;
    for (int64_t i = v; i < vectors && i < v + ALONG; i++) near &= rows.lanes[i].loads == 1;
    if (near && v + ALONG <= vectors) {
      alongSome<T, ALONG, COUNT, SUMS, STORES, true>(c, rows, v * LANES<T>, body);
      continue;
    }
    for (int64_t i = v; i < vectors && i < v + ALONG; i++) {
      if (rows.lanes[i].loads == 1) alongSome<T, 1, COUNT, SUMS, STORES, true>(c, rows, i * LANES<T>, body);
      else alongSome<T, 1, COUNT, SUMS, STORES, false>(c, rows, i * LANES<T>, body);
    }
  }
}

template <class T>
void addSums(const BackwardRows<T>& rows, const T* sums, T* totals) {
  for (int64_t r = 0; r < rows.padded; r += LANES<T>) store(totals + r, Vec<T>(load(totals + r) + load(sums + r)));
}

template <class T>
void startWithRows(const T* nu, int64_t allRows, const BackwardRows<T>& rows) {
  for (int64_t f = 0; f < rows.features; f++) {
    T* to = rows.nu + f * rows.stride;
    __builtin_memcpy(to, nu + f * allRows + rows.first, static_cast<size_t>(rows.count) * sizeof(T));
    for (int64_t r = rows.count; r < rows.padded; r++) to[r] = 0;
  }
}

/// Row r starts as line index[r] of the matrix: squares of LANES lines and features are transposed in registers.
template <class T>
void startWithLines(const T* matrix, const int32_t* index, const BackwardRows<T>& rows) {
  const int64_t features = rows.features;
  for (int64_t r = 0; r < rows.padded; r += LANES<T>) {
    const T* from[LANES<T>];
    for (int64_t i = 0; i < LANES<T>; i++) {
      const int64_t row = r + i < rows.count ? r + i : rows.count - 1;
      from[i] = matrix + static_cast<int64_t>(index[rows.first + row]) * features;
    }
    for (int64_t f = 0; f < features; f += LANES<T>) {
      Vec<T> square[LANES<T>];
#pragma GCC unroll 16
      for (int i = 0; i < LANES<T>; i++) square[i] = loadUpTo(from[i] + f, features - f);
      transposeSquare<T, LANES<T> / 2>(square);
      const int64_t here = features - f < LANES<T> ? features - f : LANES<T>;
      for (int64_t i = 0; i < here; i++) store(rows.nu + (f + i) * rows.stride + r, square[i]);
    }
  }
}
