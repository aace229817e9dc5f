// Sums over rows of products of two features, a tile of them at a time: what gradients in weights are made of. Lanes are rows.

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

/// Dot products of features over `steps` vectors of rows, at each of some positions, lanes apart: to[b][a] += left a ⊙ right b.
/// Left a begins at left + a · leftStride, a position's after all of the one before; right b at right[b] + offset[position]. Of the
/// last vector `last` lanes count; left has zeros after them.
template <class T>
struct DotTile {
  const T* left;
  int64_t leftStride;
  const T* const* right;
  /// What comes next, to be fetched meanwhile.
  const T* const* ahead;
  const int64_t* offset;
  int64_t positions;
  int64_t steps;
  int last;
  Vec<T>* const* to;
};

template <class T, int A, int B>
inline void dotTile(const DotTile<T>& tile) {
  Vec<T> total[B][A];
#pragma GCC unroll 4
  for (int b = 0; b < B; b++) {
#pragma GCC unroll 8
    for (int a = 0; a < A; a++) total[b][a] = tile.to[b][a];
  }
  const auto addStep = [&](const T* from, const Vec<T>(&value)[B]) {
#pragma GCC unroll 8
    for (int a = 0; a < A; a++) {
      Vec<T> own = load(from + a * tile.leftStride);
      keepInRegister<T>(own);
#pragma GCC unroll 4
      for (int b = 0; b < B; b++) total[b][a] += own * value[b];
    }
  };
  const int64_t whole = tile.last == LANES<T> ? tile.steps : tile.steps - 1;
  for (int64_t p = 0; p < tile.positions; p++) {
    const int64_t offset = tile.offset[p];
    const T* left = tile.left + p * A * tile.leftStride;
    for (int64_t s = 0; s < whole; s++) {
      Vec<T> value[B];
#pragma GCC unroll 4
      for (int b = 0; b < B; b++) {
        value[b] = load(tile.right[b] + offset + s * LANES<T>);
        __builtin_prefetch(tile.ahead[b] + offset + s * LANES<T>);
      }
      addStep(left + s * LANES<T>, value);
    }
    if (whole < tile.steps) {
      Vec<T> value[B];
#pragma GCC unroll 4
      for (int b = 0; b < B; b++) value[b] = loadSome<T>(tile.right[b] + offset + whole * LANES<T>, tile.last);
      addStep(left + whole * LANES<T>, value);
    }
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
