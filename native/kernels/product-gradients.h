// Gradients of products in their weights. Lanes are rows; sums over lanes are made at the end of each run of positions.

/// Rows whose part of a convolution's gradient is summed by one thread: as many as let the image lines that positions
/// share stay in a second-level cache. Four pieces, or a multiple, whatever the threads, so that sums are the same.
constexpr int64_t GRADIENT_ROWS = 1024, GRADIENT_PIECES = 4;
/// Vectors of rows that are worth a piece: a tile's sums are fetched and put back once per position and piece.
constexpr int64_t GRADIENT_STEPS = 32;

/// Positions of one shape that are summed in registers, as long as they are so many and so many vectors of rows.
constexpr int64_t GRADIENT_RUN = 16, GRADIENT_RUN_STEPS = 32;

/// How many from position p on.
inline int64_t gradientRun(const ProductPlan& plan, int64_t p, int64_t steps) {
  const int64_t few = GRADIENT_RUN_STEPS / (steps + 1);
  const int64_t most = few < 1 ? 1 : few > GRADIENT_RUN ? GRADIENT_RUN : few;
  const int64_t count = static_cast<int64_t>(plan.positions.size());
  int64_t end = p + 1;
  while (end < count && end - p < most && plan.positions.data()[end].shape == plan.positions.data()[p].shape) end++;
  return end - p;
}

/// Tiles first … end − 1 of the outputs of one group.
struct GradientPart {
  int32_t group;
  int64_t first, end;
};

/// Adds the part of `rows` rows: y and x at the first of them, features `stride` apart. `totals` holds LANES sums for each
/// weight, TILE_OUTPUTS outputs side by side for each tap; `packed` a tile of y at a run of positions.
template <class T>
inline void convGradientRows(const ProductPlan& plan, const GradientPart& part, const T* y, const T* x, int64_t stride,
                             int64_t rows, T* packed, Vec<T>* totals) {
  const int64_t steps = (rows + LANES<T> - 1) / LANES<T>;
  const int last = static_cast<int>(rows - (steps - 1) * LANES<T>);
  const int64_t allTaps = static_cast<int64_t>(plan.packs.data()[part.group].taps.size());
  int64_t run = 1;
  for (int64_t p = 0; p < static_cast<int64_t>(plan.positions.size()); p += run) {
    const ProductPlan::Position& position = plan.positions.data()[p];
    const ProductPlan::Shape& shape = plan.shapes.data()[position.shape];
    run = gradientRun(plan, p, steps);
    if (shape.pack != part.group) continue;
    int64_t offset[GRADIENT_RUN];
    for (int64_t i = 0; i < run; i++) offset[i] = (plan.positions.data()[p + i].feature - position.feature) * stride;
    const T* image = x + position.feature * stride;
    const int32_t *feature = shape.feature.data(), *tap = shape.tap.data();
    const int64_t count = static_cast<int64_t>(shape.tap.size());
    for (int64_t tile = part.first; tile < part.end; tile++) {
      const int64_t o = tile * TILE_OUTPUTS;
      const int height = static_cast<int>(shape.outputs - o < TILE_OUTPUTS ? shape.outputs - o : TILE_OUTPUTS);
      for (int64_t i = 0; i < run; i++) {
        const int64_t first = plan.positions.data()[p + i].outFeature;
        for (int a = 0; a < height; a++) {
          const T* from = y + (first + shape.outFeature.data()[o + a]) * stride;
          packVectors(from, rows, packed + (i * height + a) * steps * LANES<T>);
        }
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
        dotTileOf(height, width, DotTile<T>{packed, steps * LANES<T>, right, ahead, offset, run, steps, last, to});
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
  const int64_t together = GRADIENT_RUN_STEPS > most ? GRADIENT_RUN_STEPS : most;
  const size_t tileBytes = static_cast<size_t>(TILE_OUTPUTS * together * LANES<T>) * sizeof(T);
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
