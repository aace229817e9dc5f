// Gradients of products in their weights. Lanes are rows; sums over lanes are made at the end of each run of positions.

/// to[i] += the sum of sum[i]'s lanes, i < COUNT ≤ 8.
template <class T, int COUNT>
AUTODUAL_INLINE void addLanes(const Vec<T>* sum, T* to) {
  constexpr int GROUP = LANES<T> < 8 ? LANES<T> : 8;
  constexpr int EACH = LANES<T> / GROUP;
#pragma GCC unroll 8
  for (int first = 0; first < COUNT; first += GROUP) {
    Vec<T> some[GROUP];
#pragma GCC unroll 8
    for (int i = 0; i < GROUP; i++) some[i] = first + i < COUNT ? sum[first + i] : Vec<T>{};
    alignas(64) T lanes[LANES<T>];
    store(lanes, foldLanes<T, GROUP>(some));
    for (int i = 0; i < GROUP && first + i < COUNT; i++) {
      T total = lanes[i * EACH];
      for (int e = 1; e < EACH; e++) total += lanes[i * EACH + e];
      to[first + i] += total;
    }
  }
}

constexpr int64_t TILE_RIGHT = 3;

/// Dot products of features over `steps` vectors of rows, lanes apart: to[b][a] += left a ⊙ right b, where left a begins
/// at left + a · leftStride. Of the last vector `last` lanes count; left has zeros after them.
template <class T>
struct DotTile {
  const T* left;
  int64_t leftStride;
  const T* const* right;
  /// What comes next, to be fetched meanwhile.
  const T* const* ahead;
  int64_t steps;
  int last;
  Vec<T>* const* to;
};

template <class T, int A, int B>
inline void dotTile(const DotTile<T>& tile) {
  Vec<T> total[B][A];
  const T *left = tile.left, *right[B];
#pragma GCC unroll 4
  for (int b = 0; b < B; b++) {
    right[b] = tile.right[b];
#pragma GCC unroll 8
    for (int a = 0; a < A; a++) total[b][a] = tile.to[b][a];
  }
  const auto addStep = [&](int64_t s, const Vec<T>(&value)[B]) {
    const T* from = left + s * LANES<T>;
#pragma GCC unroll 8
    for (int a = 0; a < A; a++) {
      Vec<T> own = load(from + a * tile.leftStride);
      keepInRegister<T>(own);
#pragma GCC unroll 4
      for (int b = 0; b < B; b++) total[b][a] += own * value[b];
    }
  };
  const int64_t whole = tile.last == LANES<T> ? tile.steps : tile.steps - 1;
  for (int64_t s = 0; s < whole; s++) {
    Vec<T> value[B];
#pragma GCC unroll 4
    for (int b = 0; b < B; b++) {
      value[b] = load(right[b] + s * LANES<T>);
      __builtin_prefetch(tile.ahead[b] + s * LANES<T>);
    }
    addStep(s, value);
  }
  if (whole < tile.steps) {
    Vec<T> value[B];
#pragma GCC unroll 4
    for (int b = 0; b < B; b++) value[b] = loadSome<T>(right[b] + whole * LANES<T>, tile.last);
    addStep(whole, value);
  }
#pragma GCC unroll 4
  for (int b = 0; b < B; b++) {
#pragma GCC unroll 8
    for (int a = 0; a < A; a++) tile.to[b][a] = total[b][a];
  }
}

template <class T, int A>
inline void dotTileRight(int b, const DotTile<T>& tile) {
  switch (b) {
    case 1: return dotTile<T, A, 1>(tile);
    case 2: return dotTile<T, A, 2>(tile);
    default: return dotTile<T, A, 3>(tile);
  }
}

template <class T>
inline void dotTileOf(int a, int b, const DotTile<T>& tile) {
  switch (a) {
    case 1: return dotTileRight<T, 1>(b, tile);
    case 2: return dotTileRight<T, 2>(b, tile);
    case 3: return dotTileRight<T, 3>(b, tile);
#if AUTODUAL_VECTOR_BYTES == 64
    case 4: return dotTileRight<T, 4>(b, tile);
    case 5: return dotTileRight<T, 5>(b, tile);
    case 6: return dotTileRight<T, 6>(b, tile);
    case 7: return dotTileRight<T, 7>(b, tile);
#endif
    default: return dotTileRight<T, TILE_OUTPUTS>(b, tile);
  }
}

/// Copies `count` entries, zeros after them up to a whole vector.
template <class T>
inline void packVectors(const T* from, int64_t count, T* to) {
  for (int64_t row = 0; row < count; row += LANES<T>) store(to + row, loadUpTo(from + row, count - row));
}

/// Rows of y that are packed at once.
constexpr int64_t LINEAR_GRADIENT_ROWS = 4096;
/// Rows of a tile's features of x that fit into a first-level cache beside what passes by.
constexpr int64_t LINEAR_TILE_ROWS = 512;

/// out[m][n] = Σ_row y[m] x[n]: tiles of TILE_OUTPUTS features of x stay near while y passes by.
template <class T>
inline void linearGradient(Pool& pool, int64_t outputs, int64_t inputs, const T* y, const T* x, int64_t rows, T* out) {
  const int64_t tiles = (inputs + TILE_OUTPUTS - 1) / TILE_OUTPUTS;
  const int64_t most = roundUp(rows < LINEAR_GRADIENT_ROWS ? rows : LINEAR_GRADIENT_ROWS, LANES<T>);
  const int64_t xEntries = TILE_OUTPUTS * LINEAR_TILE_ROWS;
  const int64_t right = roundUp(outputs, TILE_RIGHT);
  const int64_t ownEntries = xEntries + right * TILE_OUTPUTS * LANES<T>;
  T* packedY = static_cast<T*>(
      pool.scratch(0, static_cast<size_t>(outputs * most + ownEntries * pool.threads()) * sizeof(T)));
  T* areas = packedY + outputs * most;
  for (int64_t first = 0; first < rows || first == 0; first += LINEAR_GRADIENT_ROWS) {
    const int64_t here = rows - first < LINEAR_GRADIENT_ROWS ? rows - first : LINEAR_GRADIENT_ROWS;
    inPieces(pool, outputs, featureGrain(here), [=](int64_t begin, int64_t end) {
      for (int64_t m = begin; m < end; m++) packVectors(y + m * rows + first, here, packedY + m * most);
    });
    forEach(pool, tiles, [&](int64_t tile, int worker) {
      T* packedX = areas + worker * ownEntries;
      Vec<T>* totals = reinterpret_cast<Vec<T>*>(packedX + xEntries);
      const int64_t n = tile * TILE_OUTPUTS;
      const int height = static_cast<int>(inputs - n < TILE_OUTPUTS ? inputs - n : TILE_OUTPUTS);
      for (int64_t i = 0; i < right * TILE_OUTPUTS; i++) totals[i] = Vec<T>{};
      for (int64_t row = 0; row < here; row += LINEAR_TILE_ROWS) {
        const int64_t count = here - row < LINEAR_TILE_ROWS ? here - row : LINEAR_TILE_ROWS;
        for (int a = 0; a < height; a++) {
          packVectors(x + (n + a) * rows + first + row, count, packedX + a * LINEAR_TILE_ROWS);
        }
        for (int64_t m = 0; m < outputs; m += TILE_RIGHT) {
          const int width = static_cast<int>(outputs - m < TILE_RIGHT ? outputs - m : TILE_RIGHT);
          const T* lines[TILE_RIGHT];
          Vec<T>* to[TILE_RIGHT];
          for (int b = 0; b < width; b++) {
            lines[b] = packedY + (m + b) * most + row;
            to[b] = totals + (m + b) * TILE_OUTPUTS;
          }
          dotTileOf(height, width,
                    DotTile<T>{packedX, LINEAR_TILE_ROWS, lines, lines, (count + LANES<T> - 1) / LANES<T>, LANES<T>, to});
        }
      }
      for (int64_t m = 0; m < outputs; m++) {
        T sums[TILE_OUTPUTS] = {};
        addLanes<T, TILE_OUTPUTS>(totals + m * TILE_OUTPUTS, sums);
        T* to = out + m * inputs + n;
        for (int a = 0; a < height; a++) to[a] = first == 0 ? sums[a] : to[a] + sums[a];
      }
    });
  }
}

/// Rows whose part of a convolution's gradient is summed by one thread: as many as let the image lines that positions
/// share stay in a second-level cache. Four pieces, or a multiple, whatever the threads, so that sums are the same.
constexpr int64_t GRADIENT_ROWS = 1024, GRADIENT_PIECES = 4;
/// Vectors of rows that are worth a piece: a tile's sums are fetched and put back once per position and piece.
constexpr int64_t GRADIENT_STEPS = 32;

/// Tiles first … end − 1 of the outputs of one group.
struct GradientPart {
  int32_t group;
  int64_t first, end;
};

/// Adds the part of `rows` rows: y and x at the first of them, features `stride` apart. `totals` holds LANES sums for each
/// weight, TILE_OUTPUTS outputs side by side for each tap; `packed` a tile of y.
template <class T>
inline void convGradientRows(const ProductPlan& plan, const GradientPart& part, const T* y, const T* x, int64_t stride,
                             int64_t rows, T* packed, Vec<T>* totals) {
  const int64_t steps = (rows + LANES<T> - 1) / LANES<T>;
  const int last = static_cast<int>(rows - (steps - 1) * LANES<T>);
  const int64_t allTaps = static_cast<int64_t>(plan.packs.data()[part.group].taps.size());
  for (size_t p = 0; p < plan.positions.size(); p++) {
    const ProductPlan::Position& position = plan.positions.data()[p];
    const ProductPlan::Shape& shape = plan.shapes.data()[position.shape];
    if (shape.pack != part.group) continue;
    const T* image = x + position.feature * stride;
    const int32_t *feature = shape.feature.data(), *tap = shape.tap.data();
    const int64_t count = static_cast<int64_t>(shape.tap.size());
    for (int64_t tile = part.first; tile < part.end; tile++) {
      const int64_t o = tile * TILE_OUTPUTS;
      const int height = static_cast<int>(shape.outputs - o < TILE_OUTPUTS ? shape.outputs - o : TILE_OUTPUTS);
      for (int a = 0; a < height; a++) {
        const T* from = y + (position.outFeature + shape.outFeature.data()[o + a]) * stride;
        packVectors(from, rows, packed + a * steps * LANES<T>);
      }
      Vec<T>* own = totals + (tile - part.first) * allTaps * TILE_OUTPUTS;
      for (int64_t k = 0; k < count; k += TILE_RIGHT) {
        const int width = static_cast<int>(count - k < TILE_RIGHT ? count - k : TILE_RIGHT);
        const T *right[TILE_RIGHT], *ahead[TILE_RIGHT];
        Vec<T>* to[TILE_RIGHT];
        for (int b = 0; b < width; b++) {
          right[b] = image + feature[k + b] * stride;
          ahead[b] = k + TILE_RIGHT + b < count ? image + feature[k + TILE_RIGHT + b] * stride : right[b];
          to[b] = own + tap[k + b] * TILE_OUTPUTS;
        }
        dotTileOf(height, width, DotTile<T>{packed, steps * LANES<T>, right, ahead, steps, last, to});
      }
    }
  }
}

/// Rows are cut into pieces, whose number depends on the sizes alone; each is summed on its own, and the pieces' sums
/// are added in order, so that the result does not depend on the threads.
template <class T>
inline void convGradient(Pool& pool, const ProductPlan& plan, const T* y, const T* x, int64_t rows, T* out) {
  const int64_t groups = static_cast<int64_t>(plan.packs.size());
  const int64_t taps = static_cast<int64_t>(plan.packs.data()[0].taps.size());
  const int64_t outputs = static_cast<int64_t>(plan.packs.data()[0].outputs.size());
  const int64_t weights = groups * outputs * taps;
  const int64_t tiles = (outputs + TILE_OUTPUTS - 1) / TILE_OUTPUTS;
  const int64_t vectors = (rows + LANES<T> - 1) / LANES<T>;
  int64_t pieces = (rows + GRADIENT_PIECES * GRADIENT_ROWS - 1) / (GRADIENT_PIECES * GRADIENT_ROWS) * GRADIENT_PIECES;
  if (pieces > vectors / GRADIENT_STEPS) pieces = vectors / GRADIENT_STEPS;
  if (pieces == 0 && rows > 0) pieces = 1;
  const int64_t most = pieces == 0 ? 0 : (vectors + pieces - 1) / pieces;
  // Few rows are shared out by tiles as well; many would be fetched once per tile.
  const int64_t tilesAtOnce = rows > GRADIENT_ROWS ? tiles : 1;
  const int64_t turns = (tiles + tilesAtOnce - 1) / tilesAtOnce;
  // One after the other: the pieces' sums; then for each thread its tile and totals.
  const size_t partialBytes = alignedBytes(static_cast<size_t>(pieces * weights) * sizeof(T));
  const size_t tileBytes = static_cast<size_t>(TILE_OUTPUTS * most * LANES<T>) * sizeof(T);
  const int64_t totalCount = tilesAtOnce * taps * TILE_OUTPUTS;
  const size_t ownBytes = tileBytes + static_cast<size_t>(totalCount) * sizeof(Vec<T>);
  char* memory = static_cast<char*>(
      pool.scratch(0, partialBytes + ownBytes * static_cast<size_t>(pool.threads())));
  T* partial = reinterpret_cast<T*>(memory);
  forEach(pool, pieces * groups * turns, [&](int64_t item, int worker) {
    char* own = memory + partialBytes + ownBytes * static_cast<size_t>(worker);
    T* packed = reinterpret_cast<T*>(own);
    Vec<T>* totals = reinterpret_cast<Vec<T>*>(own + tileBytes);
    for (int64_t i = 0; i < totalCount; i++) totals[i] = Vec<T>{};
    const int64_t piece = item / (groups * turns), group = item / turns % groups, turn = item % turns;
    const int64_t endTile = (turn + 1) * tilesAtOnce < tiles ? (turn + 1) * tilesAtOnce : tiles;
    const GradientPart part{static_cast<int32_t>(group), turn * tilesAtOnce, endTile};
    const int64_t first = piece * vectors / pieces * LANES<T>, end = (piece + 1) * vectors / pieces * LANES<T>;
    convGradientRows(plan, part, y + first, x + first, rows, (end < rows ? end : rows) - first, packed, totals);
    T* to = partial + (piece * groups + group) * outputs * taps;
    for (int64_t tile = part.first; tile < part.end; tile++) {
      const int64_t o = tile * TILE_OUTPUTS;
      const int64_t height = outputs - o < TILE_OUTPUTS ? outputs - o : TILE_OUTPUTS;
      for (int64_t k = 0; k < taps; k++) {
        T sums[TILE_OUTPUTS] = {};
        addLanes<T, TILE_OUTPUTS>(totals + ((tile - part.first) * taps + k) * TILE_OUTPUTS, sums);
        for (int64_t a = 0; a < height; a++) to[(o + a) * taps + k] = sums[a];
      }
    }
  });
  inPieces(pool, weights, 16384, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      T total = 0;
      for (int64_t piece = 0; piece < pieces; piece++) total += partial[piece * weights + i];
      out[i] = total;
    }
  });
}

template <class T>
void productGradient(Pool& pool, const GradientPlan& plan, const T* y, const T* x, int64_t rows, T* out) {
  if (plan.linear) linearGradient(pool, plan.outFeatures, plan.inFeatures, y, x, rows, out);
  else convGradient(pool, plan.convolution, y, x, rows, out);
}
