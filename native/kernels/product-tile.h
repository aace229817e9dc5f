// The register tile that linear maps and convolutions are made of: MR outputs × NV vectors of rows, which are the lanes.
// Each tap costs NV loads of x and MR broadcasts of weights for MR · NV fused multiply-adds.

#if AUTODUAL_VECTOR_BYTES == 64
constexpr int TILE_OUTPUTS = 8, TILE_VECTORS = 3;
#else
constexpr int TILE_OUTPUTS = 4, TILE_VECTORS = 3;
#endif

template <class T>
inline constexpr int BLOCK_ROWS = TILE_VECTORS * LANES<T>;

/// A tile of outputs: Σ_k w[tap[k]][o] · x[feature[k]] for `count` rows, added to bias[o], or without a bias to what is
/// there. Loads go on to the end of a vector: there are 64 bytes to read beyond any tensor (arena.cc).
template <class T>
struct Tile {
  const T* w;
  const int32_t *tap, *feature;
  int64_t taps;
  const T* x;
  int64_t xStride;
  const T* bias;
  T* const* out;
  int64_t count;
};

/// The tile of MR outputs and NV vectors of rows.
template <class T, int MR, int NV>
AUTODUAL_INLINE void productTile(const Tile<T>& tile) {
  const auto& [w, tap, feature, taps, x, xStride, bias, out, count] = tile;
  Vec<T> sum[MR][NV];
#pragma GCC unroll 8
  for (int m = 0; m < MR; m++) {
    if (bias == nullptr) {
#pragma GCC unroll 6
      for (int v = 0; v < NV; v++) sum[m][v] = loadUpTo(out[m] + v * LANES<T>, count - v * LANES<T>);
      continue;
    }
    const Vec<T> start = broadcast<T>(bias[m]);
    // Where the results go is on its way here while they are computed.
#pragma GCC unroll 6
    for (int v = 0; v < NV; v++) __builtin_prefetch(out[m] + v * LANES<T>, 1);
#pragma GCC unroll 6
    for (int v = 0; v < NV; v++) sum[m][v] = start;
  }
  for (int64_t k = 0; k < taps; k++) {
    const T* from = x + feature[k] * xStride;
    const T* factor = w + static_cast<int64_t>(tap[k]) * MR;
    Vec<T> value[NV];
#pragma GCC unroll 6
    for (int v = 0; v < NV; v++) value[v] = load(from + v * LANES<T>);
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++) {
      const Vec<T> weight = broadcast<T>(factor[m]);
#pragma GCC unroll 6
      for (int v = 0; v < NV; v++) sum[m][v] += weight * value[v];
    }
  }
  if (count == NV * LANES<T>) {
#pragma GCC unroll 8
    for (int m = 0; m < MR; m++) {
#pragma GCC unroll 6
      for (int v = 0; v < NV; v++) store(out[m] + v * LANES<T>, sum[m][v]);
    }
    return;
  }
#pragma GCC unroll 8
  for (int m = 0; m < MR; m++) {
    int64_t left = count;
#pragma GCC unroll 6
    for (int v = 0; v < NV; v++) {
      const int64_t here = left < LANES<T> ? left : LANES<T>;
      if (here > 0) storeSome(out[m] + v * LANES<T>, sum[m][v], static_cast<int>(here));
      left -= here;
    }
  }
}

template <class T, int NV>
inline void productTileOf(int outputs, const Tile<T>& tile) {
  switch (outputs) {
    case 1: return productTile<T, 1, NV>(tile);
    case 2: return productTile<T, 2, NV>(tile);
    case 3: return productTile<T, 3, NV>(tile);
    case 4: return productTile<T, 4, NV>(tile);
#if AUTODUAL_VECTOR_BYTES == 64
    case 5: return productTile<T, 5, NV>(tile);
    case 6: return productTile<T, 6, NV>(tile);
    case 7: return productTile<T, 7, NV>(tile);
    default: return productTile<T, 8, NV>(tile);
#endif
  }
}
