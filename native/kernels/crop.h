// Patches of images, one per row.

constexpr int64_t PLACES_BEYOND = 16;

/// Where the patches of rows lie in images `[channels·height·width, columns]` that have been given zeros around them,
/// as far as patches reach. Entry (feature f of the patch, row r) is image[offset(f) + base[r]].
struct PatchPlaces {
  int64_t channels, patchHeight, patchWidth;
  /// Of the padded images: lines above, pixels to the left, sizes, and columns firstColumn … firstColumn + columns − 1.
  int64_t above, before, height, width, firstColumn, columns;
  bool padded;  ///< whether they differ from the images at hand
  int32_t* base;

  int64_t channelEntries() const { return height * width * columns; }
  int64_t offset(int64_t f) const {
    const int64_t across = f % patchWidth, line = f / patchWidth;
    return ((line / patchHeight * height + line % patchHeight) * width + across) * columns;
  }
};

/// A patch that lies outside by more than its size is where it would just be outside.
inline int64_t nearPlace(int64_t at, int64_t patch, int64_t size) { return at < -patch ? -patch : at > size ? size : at; }

/// How far patches of so many viewers reach over images, and which columns they see.
struct PatchReach {
  int64_t top, left, bottom, right;
  int32_t firstColumn, lastColumn;
};

inline PatchReach reachOf(const Owners& owners, const Window& w, int64_t viewers) {
  PatchReach reach{0, 0, w.height, w.width, 0, 0};
  if (viewers > 0) reach.firstColumn = reach.lastColumn = ownerOf(owners, 0);
  for (int64_t v = 0; v < viewers; v++) {
    const int64_t y = nearPlace(w.top[v], w.patchHeight, w.height);
    const int64_t x = nearPlace(w.left[v], w.patchWidth, w.width);
    const int32_t c = ownerOf(owners, v);
    reach.top = y < reach.top ? y : reach.top;
    reach.left = x < reach.left ? x : reach.left;
    reach.bottom = y + w.patchHeight > reach.bottom ? y + w.patchHeight : reach.bottom;
    reach.right = x + w.patchWidth > reach.right ? x + w.patchWidth : reach.right;
    reach.firstColumn = c < reach.firstColumn ? c : reach.firstColumn;
    reach.lastColumn = c > reach.lastColumn ? c : reach.lastColumn;
  }
  return reach;
}

/// Where patches lie; `base` is not filled yet.
inline PatchPlaces measurePatches(const Owners& owners, const Window& w, int64_t rows) {
  const auto [top, left, bottom, right, firstColumn, lastColumn] = reachOf(owners, w, rows);
  PatchPlaces places{w.channels, w.patchHeight, w.patchWidth,   -top,  -left,  bottom - top,
                     right - left, 0,           owners.columns, false, nullptr};
  places.padded = places.height != w.height || places.width != w.width;
  if (places.padded) {
    places.firstColumn = firstColumn;
    places.columns = lastColumn - firstColumn + 1;
  }
  return places;
}

/// Bytes of the table of places, which ends with copies of its last entry, so that a vector may be read at each row.
inline size_t placeBytes(int64_t rows) {
  return alignedBytes(static_cast<size_t>(rows + PLACES_BEYOND) * sizeof(int32_t));
}

/// Fills `base`, which is given placeBytes(rows), for one row or more.
inline void placePatches(PatchPlaces& p, const Owners& owners, const Window& w, int64_t rows, void* base) {
  p.base = static_cast<int32_t*>(base);
  for (int64_t r = 0; r < rows; r++) {
    const int64_t y = nearPlace(w.top[r], w.patchHeight, w.height) + p.above;
    const int64_t x = nearPlace(w.left[r], w.patchWidth, w.width) + p.before;
    p.base[r] = static_cast<int32_t>((y * p.width + x) * p.columns + ownerOf(owners, r) - p.firstColumn);
  }
  for (int64_t r = rows; r < rows + PLACES_BEYOND; r++) p.base[r] = p.base[rows - 1];
}

/// The images with zeros around them, into `out` of channels · channelEntries() entries; or as they are.
template <class T>
const T* padImages(Pool& pool, const T* x, const PatchPlaces& p, const Window& w, int64_t columns, T* out) {
  if (!p.padded) return x;
  forEach(pool, w.channels * p.height, [&](int64_t item, int) {
    const int64_t channel = item / p.height, y = item % p.height - p.above;
    T* to = out + item * p.width * p.columns;
    if (y < 0 || y >= w.height) {
      for (int64_t i = 0; i < p.width * p.columns; i++) to[i] = 0;
      return;
    }
    for (int64_t i = 0; i < p.before * p.columns; i++) to[i] = 0;
    to += p.before * p.columns;
    const T* from = x + (channel * w.height + y) * w.width * columns + p.firstColumn;
    for (int64_t pixel = 0; pixel < w.width; pixel++, from += columns, to += p.columns) {
      for (int64_t c = 0; c < p.columns; c++) to[c] = from[c];
    }
    for (int64_t i = 0; i < (p.width - p.before - w.width) * p.columns; i++) to[i] = 0;
  });
  return out;
}

/// The transpose of `padImages` for one channel: `sums` is its padded image. Columns that no row has become 0.
template <class T>
void unpadChannel(const T* sums, const PatchPlaces& p, const Window& w, int64_t columns, T* out) {
  for (int64_t y = 0; y < w.height; y++) {
    for (int64_t x = 0; x < w.width; x++, out += columns) {
      const T* from = sums + ((y + p.above) * p.width + x + p.before) * p.columns;
      for (int64_t c = 0; c < p.firstColumn; c++) out[c] = 0;
      for (int64_t c = 0; c < p.columns; c++) out[p.firstColumn + c] = from[c];
      for (int64_t c = p.firstColumn + p.columns; c < columns; c++) out[c] = 0;
    }
  }
}

template <class T>
void crop(Pool& pool, const T* x, int64_t rows, const Owners& owners, const Window& w, T* out) {
  if (rows == 0) return;
  const size_t tableBytes = placeBytes(rows);
  PatchPlaces p = measurePatches(owners, w, rows);
  const size_t imageBytes = p.padded ? static_cast<size_t>(w.channels * p.channelEntries()) * sizeof(T) : 0;
  char* memory = static_cast<char*>(pool.scratch(0, tableBytes + imageBytes));
  placePatches(p, owners, w, rows, memory);
  const T* images = padImages(pool, x, p, w, owners.columns, reinterpret_cast<T*>(memory + tableBytes));
  inPieces(pool, w.channels * w.patchHeight * w.patchWidth, featureGrain(rows), [=](int64_t begin, int64_t end) {
    for (int64_t f = begin; f < end; f++) {
      const T* from = images + p.offset(f);
      T* to = out + f * rows;
      for (int64_t r = 0; r < rows; r += LANES<T>) storeUpTo(to + r, gatherLanes(from, p.base + r), rows - r);
    }
  });
}

/// Channel after channel, so that threads never add to the same entry.
template <class T>
void cropTranspose(Pool& pool, const T* y, int64_t rows, const Owners& owners, const Window& w, T* out) {
  const int64_t columns = owners.columns, area = w.height * w.width * columns;
  if (rows == 0) {
    for (int64_t i = 0; i < w.channels * area; i++) out[i] = 0;
    return;
  }
  const size_t tableBytes = placeBytes(rows);
  PatchPlaces p = measurePatches(owners, w, rows);
  const size_t sumBytes = p.padded ? alignedBytes(static_cast<size_t>(p.channelEntries()) * sizeof(T)) : 0;
  char* memory = static_cast<char*>(pool.scratch(0, tableBytes + sumBytes * static_cast<size_t>(pool.threads())));
  placePatches(p, owners, w, rows, memory);
  const int64_t features = w.patchHeight * w.patchWidth;
  forEach(pool, w.channels, [&](int64_t channel, int worker) {
    T* own = out + channel * area;
    T* sums = p.padded ? reinterpret_cast<T*>(memory + tableBytes + sumBytes * static_cast<size_t>(worker)) : own;
    for (int64_t i = 0; i < p.channelEntries(); i++) sums[i] = 0;
    for (int64_t f = 0; f < features; f++) {
      const T* from = y + (channel * features + f) * rows;
      T* to = sums + p.offset(f);
      for (int64_t r = 0; r < rows; r++) to[p.base[r]] += from[r];
    }
    if (p.padded) unpadChannel(sums, p, w, columns, own);
  });
}
