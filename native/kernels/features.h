// Exact moves of features and rows.

/// Square blocks that fit into a first-level cache with room to spare.
constexpr int64_t TRANSPOSE_BLOCK = 32;

template <class T>
void transpose(Pool& pool, const T* x, int64_t f, int64_t rows, T* out) {
  inPieces(pool, (rows + TRANSPOSE_BLOCK - 1) / TRANSPOSE_BLOCK, 1 + 512 / (f + 1), [=](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      const int64_t row = block * TRANSPOSE_BLOCK;
      const int64_t lastRow = row + TRANSPOSE_BLOCK < rows ? row + TRANSPOSE_BLOCK : rows;
      for (int64_t feature = 0; feature < f; feature += TRANSPOSE_BLOCK) {
        const int64_t lastFeature = feature + TRANSPOSE_BLOCK < f ? feature + TRANSPOSE_BLOCK : f;
        for (int64_t r = row; r < lastRow; r++) {
          for (int64_t i = feature; i < lastFeature; i++) out[r * f + i] = x[i * rows + r];
        }
      }
    }
  });
}

template <class T>
void gather(Pool& pool, const T* x, const int32_t* index, int64_t count, int64_t rows, T* out) {
  inPieces(pool, count, featureGrain(rows), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      T* to = out + i * rows;
      if (index[i] < 0) {
        for (int64_t r = 0; r < rows; r++) to[r] = 0;
      } else {
        __builtin_memcpy(to, x + index[i] * rows, static_cast<size_t>(rows) * sizeof(T));
      }
    }
  });
}

/// Rows are shared among threads, not features: several entries of y may go to one feature.
template <class T>
void scatterAdd(Pool& pool, const T* y, const int32_t* index, int64_t count, int64_t rows, int64_t f, T* out) {
  const int64_t grain = 16384 / (f + count + 1) + 1;
  inPieces(pool, rows, grain < 256 ? 256 : grain, [=](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < f; i++) {
      for (int64_t r = begin; r < end; r++) out[i * rows + r] = 0;
    }
    for (int64_t i = 0; i < count; i++) {
      if (index[i] < 0) continue;
      T* to = out + index[i] * rows;
      const T* from = y + i * rows;
      for (int64_t r = begin; r < end; r++) to[r] += from[r];
    }
  });
}

template <class T>
void replace(Pool& pool, const T* x, const int32_t* index, const T* y, int64_t count, int64_t rows, int64_t f, T* out) {
  inPieces(pool, f * rows, 1 << 16, [=](int64_t begin, int64_t end) {
    __builtin_memcpy(out + begin, x + begin, static_cast<size_t>(end - begin) * sizeof(T));
  });
  // One thread: should an index occur twice, the last counts.
  for (int64_t i = 0; i < count; i++) {
    __builtin_memcpy(out + index[i] * rows, y + i * rows, static_cast<size_t>(rows) * sizeof(T));
  }
}
