// How kernels read coefficients `[features, columns]` along rows: row r of feature f takes entry line[f][place[r]].

/// Integers as wide as T, as shuffles want them.
template <class T>
struct IndexOf {
  typedef int32_t type;
};
template <>
struct IndexOf<double> {
  typedef int64_t type;
};

inline int32_t ownerOf(const Owners& owners, int64_t row) {
  if (owners.kind == Owners::Kind::own) return static_cast<int32_t>(row);
  return owners.kind == Owners::Kind::shared ? 0 : owners.column[row];
}

/// The entries line[place[i]].
template <class T>
AUTODUAL_INLINE Vec<T> gatherLanes(const T* line, const int32_t* place) {
  alignas(64) T all[LANES<T>];
#pragma GCC unroll 16
  for (int i = 0; i < LANES<T>; i++) all[i] = line[place[i]];
  return load(all);
}

#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
AUTODUAL_INLINE Vec<float> gatherLanes(const float* line, const int32_t* place) {
  return (Vec<float>)_mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, _mm512_loadu_si512(place), line, 4);
}
AUTODUAL_INLINE Vec<double> gatherLanes(const double* line, const int32_t* place) {
  const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place));
  return (Vec<double>)_mm512_mask_i32gather_pd(_mm512_setzero_pd(), 0xff, index, line, 8);
}
#endif

/// Reads a vector of coefficients for LANES rows. A line is a feature's coefficients; `end` is where the tensor ends.
/// Rows of neighbouring columns take one load and a shuffle, others a gather.
template <class T>
class Spread {
 public:
  /// `memory` holds `bytesFor(rows)`.
  Spread(const Owners& owners, int64_t rows, void* memory) : shared_(owners.kind == Owners::Kind::shared) {
    if (owners.kind != Owners::Kind::indexed) return;
    const int32_t* place = owners.column;
    const int64_t columns = owners.columns;
    vectors_ = static_cast<Vector*>(memory);
    for (int64_t row = 0; row < rows; row += LANES<T>) {
      Vector& vector = vectors_[row / LANES<T>];
      const int lanes = rows - row < LANES<T> ? static_cast<int>(rows - row) : LANES<T>;
      int32_t least = place[row], most = least;
      for (int i = 1; i < lanes; i++) {
        const int32_t p = place[row + i];
        least = p < least ? p : least;
        most = p > most ? p : most;
      }
      if (least + LANES<T> > columns) least = columns < LANES<T> ? 0 : static_cast<int32_t>(columns) - LANES<T>;
      vector.near = most - least < LANES<T>;
      vector.least = least;
      for (int i = 0; i < LANES<T>; i++) {
        const int32_t p = place[row + (i < lanes ? i : lanes - 1)];
        vector.lane[i] = vector.near ? p - least : 0;
        vector.place[i] = p;
      }
    }
  }

  static size_t bytesFor(int64_t rows) { return static_cast<size_t>(rows / LANES<T> + 1) * sizeof(Vector); }

  /// Coefficients of the rows from `row`, a multiple of LANES, of which `left` are left; beyond them any numbers.
  AUTODUAL_MEMBER Vec<T> at(const T* line, const T* end, int64_t row, int64_t left) const {
    if (shared_) return broadcast(line[0]);
    if (vectors_ == nullptr) return loadUpTo(line + row, left);
    const Vector& vector = vectors_[row / LANES<T>];
    if (!vector.near) return gatherLanes(line, vector.place);
    const T* from = line + vector.least;
    const Vec<T> some = loadUpTo(from, end - from);
    return __builtin_shuffle(some, *reinterpret_cast<const Lanes*>(vector.lane));
  }

 private:
  typedef typename IndexOf<T>::type Lanes __attribute__((vector_size(AUTODUAL_VECTOR_BYTES), may_alias));
  struct Vector {
    alignas(64) typename IndexOf<T>::type lane[LANES<T>];
    int32_t place[LANES<T>];
    int32_t least;
    bool near;
  };
  bool shared_;
  Vector* vectors_ = nullptr;
};

inline size_t alignedBytes(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// Calls body(feature, spread, lines) for every feature, shared among threads; `lines` is room for LINES lines of rows.
template <class T, int LINES, class Body>
void byFeature(Pool& pool, int64_t f, int64_t rows, const Owners& owners, const Body& body) {
  const size_t lineBytes = alignedBytes(static_cast<size_t>(rows) * sizeof(T));
  const size_t tableBytes = alignedBytes(Spread<T>::bytesFor(rows));
  char* memory =
      static_cast<char*>(pool.scratch(0, tableBytes + LINES * lineBytes * static_cast<size_t>(pool.threads())));
  const Spread<T> spread(owners, rows, memory);
  const int64_t grain = featureGrain(rows);
  forEach(pool, (f + grain - 1) / grain, [&](int64_t item, int worker) {
    T* lines[LINES + 1] = {};
    for (int i = 0; i < LINES; i++) {
      lines[i] = reinterpret_cast<T*>(memory + tableBytes + static_cast<size_t>(worker * LINES + i) * lineBytes);
    }
    const int64_t end = (item + 1) * grain < f ? (item + 1) * grain : f;
    for (int64_t feature = item * grain; feature < end; feature++) body(feature, spread, lines);
  });
}

/// Σ line[i].
template <class T>
AUTODUAL_INLINE T sumLine(const T* line, int64_t count) {
  int64_t i = 0;
  T total = 0;
  if (count >= 2 * LANES<T>) {
    Vec<T> a{}, b{};
    for (; i + 2 * LANES<T> <= count; i += 2 * LANES<T>) {
      a += load(line + i);
      b += load(line + i + LANES<T>);
    }
    total = sumLanes<T>(a + b);
  }
  for (; i < count; i++) total += line[i];
  return total;
}

/// out[c] = Σ of line over the rows of column c, for `columns` columns.
template <class T>
AUTODUAL_INLINE void sumByOwner(const T* line, int64_t rows, const Owners& owners, T* out) {
  switch (owners.kind) {
    case Owners::Kind::own:
      for (int64_t r = 0; r < rows; r++) out[r] = line[r];
      return;
    case Owners::Kind::shared:
      out[0] = sumLine(line, rows);
      return;
    case Owners::Kind::indexed:
      if (owners.begin != nullptr) {
        for (int64_t c = 0; c < owners.columns; c++) {
          out[c] = sumLine(line + owners.begin[c], owners.begin[c + 1] - owners.begin[c]);
        }
        return;
      }
      for (int64_t c = 0; c < owners.columns; c++) out[c] = 0;
      for (int64_t r = 0; r < rows; r++) out[owners.column[r]] += line[r];
      return;
  }
}
