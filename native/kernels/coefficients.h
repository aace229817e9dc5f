// How rows on their way back read coefficients: row r of feature f takes entry line(f) + place(r) of each tensor. Rows that see
// patches read them off the images, which lie near the cores as long as neighbours are in work.

/// Up to four tensors that rows read alike.
template <class T>
struct Coefficients {
  const T* from[4];
  /// Where features begin; null: each after `columns` more.
  const int64_t* line;
  int64_t columns;
  /// Where rows read; a null table of indexed owners is never read.
  Owners::Kind kind;
  const int32_t* place;
};

/// Images `[channels·height·width, columns]` as patches read them: column by column, with zeros around as far as patches reach.
struct SeenImages {
  Sight sight;
  int64_t rows;
  int64_t above, before, height, width, firstColumn, columns;
  int count;  ///< of tensors

  int64_t features() const { return sight.window.channels * sight.window.patchHeight * sight.window.patchWidth; }
  int64_t entries() const { return sight.window.channels * height * width; }
  size_t placeBytes() const { return alignedBytes(static_cast<size_t>(rows) * sizeof(int32_t)); }
  size_t lineBytes() const { return alignedBytes(static_cast<size_t>(features()) * sizeof(int64_t)); }
  /// With what loads read beyond the last image.
  size_t imageBytes(size_t entry) const { return alignedBytes(static_cast<size_t>(columns * entries()) * entry) + 128; }
  size_t bytes(size_t entry) const { return placeBytes() + lineBytes() + static_cast<size_t>(count) * imageBytes(entry); }
};

/// How large images become with what patches see beyond them.
inline SeenImages measureSight(const Sight& sight, int64_t rows, int count) {
  const auto [top, left, bottom, right, firstColumn, lastColumn] = reachOf(sight.examples, sight.window, sight.viewers);
  return {sight, rows, -top, -left, bottom - top, right - left, firstColumn, lastColumn - firstColumn + 1, count};
}

/// One tensor's images with zeros around them.
template <class T>
void padSeenImages(Pool& pool, const T* x, const SeenImages& seen, T* out) {
  const Window& w = seen.sight.window;
  const int64_t all = seen.sight.examples.columns;
  forEach(pool, w.channels * seen.height, [&](int64_t item, int) {
    const int64_t channel = item / seen.height, y = item % seen.height - seen.above;
    for (int64_t c = 0; c < seen.columns; c++) {
      T* to = out + c * seen.entries() + item * seen.width;
      if (y < 0 || y >= w.height) {
        for (int64_t i = 0; i < seen.width; i++) to[i] = 0;
        continue;
      }
      const T* from = x + (channel * w.height + y) * w.width * all + seen.firstColumn + c;
      for (int64_t i = 0; i < seen.before; i++) to[i] = 0;
      for (int64_t i = 0; i < w.width; i++) to[seen.before + i] = from[i * all];
      for (int64_t i = seen.before + w.width; i < seen.width; i++) to[i] = 0;
    }
  });
}

/// Fills memory of `seen.bytes`.
template <class T>
Coefficients<T> seeImages(Pool& pool, const SeenImages& seen, const Owners& viewers, const T* const* tensors, char* memory) {
  const Window& w = seen.sight.window;
  int32_t* place = reinterpret_cast<int32_t*>(memory);
  int64_t* line = reinterpret_cast<int64_t*>(memory + seen.placeBytes());
  for (int64_t r = 0; r < seen.rows; r++) {
    const int32_t v = ownerOf(viewers, r);
    const int64_t y = nearPlace(w.top[v], w.patchHeight, w.height) + seen.above;
    const int64_t x = nearPlace(w.left[v], w.patchWidth, w.width) + seen.before;
    const int64_t column = ownerOf(seen.sight.examples, v) - seen.firstColumn;
    place[r] = static_cast<int32_t>(column * seen.entries() + y * seen.width + x);
  }
  int64_t* next = line;
  for (int64_t channel = 0; channel < w.channels; channel++) {
    for (int64_t y = 0; y < w.patchHeight; y++) {
      for (int64_t x = 0; x < w.patchWidth; x++) *next++ = (channel * seen.height + y) * seen.width + x;
    }
  }
  Coefficients<T> coefficients{{}, line, 0, Owners::Kind::indexed, place};
  char* images = memory + seen.placeBytes() + seen.lineBytes();
  int made = 0;
  for (int i = 0; i < 4; i++) {
    if (tensors[i] == nullptr) continue;
    T* own = reinterpret_cast<T*>(images + static_cast<size_t>(made++) * seen.imageBytes(sizeof(T)));
    padSeenImages(pool, tensors[i], seen, own);
    coefficients.from[i] = own;
  }
  return coefficients;
}

/// Coefficients of whole columns.
template <class T>
Coefficients<T> wholeColumns(const Owners& owners, const T* const* tensors) {
  return {{tensors[0], tensors[1], tensors[2], tensors[3]}, nullptr, owners.columns, owners.kind, owners.column};
}

/// How LANES rows read a line: by a load and a shuffle where their places lie near one another, by two where they lie less
/// near, else one by one.
template <class T>
struct LanePlaces {
  typedef typename IndexOf<T>::type Lane;
  typedef Lane Lanes __attribute__((vector_size(AUTODUAL_VECTOR_BYTES), may_alias));
  alignas(64) Lane lane[LANES<T>];
  int32_t place[LANES<T>];
  int32_t least;
  int32_t loads;  ///< 0: one by one
};

/// Of rows first … first + count − 1, a whole number of vectors with the last row again and again.
template <class T>
inline void placeLanes(const Coefficients<T>& c, int64_t first, int64_t count, int64_t padded, LanePlaces<T>* to) {
  for (int64_t row = 0; row < padded; row += LANES<T>, to++) {
    int32_t least = 0, most = 0;
    for (int i = 0; i < LANES<T>; i++) {
      const int64_t r = first + (row + i < count ? row + i : count - 1);
      const int32_t p = c.kind == Owners::Kind::shared ? 0 : c.place == nullptr ? static_cast<int32_t>(r) : c.place[r];
      least = i == 0 || p < least ? p : least;
      most = i == 0 || p > most ? p : most;
      to->place[i] = p;
    }
    to->least = least;
    to->loads = most - least < LANES<T> ? 1 : most - least < 2 * LANES<T> ? 2 : 0;
    for (int i = 0; i < LANES<T>; i++) to->lane[i] = to->loads == 0 ? 0 : to->place[i] - least;
  }
}

template <class T>
AUTODUAL_INLINE Vec<T> readLanes(const T* line, const LanePlaces<T>& places) {
  typedef typename LanePlaces<T>::Lanes Lanes;
  const Lanes lanes = *reinterpret_cast<const Lanes*>(places.lane);
  if (places.loads == 1) return __builtin_shuffle(load(line + places.least), lanes);
  if (places.loads == 2) {
    const T* from = line + places.least;
    return __builtin_shuffle(load(from), load(from + LANES<T>), lanes);
  }
  return gatherLanes(line, places.place);
}
