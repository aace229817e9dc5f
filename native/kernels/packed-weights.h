// The weights of a linear map or a convolution as its tiles read them (product-tile.h), packed once per call.

/// Weights of every pack, tile after tile of outputs: entry (o, k) of a tile of MR at k · MR + o.
template <class T>
struct PackedWeights {
  T* entries;
  /// Where each pack begins.
  const int64_t* begin;
};

inline int64_t packedWeightCount(const ProductPlan& plan) {
  int64_t count = 0;
  for (size_t p = 0; p < plan.packs.size(); p++) {
    count += static_cast<int64_t>(plan.packs[p].outputs.size() * plan.packs[p].taps.size());
  }
  return count;
}

inline bool followEachOther(const int64_t* entries, int64_t count) {
  for (int64_t i = 1; i < count; i++) {
    if (entries[i] != entries[0] + i) return false;
  }
  return true;
}

/// The tile of TILE_OUTPUTS outputs where its weights lie side by side, along its taps (a matrix, kernels) or across its outputs (a
/// transposed matrix); otherwise false.
template <class T>
inline bool packWholeTile(const T* weight, const int64_t* outputs, const int64_t* taps, int64_t tapCount, bool besides, T* to) {
  if (besides) {
    const T* from[TILE_OUTPUTS];
    for (int m = 0; m < TILE_OUTPUTS; m++) from[m] = weight + taps[0] + outputs[m];
    for (int64_t k = 0; k < tapCount; k++) {
#pragma GCC unroll 8
      for (int m = 0; m < TILE_OUTPUTS; m++) to[k * TILE_OUTPUTS + m] = from[m][k];
    }
    return true;
  }
  if (!followEachOther(outputs, TILE_OUTPUTS)) return false;
  for (int64_t k = 0; k < tapCount; k++) {
    const T* from = weight + outputs[0] + taps[k];
#pragma GCC unroll 8
    for (int m = 0; m < TILE_OUTPUTS; m++) to[k * TILE_OUTPUTS + m] = from[m];
  }
  return true;
}

template <class T>
inline void packWeights(Pool& pool, const ProductPlan& plan, const T* weight, T* entries, int64_t* begin) {
  int64_t at = 0;
  for (size_t p = 0; p < plan.packs.size(); p++) {
    const int64_t* outputs = plan.packs[p].outputs.data();
    const int64_t* taps = plan.packs[p].taps.data();
    const int64_t outputCount = static_cast<int64_t>(plan.packs[p].outputs.size());
    const int64_t tapCount = static_cast<int64_t>(plan.packs[p].taps.size());
    begin[p] = at;
    T* to = entries + at;
    // Sums of nothing have no weights.
    if (tapCount == 0) continue;
    const bool besides = followEachOther(taps, tapCount);
    const int64_t tiles = (outputCount + TILE_OUTPUTS - 1) / TILE_OUTPUTS;
    inPieces(pool, tiles, 32768 / (tapCount * TILE_OUTPUTS + 1) + 1, [=](int64_t first, int64_t end) {
      for (int64_t tile = first; tile < end; tile++) {
        const int64_t o = tile * TILE_OUTPUTS;
        const int64_t height = outputCount - o < TILE_OUTPUTS ? outputCount - o : TILE_OUTPUTS;
        T* tileEntries = to + o * tapCount;
        if (height == TILE_OUTPUTS && packWholeTile(weight, outputs + o, taps, tapCount, besides, tileEntries)) continue;
        for (int64_t k = 0; k < tapCount; k++) {
          const T* from = weight + taps[k];
          for (int64_t m = 0; m < height; m++) tileEntries[k * height + m] = from[outputs[o + m]];
        }
      }
    });
    at += outputCount * tapCount;
  }
}
