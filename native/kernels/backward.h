// ν backwards through a graph of layers (equation 8: ν ← d ⊙ ν and Aᵀν, with Σρ|ν| on the way), blocks of rows one after the
// other: what a block holds on its way stays in a second-level cache, and nothing of it is kept. Branches that wait have a slot.

/// What the features of a block of rows may take.
constexpr int64_t BACKWARD_BYTES = 640 << 10;
/// Register tiles of rows in a block at most.
constexpr int64_t BACKWARD_TILES = 8;

/// Rows that are in work: `[features, stride]`, the first `count` of which count.
template <class T>
struct BackwardRows {
  T* nu;
  T* spare;
  /// Waiting rows, and how many features they have.
  T** slots;
  int64_t* slotFeatures;
  /// What was added to the radius and to the centre.
  T* totals;
  T* centres;
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

/// A sum along features of its own, added to `totals` once: what rounding may make of the total grows with the widest layer, not
/// with all of them. body(feature, row, left, line) gives what a vector adds to the sums of its rows.
template <class T, class Body>
AUTODUAL_INLINE void addSums(const BackwardRows<T>& rows, T* totals, const Body& body) {
  T* const sums = rows.spare;
  for (int64_t r = 0; r < rows.count; r += LANES<T>) store(sums + r, Vec<T>{});
  eachVector(rows, [&](int64_t f, int64_t r, int64_t left, T* at) {
    store(sums + r, Vec<T>(body(f, r, left, at, load(sums + r))));
  });
  for (int64_t r = 0; r < rows.count; r += LANES<T>) store(totals + r, Vec<T>(load(totals + r) + load(sums + r)));
}

/// Adds weightᵀν to the centre.
template <class T>
void offsetBlock(const T* weight, const Owners& owners, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> weights(weight, owners, rows);
  addSums(rows, rows.centres, [&](int64_t f, int64_t r, int64_t left, T* at, Vec<T> sum) {
    return Vec<T>(sum + weights.spread.at(weights.line(f), weights.end, r, left) * load(at));
  });
}

template <class T>
void encloseBlock(const BackwardStep<T>& step, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> slopes(step.first, step.owners, rows);
  const T* const radii = step.second + (slopes.from - step.first);
  const T* const radiiEnd = step.second + (slopes.end - step.first);
  if (step.third != nullptr) offsetBlock(step.third, step.owners, rows);
  addSums(rows, rows.totals, [&](int64_t f, int64_t r, int64_t left, T* at, Vec<T> sum) {
    const Vec<T> value = load(at);
    const Vec<T> radius = slopes.spread.at(radii + f * slopes.columns, radiiEnd, r, left);
    store(at, Vec<T>(slopes.spread.at(slopes.line(f), slopes.end, r, left) * value));
    return SumOfMagnitudes::add<T>(sum, radius, value);
  });
}

/// Two lines: lower slopes where ν is not negative.
template <class T>
void linesBlock(const BackwardStep<T>& step, const BackwardRows<T>& rows) {
  offsetBlock(step.third, step.owners, rows);
  const BackwardCoefficients<T> lower(step.first, step.owners, rows);
  const T* const upper = step.second + (lower.from - step.first);
  const T* const upperEnd = step.second + (lower.end - step.first);
  const T* const odd = step.fourth + (lower.from - step.first);
  const T* const oddEnd = step.fourth + (lower.end - step.first);
  addSums(rows, rows.centres, [&](int64_t f, int64_t r, int64_t left, T* at, Vec<T> sum) {
    const Vec<T> value = load(at);
    const Vec<T> above = lower.spread.at(lower.line(f), lower.end, r, left);
    const Vec<T> below = lower.spread.at(upper + f * lower.columns, upperEnd, r, left);
    const Vec<T> by = lower.spread.at(odd + f * lower.columns, oddEnd, r, left);
    store(at, Vec<T>((value < Vec<T>{} ? below : above) * value));
    return SumOfMagnitudes::add<T>(sum, by, value);
  });
}

template <class T>
void scaleBlock(const BackwardStep<T>& step, const BackwardRows<T>& rows) {
  const BackwardCoefficients<T> scales(step.first, step.owners, rows);
  eachVector(rows, [&](int64_t f, int64_t r, int64_t left, T* at) {
    store(at, Vec<T>(scales.spread.at(scales.line(f), scales.end, r, left) * load(at)));
  });
}

/// Features of `from`, `[…, stride]`, as `index` names them, to `to`.
template <class T>
void gatherBlock(const T* from, const BackwardStep<T>& step, const BackwardRows<T>& rows, int64_t padded, T* to) {
  const size_t bytes = static_cast<size_t>(padded) * sizeof(T);
  for (int64_t f = 0; f < step.features; f++, to += rows.stride) {
    const int32_t source = step.index[f];
    if (source < 0) __builtin_memset(to, 0, bytes);
    else __builtin_memcpy(to, from + source * rows.stride, bytes);
  }
}

/// A step that moves rows and computes nothing.
template <class T>
void moveBlock(const BackwardStep<T>& step, BackwardRows<T>& rows, int64_t padded) {
  typedef typename BackwardStep<T>::Kind Kind;
  const auto exchange = [](T*& a, T*& b) {
    T* const before = a;
    a = b;
    b = before;
  };
  T*& slot = rows.slots[step.slot];
  int64_t& slotFeatures = rows.slotFeatures[step.slot];
  switch (step.kind) {
    case Kind::gather:
      gatherBlock(rows.nu, step, rows, padded, rows.spare);
      exchange(rows.nu, rows.spare);
      rows.features = step.features;
      return;
    case Kind::store:
      exchange(rows.nu, slot);
      slotFeatures = rows.features;
      return;
    case Kind::load:
      exchange(rows.nu, slot);
      rows.features = slotFeatures;
      return;
    case Kind::copy:
      if (step.index != nullptr) {
        gatherBlock(rows.nu, step, rows, padded, slot);
        slotFeatures = step.features;
        return;
      }
      for (int64_t f = 0; f < rows.features; f++) {
        __builtin_memcpy(slot + f * rows.stride, rows.nu + f * rows.stride, static_cast<size_t>(padded) * sizeof(T));
      }
      slotFeatures = rows.features;
      return;
    case Kind::add:
      for (int64_t f = 0; f < rows.features; f++) {
        const int64_t source = step.index == nullptr ? f : step.index[f];
        if (source < 0) continue;
        const T* from = slot + source * rows.stride;
        T* to = rows.nu + f * rows.stride;
        for (int64_t r = 0; r < padded; r += LANES<T>) store(to + r, Vec<T>(load(to + r) + load(from + r)));
      }
      return;
    default:
      return;
  }
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

template <class T>
void backward(Pool& pool, const BackwardChain<T>& chain, int64_t rows, T* out) {
  constexpr int64_t TILE = BLOCK_ROWS<T>;
  if (rows == 0) return;
  const int64_t most = chain.most > 1 ? chain.most : 1;
  const int64_t areasEach = 2 + chain.slots;
  int64_t tiles = BACKWARD_BYTES / (areasEach * most * TILE * static_cast<int64_t>(sizeof(T)));
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
  const size_t slotBytes = alignedBytes(static_cast<size_t>(chain.slots) * (sizeof(T*) + sizeof(int64_t)));
  const size_t ownBytes = static_cast<size_t>(areasEach) * rowBytes + 2 * totalBytes + slotBytes +
                          alignedBytes(Spread<T>::bytesFor(stride));
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
    char* after = own + static_cast<size_t>(areasEach) * rowBytes;
    BackwardRows<T> block{reinterpret_cast<T*>(own),
                          reinterpret_cast<T*>(own + rowBytes),
                          reinterpret_cast<T**>(after + 2 * totalBytes),
                          reinterpret_cast<int64_t*>(after + 2 * totalBytes + static_cast<size_t>(chain.slots) * sizeof(T*)),
                          reinterpret_cast<T*>(after),
                          reinterpret_cast<T*>(after + totalBytes),
                          after + 2 * totalBytes + slotBytes,
                          chain.features,
                          stride,
                          first,
                          count};
    for (int64_t s = 0; s < chain.slots; s++) block.slots[s] = reinterpret_cast<T*>(own + static_cast<size_t>(2 + s) * rowBytes);
    for (int64_t r = 0; r < stride; r++) block.totals[r] = block.centres[r] = 0;
    if (chain.nu != nullptr) startWithRows(chain.nu, rows, block, padded);
    else startWithLines(chain.matrix, chain.index, block, padded);
    for (int64_t s = 0; s < chain.stepCount; s++) {
      const BackwardStep<T>& step = chain.steps[s];
      switch (step.kind) {
        case BackwardStep<T>::Kind::product: multiplyBlock(*step.plan, weights[s], block, padded); break;
        case BackwardStep<T>::Kind::enclose: encloseBlock(step, block); break;
        case BackwardStep<T>::Kind::lines: linesBlock(step, block); break;
        case BackwardStep<T>::Kind::scale: scaleBlock(step, block); break;
        case BackwardStep<T>::Kind::offset: offsetBlock(step.first, step.owners, block); break;
        default: moveBlock(step, block, padded); break;
      }
    }
    if (chain.centre != nullptr) {
      offsetBlock(chain.centre, chain.owners, block);
      __builtin_memcpy(out + rows + first, block.centres, static_cast<size_t>(count) * sizeof(T));
    }
    switch (chain.order) {
      case Order::one: addNorm<T, SumOfMagnitudes>(chain.radius, chain.owners, block); break;
      case Order::two: addNorm<T, RootOfSquares>(chain.radius, chain.owners, block); break;
      case Order::infinity: addNorm<T, LargestMagnitude>(chain.radius, chain.owners, block); break;
    }
    __builtin_memcpy(out + first, block.totals, static_cast<size_t>(count) * sizeof(T));
  });
}
