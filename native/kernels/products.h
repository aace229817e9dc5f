// Everything heavy: linear maps and convolutions, forwards and transposed, in tiles (product-tile.h) over packed weights
// (packed-weights.h). Blocks of rows are packed where that pays, so that a block's features lie close together.

/// Uses of an entry of x from which on packing it pays: of a matrix, and of a convolution, where neighbouring positions
/// find it in the cache.
constexpr int64_t PACKING_PAYS = 24, PACKING_PAYS_POSITIONS = 14;
/// Blocks of rows that go through the positions together, so that results are written in runs of some cache lines.
constexpr int64_t GROUP_BLOCKS = 8;
/// Multiply-adds per row that are worth a thread's while.
constexpr int64_t PIECE_WORK = 40000;
/// What a group's packed blocks may take of a second-level cache.
constexpr int64_t GROUP_BYTES = 1 << 20;

/// Copies `count` ≤ BLOCK_ROWS rows of features first … end − 1 side by side, in lines of whole vectors.
template <class T>
inline void packRows(const T* x, int64_t rows, int64_t count, int64_t first, int64_t end, T* to) {
  constexpr int64_t WIDTH = BLOCK_ROWS<T>;
  if (count == WIDTH) {
    for (int64_t f = first; f < end; f++) {
      const T* from = x + f * rows;
      __builtin_prefetch(from + 8 * rows);
      __builtin_prefetch(from + 8 * rows + LANES<T>);
      __builtin_prefetch(from + 8 * rows + 2 * LANES<T>);
#pragma GCC unroll 3
      for (int v = 0; v < TILE_VECTORS; v++) store(to + (f - first) * WIDTH + v * LANES<T>, load(from + v * LANES<T>));
    }
    return;
  }
  const int64_t width = (count + LANES<T> - 1) / LANES<T> * LANES<T>;
  for (int64_t f = first; f < end; f++) {
    for (int64_t i = 0; i < count; i += LANES<T>) {
      store(to + (f - first) * width + i, loadUpTo(x + f * rows + i, count - i));
    }
  }
}

/// Positions first … end − 1, of each the tiles of outputs firstTile … endTile − 1, summed over units firstUnit … endUnit − 1.
struct ProductPart {
  int64_t first, end;
  int64_t firstTile = 0, endTile = std::numeric_limits<int64_t>::max();
  int64_t firstUnit = 0, endUnit = 0;  ///< 0 and 0: all
};

/// A part of the outputs for one block of rows. Sums that do not begin with the first unit are added to what is there.
template <class T>
inline void productBlock(const ProductPlan& plan, const PackedWeights<T>& weights, const ProductPart& part, const T* x,
                         int64_t xStride, int64_t rows, int64_t row, int64_t count, const T* bias, T* out) {
  const int64_t vectors = (count + LANES<T> - 1) / LANES<T>;
  for (int64_t p = part.first; p < part.end; p++) {
    const ProductPlan::Position& position = plan.positions.data()[p];
    const ProductPlan::Shape& shape = plan.shapes.data()[position.shape];
    const int64_t allTaps = static_cast<int64_t>(shape.tap.size());
    const int64_t unitTaps = part.endUnit > 0 ? allTaps / plan.units : 0;
    const int64_t firstTap = part.firstUnit * unitTaps;
    const int64_t taps = part.endUnit > 0 ? part.endUnit * unitTaps - firstTap : allTaps;
    const int64_t packTaps = static_cast<int64_t>(plan.packs.data()[shape.pack].taps.size());
    const T* packed = weights.entries + weights.begin[shape.pack];
    const T* from = x + position.feature * xStride;
    T* to = out + position.outFeature * rows + row;
    const int64_t tiles = (shape.outputs + TILE_OUTPUTS - 1) / TILE_OUTPUTS;
    const int64_t endTile = part.endTile < tiles ? part.endTile : tiles;
    for (int64_t o = part.firstTile * TILE_OUTPUTS; o < endTile * TILE_OUTPUTS; o += TILE_OUTPUTS) {
      const int height = static_cast<int>(shape.outputs - o < TILE_OUTPUTS ? shape.outputs - o : TILE_OUTPUTS);
      T start[TILE_OUTPUTS] = {};
      T* lines[TILE_OUTPUTS];
      for (int m = 0; m < height; m++) {
        if (bias != nullptr && !shape.bias.empty()) start[m] = bias[shape.bias.data()[o + m]];
        lines[m] = to + shape.outFeature.data()[o + m] * rows;
      }
      const Tile<T> tile{packed + o * packTaps,
                         shape.tap.data() + firstTap,
                         shape.feature.data() + firstTap,
                         taps,
                         from,
                         xStride,
                         part.firstUnit > 0 ? nullptr : start,
                         lines,
                         count};
      if (vectors == 1) productTileOf<T, 1>(height, tile);
      else if (vectors == 2) productTileOf<T, 2>(height, tile);
      else productTileOf<T, TILE_VECTORS>(height, tile);
    }
  }
}

template <class T>
inline void fillEmpty(const ProductPlan& plan, const T* bias, int64_t rows, T* out) {
  for (size_t e = 0; e < plan.empty.size(); e++) {
    const ProductPlan::Empty& empty = plan.empty.data()[e];
    const T value = bias != nullptr && empty.bias >= 0 ? bias[empty.bias] : T(0);
    T* line = out + empty.outFeature * rows;
    for (int64_t i = 0; i < rows; i++) line[i] = value;
  }
}

inline int64_t roundUp(int64_t value, int64_t to) { return (value + to - 1) / to * to; }

/// How a product is cut up.
struct ProductCut {
  int64_t blocks;      ///< of rows
  bool packing;        ///< whether blocks are packed; otherwise they are read where they are
  int64_t groups;      ///< of blocks, each one thread's work; 0 where blocks are few and positions are shared out
  int64_t groupBlocks; ///< at most
  int64_t passes;      ///< sums are cut into so many, so that what they read comes from a second-level cache
};

template <class T>
inline ProductCut cutProduct(const ProductPlan& plan, int64_t rows, int64_t threads) {
  constexpr int64_t WIDTH = BLOCK_ROWS<T>;
  const int64_t positions = static_cast<int64_t>(plan.positions.size());
  const int64_t pays = positions == 1 ? PACKING_PAYS : PACKING_PAYS_POSITIONS;
  ProductCut cut{(rows + WIDTH - 1) / WIDTH, plan.multiplyAdds >= pays * plan.inFeatures, 0, 0, 1};
  const int64_t lineBytes = roundUp(rows < WIDTH ? rows : WIDTH, LANES<T>) * static_cast<int64_t>(sizeof(T));
  const int64_t reach = plan.units * plan.unitReach * lineBytes;
  // A matrix's lines are read once per tile of outputs: where they are not packed, there is little to gain.
  if (positions > 1 || cut.packing) cut.passes = (reach + GROUP_BYTES - 1) / GROUP_BYTES;
  if (cut.passes > plan.units) cut.passes = plan.units;
  if (cut.passes < 1) cut.passes = 1;
  if (cut.blocks < 4 * threads) return cut;
  int64_t most = GROUP_BLOCKS;
  if (cut.packing) {
    most = GROUP_BYTES / (plan.inFeatures / cut.passes * WIDTH * static_cast<int64_t>(sizeof(T)) + 1);
    most = most < 1 ? 1 : most > GROUP_BLOCKS ? GROUP_BLOCKS : most;
  }
  cut.groups = roundUp((cut.blocks + most - 1) / most, threads);
  cut.groupBlocks = (cut.blocks + cut.groups - 1) / cut.groups;
  return cut;
}

/// A product on its way: its rows come in blocks, which passes pack or read where they are.
template <class T>
struct ProductRun {
  const ProductPlan& plan;
  const ProductCut cut;
  PackedWeights<T> weights;
  const T* x;
  int64_t rows;
  const T* bias;
  T* out;

  struct Pass {
    int64_t firstUnit, endUnit, firstFeature, endFeature;
  };
  Pass pass(int64_t number) const {
    if (cut.passes == 1) return {0, 0, 0, plan.inFeatures};
    const int64_t first = number * plan.units / cut.passes, end = (number + 1) * plan.units / cut.passes;
    const int64_t unit = plan.inFeatures / plan.units;
    return {first, end, first * unit, end * unit};
  }
  /// The first row of a block: all are of as many vectors, or of one less, as a last one of a few rows costs nearly as much as
  /// a whole one.
  int64_t rowOf(int64_t block) const {
    const int64_t vectors = (rows + LANES<T> - 1) / LANES<T>;
    // The larger ones first, so that the first is as large as any.
    const int64_t least = vectors / cut.blocks, larger = vectors % cut.blocks;
    const int64_t row = (block * least + (block < larger ? block : larger)) * LANES<T>;
    return row < rows ? row : rows;
  }
  int64_t rowsOf(int64_t block) const { return rowOf(block + 1) - rowOf(block); }
  /// Entries of a block that is packed.
  int64_t blockEntries() const {
    const int64_t features = cut.passes == 1 ? plan.inFeatures
                                             : (plan.units / cut.passes + 1) * (plan.inFeatures / plan.units);
    return features * roundUp(rowsOf(0), LANES<T>);
  }
  /// `packed` is where the pass's features of the block lie, null where they were not packed.
  void multiply(int64_t block, const Pass& pass, const T* packed, ProductPart part) const {
    const int64_t count = rowsOf(block), stride = packed != nullptr ? roundUp(count, LANES<T>) : rows;
    const T* from = packed != nullptr ? packed - pass.firstFeature * stride : x + rowOf(block);
    part.firstUnit = pass.firstUnit;
    part.endUnit = pass.endUnit;
    productBlock(plan, weights, part, from, stride, rows, rowOf(block), count, bias, out);
  }
};

/// Many blocks: a group of them is one thread's work, so that results are written in runs of some cache lines.
template <class T>
inline void productByGroups(Pool& pool, const ProductRun<T>& run, T* area) {
  const ProductCut& cut = run.cut;
  const int64_t positions = static_cast<int64_t>(run.plan.positions.size()), entries = run.blockEntries();
  forEach(pool, cut.groups, [&](int64_t group, int worker) {
    const int64_t first = group * cut.blocks / cut.groups, end = (group + 1) * cut.blocks / cut.groups;
    T* const own = area + worker * cut.groupBlocks * entries;
    for (int64_t number = 0; number < cut.passes; number++) {
      const auto pass = run.pass(number);
      for (int64_t block = first; cut.packing && block < end; block++) {
        packRows(run.x + run.rowOf(block), run.rows, run.rowsOf(block), pass.firstFeature, pass.endFeature,
                 own + (block - first) * entries);
      }
      for (int64_t p = 0; p < positions; p++) {
        for (int64_t block = first; block < end; block++) {
          run.multiply(block, pass, cut.packing ? own + (block - first) * entries : nullptr, ProductPart{p, p + 1});
        }
      }
    }
  });
}

/// Few blocks: all are packed, and their positions and tiles shared out.
template <class T>
inline void productByPositions(Pool& pool, const ProductRun<T>& run, T* area) {
  const ProductCut& cut = run.cut;
  const ProductPlan& plan = run.plan;
  const int64_t positions = static_cast<int64_t>(plan.positions.size()), entries = run.blockEntries();
  const int64_t perPosition = plan.multiplyAdds / (positions * cut.passes) + 1;
  const int64_t piece = PIECE_WORK / perPosition + 1;
  const int64_t pieces = (positions + piece - 1) / piece;
  // A position of many outputs, such as a matrix, is shared out by tiles of them.
  const int64_t tiles = positions == 1 ? (plan.outFeatures + TILE_OUTPUTS - 1) / TILE_OUTPUTS : 1;
  const int64_t worthwhile = perPosition / PIECE_WORK + 1;
  const int64_t parts = tiles < worthwhile ? tiles : worthwhile;
  for (int64_t number = 0; number < cut.passes; number++) {
    const auto pass = run.pass(number);
    const int64_t features = pass.endFeature - pass.firstFeature, slice = 64, slices = (features + slice - 1) / slice;
    if (cut.packing) {
      forEach(pool, cut.blocks * slices, [&](int64_t item, int) {
        const int64_t block = item / slices, at = item % slices * slice;
        const int64_t first = pass.firstFeature + at;
        const int64_t end = first + slice < pass.endFeature ? first + slice : pass.endFeature;
        const int64_t width = roundUp(run.rowsOf(block), LANES<T>);
        packRows(run.x + run.rowOf(block), run.rows, run.rowsOf(block), first, end,
                 area + block * entries + at * width);
      });
    }
    forEach(pool, cut.blocks * pieces * parts, [&](int64_t item, int) {
      const int64_t part = item % parts, first = item / parts % pieces * piece, block = item / parts / pieces;
      const int64_t end = first + piece < positions ? first + piece : positions;
      ProductPart own{first, end};
      if (parts > 1) {
        own.firstTile = part * tiles / parts;
        own.endTile = (part + 1) * tiles / parts;
      }
      run.multiply(block, pass, cut.packing ? area + block * entries : nullptr, own);
    });
  }
}

template <class T>
void product(Pool& pool, const ProductPlan& plan, const T* weight, const T* x, int64_t rows, const T* bias, T* out) {
  if (rows == 0) return;
  fillEmpty(plan, bias, rows, out);
  if (plan.positions.empty()) return;
  ProductRun<T> run{plan, cutProduct<T>(plan, rows, pool.threads()), {}, x, rows, bias, out};
  const int64_t areas = !run.cut.packing ? 0 : run.cut.groups > 0 ? pool.threads() * run.cut.groupBlocks : run.cut.blocks;
  const int64_t weightCount = roundUp(packedWeightCount(plan), 64);
  const int64_t beginBytes = roundUp(static_cast<int64_t>(plan.packs.size() * sizeof(int64_t)), 64);
  // Loads go on to the end of a vector here, too.
  char* memory = static_cast<char*>(pool.scratch(
      0, static_cast<size_t>(beginBytes + (weightCount + areas * run.blockEntries() + LANES<T>) *
                                              static_cast<int64_t>(sizeof(T)))));
  int64_t* begin = reinterpret_cast<int64_t*>(memory);
  T* entries = reinterpret_cast<T*>(memory + beginBytes);
  packWeights(pool, plan, weight, entries, begin);
  run.weights = {entries, begin};
  if (run.cut.groups > 0) productByGroups(pool, run, entries + weightCount);
  else productByPositions(pool, run, entries + weightCount);
}
