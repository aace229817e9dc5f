// ν backwards through a chain of layers (equation 8: ν ← d ⊙ ν and Aᵀν, with Σρ|ν| on the way), blocks of rows one after the other: what a block holds on its way stays in a
// second-level cache, and nothing of it is kept.

/// What the features of a block of rows may take.
constexpr int64_t BACKWARD_BYTES = 640 << 10;
/// Register tiles of rows in a block at most.
constexpr int64_t BACKWARD_TILES = 8;

/// Rows of a chain that are in work: `[features, stride]`, the first `count` of which count.
template <class T>
struct BackwardRows {
  T* nu;
  T* spare;
  T* totals;
  void* spreadMemory;
  int64_t features, stride, first, count;
};

/// The owners of the rows in work, and where their coefficients begin.
template <class T>
struct BackwardCoefficients {
  Spread<T> spread;
  const T *from, *end;
  int64_t columns;

  BackwardCoefficients(const T* x, const Owners& owners, const BackwardRows<T>& rows)
      : spread(ownersFrom(owners, rows.first), rows.count, rows.spreadMemory),
        from(x + (owners.kind == Owners::Kind::own ? rows.first : 0)),
        end(x + rows.features * owners.columns),
        columns(owners.columns) {}

  static Owners ownersFrom(const Owners& owners, int64_t first) {
    const int32_t* column = owners.kind == Owners::Kind::indexed ? owners.column + first : nullptr;
    return {owners.kind, owners.columns, column, nullptr};
  }
  const T* line(int64_t feature) const { return from + feature * columns; }
};

/// Calls body(row, left, feature's line of coefficients) for every vector of every feature.
template <class T, class Body>
AUTODUAL_INLINE void eachVector(const BackwardRows<T>& rows, const Body& body) {
  for (int64_t f = 0; f < rows.features; f++) {
    T* line = rows.nu + f * rows.stride;
    for (int64_t r = 0; r < rows.count; r += LANES<T>) body(f, r, rows.count - r, line + r);
  }
}

template <class T>
void startWithRows(const T* nu, int64_t allRows, const BackwardRows<T>& rows, int64_t padded) {
  for (int64_t f = 0; f < rows.features; f++) {
    T* to = rows.nu + f * rows.stride;
    __builtin_memcpy(to, nu + f * allRows + rows.first, static_cast<size_t>(rows.count) * sizeof(T));
    for (int64_t r = rows.count; r < padded; r++) to[r] = 0;
  }
}

/// Row r starts as line index[r] of the matrix: squares of LANES lines and features are transposed in registers.
template <class T>
void startWithLines(const T* matrix, const int32_t* index, const BackwardRows<T>& rows, int64_t padded) {
  const int64_t features = rows.features;
  for (int64_t r = 0; r < padded; r += LANES<T>) {
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

template <class T>
void encloseBlock(const BackwardStep<T>& step, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> slopes(step.first, step.owners, rows);
  const T* const radii = step.second + (slopes.from - step.first);
  const T* const radiiEnd = step.second + (slopes.end - step.first);
  // A sum of its own, added once: what rounding may make of the total grows with the widest layer, not with all of them.
  T* const sums = rows.spare;
  for (int64_t r = 0; r < rows.count; r += LANES<T>) store(sums + r, Vec<T>{});
  eachVector(rows, [&](int64_t f, int64_t r, int64_t left, T* at) {
    const Vec<T> value = load(at);
    const Vec<T> radius = slopes.spread.at(radii + f * slopes.columns, radiiEnd, r, left);
    store(sums + r, SumOfMagnitudes::add<T>(load(sums + r), radius, value));
    store(at, Vec<T>(slopes.spread.at(slopes.line(f), slopes.end, r, left) * value));
  });
  for (int64_t r = 0; r < rows.count; r += LANES<T>) {
    store(rows.totals + r, Vec<T>(load(rows.totals + r) + load(sums + r)));
  }
}

template <class T>
void scaleBlock(const BackwardStep<T>& step, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> scales(step.first, step.owners, rows);
  eachVector(rows, [&](int64_t f, int64_t r, int64_t left, T* at) {
    store(at, Vec<T>(scales.spread.at(scales.line(f), scales.end, r, left) * load(at)));
  });
}

template <class T>
void multiplyBlock(const ProductPlan& plan, const PackedWeights<T>& weights, BackwardRows<T>& rows, int64_t padded) {
  const int64_t positions = static_cast<int64_t>(plan.positions.size());
  fillEmpty(plan, static_cast<const T*>(nullptr), rows.stride, rows.spare);
  for (int64_t r = 0; r < padded; r += BLOCK_ROWS<T>) {
    productBlock(plan, weights, ProductPart{0, positions}, rows.nu + r, rows.stride, rows.stride, r, BLOCK_ROWS<T>,
                 static_cast<const T*>(nullptr), rows.spare);
  }
  T* const before = rows.nu;
  rows.nu = rows.spare;
  rows.spare = before;
  rows.features = plan.outFeatures;
}

/// totals ← totals + the norm of radius ⊙ ν.
template <class T, class Sum>
void addNorm(const T* radius, const Owners& owners, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> radii(radius, owners, rows);
  T* const sums = rows.spare;
  for (int64_t r = 0; r < rows.count; r += LANES<T>) store(sums + r, Vec<T>{});
  eachVector(rows, [&](int64_t f, int64_t r, int64_t left, T* at) {
    const Vec<T> by = radii.spread.at(radii.line(f), radii.end, r, left);
    store(sums + r, Sum::template add<T>(load(sums + r), by, load(at)));
  });
  for (int64_t r = 0; r < rows.count; r++) rows.totals[r] += Sum::finish(sums[r]);
}

/// The most features that rows have on their way.
template <class T>
int64_t mostFeatures(const BackwardChain<T>& chain) {
  int64_t most = chain.features > 1 ? chain.features : 1;
  for (int64_t s = 0; s < chain.stepCount; s++) {
    const BackwardStep<T>& step = chain.steps[s];
    if (step.plan != nullptr && step.plan->outFeatures > most) most = step.plan->outFeatures;
  }
  return most;
}

template <class T>
void backward(Pool& pool, const BackwardChain<T>& chain, int64_t rows, T* out) {
  constexpr int64_t TILE = BLOCK_ROWS<T>;
  if (rows == 0) return;
  const int64_t most = mostFeatures(chain);
  int64_t tiles = BACKWARD_BYTES / (2 * most * TILE * static_cast<int64_t>(sizeof(T)));
  const int64_t fair = rows / (4 * TILE * pool.threads());
  tiles = tiles < fair ? tiles : fair;
  tiles = tiles < 1 ? 1 : tiles > BACKWARD_TILES ? BACKWARD_TILES : tiles;
  const int64_t stride = tiles * TILE;

  // One after the other: tables of the weights; the weights; for each thread rows, spare, totals, coefficients' places.
  int64_t beginCount = 0, weightCount = 0;
  for (int64_t s = 0; s < chain.stepCount; s++) {
    if (chain.steps[s].plan == nullptr) continue;
    beginCount += static_cast<int64_t>(chain.steps[s].plan->packs.size());
    weightCount += roundUp(packedWeightCount(*chain.steps[s].plan), LANES<T>);
  }
  const size_t tableBytes = alignedBytes(static_cast<size_t>(chain.stepCount) * sizeof(PackedWeights<T>));
  const size_t beginBytes = alignedBytes(static_cast<size_t>(beginCount) * sizeof(int64_t));
  const size_t weightBytes = alignedBytes(static_cast<size_t>(weightCount) * sizeof(T));
  const size_t rowBytes = alignedBytes(static_cast<size_t>(most * stride) * sizeof(T));
  const size_t totalBytes = alignedBytes(static_cast<size_t>(stride) * sizeof(T));
  const size_t ownBytes = 2 * rowBytes + totalBytes + alignedBytes(Spread<T>::bytesFor(stride));
  char* memory = static_cast<char*>(
      pool.scratch(0, tableBytes + beginBytes + weightBytes + ownBytes * static_cast<size_t>(pool.threads())));
  PackedWeights<T>* weights = reinterpret_cast<PackedWeights<T>*>(memory);
  int64_t* begin = reinterpret_cast<int64_t*>(memory + tableBytes);
  T* entries = reinterpret_cast<T*>(memory + tableBytes + beginBytes);
  char* areas = memory + tableBytes + beginBytes + weightBytes;
  for (int64_t s = 0; s < chain.stepCount; s++) {
    const ProductPlan* plan = chain.steps[s].plan;
    if (plan == nullptr) continue;
    packWeights(pool, *plan, chain.steps[s].first, entries, begin);
    weights[s] = {entries, begin};
    entries += roundUp(packedWeightCount(*plan), LANES<T>);
    begin += plan->packs.size();
  }

  forEach(pool, (rows + stride - 1) / stride, [&](int64_t item, int worker) {
    char* own = areas + ownBytes * static_cast<size_t>(worker);
    const int64_t first = item * stride, count = rows - first < stride ? rows - first : stride;
    const int64_t padded = roundUp(count, TILE);
    BackwardRows<T> block{reinterpret_cast<T*>(own),
                          reinterpret_cast<T*>(own + rowBytes),
                          reinterpret_cast<T*>(own + 2 * rowBytes),
                          own + 2 * rowBytes + totalBytes,
                          chain.features,
                          stride,
                          first,
                          count};
    for (int64_t r = 0; r < stride; r++) block.totals[r] = 0;
    if (chain.nu != nullptr) startWithRows(chain.nu, rows, block, padded);
    else startWithLines(chain.matrix, chain.index, block, padded);
    for (int64_t s = 0; s < chain.stepCount; s++) {
      const BackwardStep<T>& step = chain.steps[s];
      if (step.plan != nullptr) multiplyBlock(*step.plan, weights[s], block, padded);
      else if (step.second != nullptr) encloseBlock(step, block);
      else scaleBlock(step, block);
    }
    switch (chain.order) {
      case Order::one: addNorm<T, SumOfMagnitudes>(chain.radius, chain.owners, block); break;
      case Order::two: addNorm<T, RootOfSquares>(chain.radius, chain.owners, block); break;
      case Order::infinity: addNorm<T, LargestMagnitude>(chain.radius, chain.owners, block); break;
    }
    __builtin_memcpy(out + first, block.totals, static_cast<size_t>(count) * sizeof(T));
  });
}
