// Gradients of matrices: sums over rows of products of two features.

/// Rows of y that are packed at once.
constexpr int64_t LINEAR_GRADIENT_ROWS = 4096;
/// Rows of a tile's features of x that fit into a first-level cache beside what passes by.
constexpr int64_t LINEAR_TILE_ROWS = 512;

/// out[m][n] = Σ_row y[m] x[n]: tiles of TILE_OUTPUTS features of x stay near while y passes by.
template <class T>
inline void linearGradientOfManyRows(Pool& pool, int64_t outputs, int64_t inputs, const T* y, const T* x, int64_t rows, T* out) {
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
          const int64_t offset = 0, steps = (count + LANES<T> - 1) / LANES<T>;
          dotTileOf(height, width, DotTile<T>{packedX, LINEAR_TILE_ROWS, lines, lines, &offset, 1, steps, LANES<T>, to});
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

/// Rows up to which sums over lanes, one for each weight, cost more than the products.
constexpr int64_t LINEAR_FEW_ROWS = 256;

/// The same with features of x as lanes: a block of x is transposed, and rows are the taps of a product with y.
template <class T>
inline void linearGradientOfFewRows(Pool& pool, int64_t outputs, int64_t inputs, const T* y, const T* x, int64_t rows, T* out) {
  constexpr int64_t WIDTH = BLOCK_ROWS<T>;
  const int64_t tiles = (outputs + TILE_OUTPUTS - 1) / TILE_OUTPUTS, blocks = (inputs + WIDTH - 1) / WIDTH;
  const size_t indexBytes = alignedBytes(static_cast<size_t>(rows) * sizeof(int32_t));
  const size_t packedBytes = alignedBytes(static_cast<size_t>(outputs * rows) * sizeof(T));
  const int64_t ownEntries = rows * WIDTH;
  char* memory = static_cast<char*>(pool.scratch(
      0, indexBytes + packedBytes + static_cast<size_t>(ownEntries * pool.threads()) * sizeof(T)));
  int32_t* index = reinterpret_cast<int32_t*>(memory);
  T* packedY = reinterpret_cast<T*>(memory + indexBytes);
  T* areas = reinterpret_cast<T*>(memory + indexBytes + packedBytes);
  for (int64_t r = 0; r < rows; r++) index[r] = static_cast<int32_t>(r);
  inPieces(pool, tiles, featureGrain(rows * TILE_OUTPUTS), [=](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; tile++) {
      const int64_t o = tile * TILE_OUTPUTS, height = outputs - o < TILE_OUTPUTS ? outputs - o : TILE_OUTPUTS;
      for (int64_t m = 0; m < height; m++) {
        for (int64_t r = 0; r < rows; r++) packedY[o * rows + r * height + m] = y[(o + m) * rows + r];
      }
    }
  });
  forEach(pool, blocks, [&](int64_t block, int worker) {
    T* own = areas + worker * ownEntries;
    const int64_t n = block * WIDTH, count = inputs - n < WIDTH ? inputs - n : WIDTH;
    const int64_t vectors = (count + LANES<T> - 1) / LANES<T>;
    for (int64_t i = 0; i < count; i++) {
      for (int64_t r = 0; r < rows; r++) own[r * WIDTH + i] = x[(n + i) * rows + r];
    }
    const T start[TILE_OUTPUTS] = {};
    for (int64_t o = 0; o < outputs; o += TILE_OUTPUTS) {
      const int height = static_cast<int>(outputs - o < TILE_OUTPUTS ? outputs - o : TILE_OUTPUTS);
      T* lines[TILE_OUTPUTS];
      for (int m = 0; m < height; m++) lines[m] = out + (o + m) * inputs + n;
      const Tile<T> tile{packedY + o * rows, index, index, rows, own, WIDTH, start, lines, count};
      if (vectors == 1) productTileOf<T, 1>(height, tile);
      else if (vectors == 2) productTileOf<T, 2>(height, tile);
      else productTileOf<T, TILE_VECTORS>(height, tile);
    }
  });
}

template <class T>
inline void linearGradient(Pool& pool, int64_t outputs, int64_t inputs, const T* y, const T* x, int64_t rows, T* out) {
  if (rows <= LINEAR_FEW_ROWS) linearGradientOfFewRows(pool, outputs, inputs, y, x, rows, out);
  else linearGradientOfManyRows(pool, outputs, inputs, y, x, rows, out);
}
