// ν backwards through a graph of layers (equation 8: ν ← d ⊙ ν and Aᵀν, with Σρ|ν| on the way), blocks of rows one after the
// other: what a block holds on its way stays near the core, and nothing of it is kept. Branches that wait have a slot.

/// Adds weightᵀν to the centre.
template <class T>
void offsetBlock(const Coefficients<T>& weight, const BackwardRows<T>& rows) {
  along<T, 1, 1, false>(weight, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>* sum) {
    sum[0] += by[0] * value;
    return value;
  });
  addSums(rows, rows.sums[0], rows.centres);
}

template <class T>
void encloseBlock(const Coefficients<T>& lines, const BackwardRows<T>& rows) {
  if (lines.from[2] == nullptr) {
    along<T, 2, 1, true>(lines, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>* sum) {
      sum[0] = SumOfMagnitudes::add<T>(sum[0], by[1], value);
      return Vec<T>(by[0] * value);
    });
    addSums(rows, rows.sums[0], rows.totals);
    return;
  }
  along<T, 3, 2, true>(lines, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>* sum) {
    sum[0] = SumOfMagnitudes::add<T>(sum[0], by[1], value);
    sum[1] += by[2] * value;
    return Vec<T>(by[0] * value);
  });
  addSums(rows, rows.sums[0], rows.totals);
  addSums(rows, rows.sums[1], rows.centres);
}

/// Two lines: lower slopes where ν is not negative.
template <class T>
void linesBlock(const Coefficients<T>& lines, const BackwardRows<T>& rows) {
  along<T, 4, 2, true>(lines, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>* sum) {
    sum[0] += by[2] * value;
    sum[1] = SumOfMagnitudes::add<T>(sum[1], by[3], value);
    return Vec<T>((value < Vec<T>{} ? by[1] : by[0]) * value);
  });
  addSums(rows, rows.sums[0], rows.centres);
  addSums(rows, rows.sums[1], rows.centres);
}

template <class T>
void scaleBlock(const Coefficients<T>& scale, const BackwardRows<T>& rows) {
  along<T, 1, 0, true>(scale, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>*) { return Vec<T>(by[0] * value); });
}

/// Features of `from`, `[…, stride]`, as `index` names them, to `to`.
template <class T>
void gatherBlock(const T* from, const BackwardStep<T>& step, const BackwardRows<T>& rows, T* to) {
  const size_t bytes = static_cast<size_t>(rows.padded) * sizeof(T);
  for (int64_t f = 0; f < step.features; f++, to += rows.stride) {
    const int32_t source = step.index[f];
    if (source < 0) __builtin_memset(to, 0, bytes);
    else __builtin_memcpy(to, from + source * rows.stride, bytes);
  }
}

/// A step that moves rows and computes nothing.
template <class T>
void moveBlock(const BackwardStep<T>& step, BackwardRows<T>& rows) {
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
      gatherBlock(rows.nu, step, rows, rows.spare);
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
        gatherBlock(rows.nu, step, rows, slot);
        slotFeatures = step.features;
        return;
      }
      for (int64_t f = 0; f < rows.features; f++) {
        __builtin_memcpy(slot + f * rows.stride, rows.nu + f * rows.stride, static_cast<size_t>(rows.padded) * sizeof(T));
      }
      slotFeatures = rows.features;
      return;
    case Kind::add:
      for (int64_t f = 0; f < rows.features; f++) {
        const int64_t source = step.index == nullptr ? f : step.index[f];
        if (source < 0) continue;
        const T* from = slot + source * rows.stride;
        T* to = rows.nu + f * rows.stride;
        for (int64_t r = 0; r < rows.padded; r += LANES<T>) store(to + r, Vec<T>(load(to + r) + load(from + r)));
      }
      return;
    default:
      return;
  }
}

template <class T>
void multiplyBlock(const ProductPlan& plan, const PackedWeights<T>& weights, BackwardRows<T>& rows) {
  const int64_t positions = static_cast<int64_t>(plan.positions.size());
  fillEmpty(plan, static_cast<const T*>(nullptr), rows.stride, rows.spare);
  for (int64_t r = 0; r < rows.padded; r += BLOCK_ROWS<T>) {
    const int64_t count = rows.padded - r < BLOCK_ROWS<T> ? rows.padded - r : BLOCK_ROWS<T>;
    productBlock(plan, weights, ProductPart{0, positions}, rows.nu + r, rows.stride, rows.stride, r, count,
                 static_cast<const T*>(nullptr), rows.spare);
  }
  T* const before = rows.nu;
  rows.nu = rows.spare;
  rows.spare = before;
  rows.features = plan.outFeatures;
}

/// totals ← totals + the norm of radius ⊙ ν.
template <class T, class Sum>
void addNorm(const Coefficients<T>& radius, const BackwardRows<T>& rows) {
  along<T, 1, 1, false>(radius, rows, [](Vec<T> value, const Vec<T>* by, Vec<T>* sum) {
    sum[0] = Sum::template add<T>(sum[0], by[0], value);
    return value;
  });
  for (int64_t r = 0; r < rows.count; r++) rows.totals[r] += Sum::finish(rows.sums[0][r]);
}

/// Calls each(owners, sight, the four tensors, place) for every step that reads coefficients, and for the end, whose place is
/// the number of steps.
template <class T, class Each>
void eachReader(const BackwardChain<T>& chain, const Each& each) {
  typedef typename BackwardStep<T>::Kind Kind;
  for (int64_t s = 0; s < chain.stepCount; s++) {
    const BackwardStep<T>& step = chain.steps[s];
    if (step.kind != Kind::enclose && step.kind != Kind::lines && step.kind != Kind::scale && step.kind != Kind::offset) continue;
    const T* tensors[4] = {step.first, step.second, step.third, step.fourth};
    each(step.owners, step.sight, tensors, s);
  }
  const T* tensors[4] = {chain.radius, chain.centre, nullptr, nullptr};
  each(chain.owners, chain.sight, tensors, chain.stepCount);
}

/// What all blocks of rows share: weights in the order of register tiles, by step, and coefficients, by step and of the end.
template <class T>
struct PreparedChain {
  PackedWeights<T>* weights;
  Coefficients<T>* coefficients;
};

inline int countOf(const void* const* tensors) {
  int count = 0;
  for (int i = 0; i < 4; i++) count += tensors[i] != nullptr ? 1 : 0;
  return count;
}

/// Bytes of a prepared chain.
template <class T>
size_t preparedBytes(const BackwardChain<T>& chain, int64_t rows) {
  const size_t steps = static_cast<size_t>(chain.stepCount);
  size_t bytes = alignedBytes(steps * sizeof(PackedWeights<T>)) + alignedBytes((steps + 1) * sizeof(Coefficients<T>));
  for (int64_t s = 0; s < chain.stepCount; s++) {
    const ProductPlan* plan = chain.steps[s].plan;
    if (plan == nullptr) continue;
    bytes += alignedBytes(plan->packs.size() * sizeof(int64_t));
    bytes += alignedBytes(static_cast<size_t>(packedWeightCount(*plan) + LANES<T>) * sizeof(T));
  }
  eachReader(chain, [&](const Owners&, const Sight& sight, const T* const* tensors, int64_t) {
    if (sight.viewers == 0) return;
    bytes += measureSight(sight, rows, countOf(reinterpret_cast<const void* const*>(tensors))).bytes(sizeof(T));
  });
  return bytes;
}

/// Fills memory of `preparedBytes`.
template <class T>
PreparedChain<T> prepareChain(Pool& pool, const BackwardChain<T>& chain, int64_t rows, char* memory) {
  const auto take = [&](size_t bytes) {
    char* const own = memory;
    memory += alignedBytes(bytes);
    return own;
  };
  const size_t steps = static_cast<size_t>(chain.stepCount);
  PackedWeights<T>* const weights = reinterpret_cast<PackedWeights<T>*>(take(steps * sizeof(PackedWeights<T>)));
  Coefficients<T>* const coefficients = reinterpret_cast<Coefficients<T>*>(take((steps + 1) * sizeof(Coefficients<T>)));
  for (int64_t s = 0; s < chain.stepCount; s++) {
    const ProductPlan* plan = chain.steps[s].plan;
    if (plan == nullptr) continue;
    int64_t* begin = reinterpret_cast<int64_t*>(take(plan->packs.size() * sizeof(int64_t)));
    T* entries = reinterpret_cast<T*>(take(static_cast<size_t>(packedWeightCount(*plan) + LANES<T>) * sizeof(T)));
    packWeights(pool, *plan, chain.steps[s].first, entries, begin);
    weights[s] = {entries, begin};
  }
  eachReader(chain, [&](const Owners& owners, const Sight& sight, const T* const* tensors, int64_t at) {
    if (sight.viewers == 0) {
      coefficients[at] = wholeColumns(owners, tensors);
      return;
    }
    const SeenImages seen = measureSight(sight, rows, countOf(reinterpret_cast<const void* const*>(tensors)));
    coefficients[at] = seeImages(pool, seen, owners, tensors, take(seen.bytes(sizeof(T))));
  });
  return {weights, coefficients};
}

/// The memory of one thread's rows.
template <class T>
struct BackwardArea {
  int64_t most, slots, stride;

  size_t rowBytes() const { return alignedBytes(static_cast<size_t>(most * stride) * sizeof(T)); }
  size_t lineBytes() const { return alignedBytes(static_cast<size_t>(stride) * sizeof(T)); }
  size_t slotBytes() const { return alignedBytes(static_cast<size_t>(slots) * (sizeof(T*) + sizeof(int64_t))); }
  size_t laneBytes() const { return static_cast<size_t>(stride / LANES<T>) * sizeof(LanePlaces<T>); }
  size_t bytes() const {
    return static_cast<size_t>(2 + slots) * rowBytes() + 4 * lineBytes() + slotBytes() + alignedBytes(laneBytes());
  }
  BackwardRows<T> rows(char* memory) const {
    const auto take = [&](size_t bytes) {
      char* const own = memory;
      memory += bytes;
      return own;
    };
    BackwardRows<T> rows{};
    rows.lanes = reinterpret_cast<LanePlaces<T>*>(take(alignedBytes(laneBytes())));
    rows.slots = reinterpret_cast<T**>(take(slotBytes()));
    rows.slotFeatures = reinterpret_cast<int64_t*>(rows.slots + slots);
    T** const lines[4] = {&rows.totals, &rows.centres, &rows.sums[0], &rows.sums[1]};
    for (T** line : lines) *line = reinterpret_cast<T*>(take(lineBytes()));
    rows.nu = reinterpret_cast<T*>(take(rowBytes()));
    rows.spare = reinterpret_cast<T*>(take(rowBytes()));
    for (int64_t s = 0; s < slots; s++) rows.slots[s] = reinterpret_cast<T*>(take(rowBytes()));
    rows.stride = stride;
    for (int64_t r = 0; r < stride; r++) rows.totals[r] = rows.centres[r] = 0;
    return rows;
  }
};

template <class T>
void backward(Pool& pool, const BackwardChain<T>& chain, int64_t rows, T* out) {
  typedef typename BackwardStep<T>::Kind Kind;
  // Blocks of one register tile: what they hold lies close together.
  constexpr int64_t stride = BLOCK_ROWS<T>;
  if (rows == 0) return;
  const int64_t most = chain.most > 1 ? chain.most : 1;
  const BackwardArea<T> area{most, chain.slots, stride};
  const size_t shared = preparedBytes(chain, rows);
  char* const memory = static_cast<char*>(pool.scratch(0, shared + area.bytes() * static_cast<size_t>(pool.threads())));
  const PreparedChain<T> prepared = prepareChain(pool, chain, rows, memory);

  // Whole blocks as many for each thread, and of what is left each a part.
  const int64_t vectors = (rows + LANES<T> - 1) / LANES<T>, each = stride / LANES<T>;
  const int64_t whole = vectors / (each * pool.threads()) * pool.threads(), left = vectors - whole * each;
  const int64_t parts = left < pool.threads() ? left : pool.threads();
  forEach(pool, whole + parts, [&](int64_t item, int worker) {
    const auto begin = [&](int64_t at) { return (at <= whole ? at * each : whole * each + (at - whole) * left / parts) * LANES<T>; };
    BackwardRows<T> block = area.rows(memory + shared + area.bytes() * static_cast<size_t>(worker));
    block.features = chain.features;
    block.first = begin(item);
    block.count = (begin(item + 1) < rows ? begin(item + 1) : rows) - block.first;
    block.padded = roundUp(block.count, LANES<T>);
    if (chain.nu != nullptr) startWithRows(chain.nu, rows, block);
    else startWithLines(chain.matrix, chain.index, block);
    for (int64_t s = 0; s < chain.stepCount; s++) {
      const BackwardStep<T>& step = chain.steps[s];
      const Coefficients<T>& coefficients = prepared.coefficients[s];
      switch (step.kind) {
        case Kind::product: multiplyBlock(*step.plan, prepared.weights[s], block); break;
        case Kind::enclose: encloseBlock(coefficients, block); break;
        case Kind::lines: linesBlock(coefficients, block); break;
        case Kind::scale: scaleBlock(coefficients, block); break;
        case Kind::offset: offsetBlock(coefficients, block); break;
        default: moveBlock(step, block); break;
      }
    }
    const size_t bytes = static_cast<size_t>(block.count) * sizeof(T);
    const Coefficients<T>& end = prepared.coefficients[chain.stepCount];
    if (chain.centre != nullptr) {
      Coefficients<T> centre = end;
      centre.from[0] = end.from[1];
      offsetBlock(centre, block);
      __builtin_memcpy(out + rows + block.first, block.centres, bytes);
    }
    switch (chain.order) {
      case Order::one: addNorm<T, SumOfMagnitudes>(end, block); break;
      case Order::two: addNorm<T, RootOfSquares>(end, block); break;
      case Order::infinity: addNorm<T, LargestMagnitude>(end, block); break;
    }
    __builtin_memcpy(out + block.first, block.totals, bytes);
  });
}
