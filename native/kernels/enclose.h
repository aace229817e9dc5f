// The backward step through parallel lines, d ⊙ ν with Σρ|ν|, and weighted norms along patches: one pass over ν.

/// Coefficients of padded images, by patch.
template <class T>
struct PatchCoefficients {
  PatchPlaces places;

  const T* line(const T* x, int64_t feature) const { return x + places.offset(feature); }
  AUTODUAL_MEMBER Vec<T> at(const T*, const T* line, int64_t row, int64_t) const {
    return gatherLanes(line, places.base + row);
  }
};

/// Σρ|ν| by patch and, where there is a slope, d ⊙ ν.
template <class T>
void patchNorms(Pool& pool, const T* nu, int64_t rows, const T* slope, const T* weight, const Owners& owners,
                const Window& w, T* outNu, T* out) {
  if (rows == 0) return;
  const int64_t f = w.channels * w.patchHeight * w.patchWidth;
  PatchPlaces places = measurePatches(owners, w, rows);
  const size_t imageBytes =
      places.padded ? alignedBytes(static_cast<size_t>(w.channels * places.channelEntries()) * sizeof(T)) : 0;
  const size_t sumBytes = partialBytes<T>(f, rows);
  char* memory = static_cast<char*>(pool.scratch(0, placeBytes(rows) + sumBytes + 2 * imageBytes));
  placePatches(places, owners, w, rows, memory);
  T* partial = reinterpret_cast<T*>(memory + placeBytes(rows));
  T* images = reinterpret_cast<T*>(memory + placeBytes(rows) + sumBytes);
  T* more = reinterpret_cast<T*>(reinterpret_cast<char*>(images) + imageBytes);
  const T* weights = padImages(pool, weight, places, w, owners.columns, images);
  const T* slopes = slope == nullptr ? nullptr : padImages(pool, slope, places, w, owners.columns, more);
  sumFeatures<SumOfMagnitudes>(pool, nu, f, rows, slopes, weights, PatchCoefficients<T>{places}, partial, outNu, out);
}

template <class T>
void enclose(Pool& pool, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const Owners& owners,
             const Window* window, T* outNu, T* outRadius) {
  if (window != nullptr) return patchNorms(pool, nu, rows, slope, radius, owners, *window, outNu, outRadius);
  sumFeaturesByOwner<SumOfMagnitudes>(pool, nu, f, rows, slope, radius, owners, outNu, outRadius);
}

template <class T>
void patchNorm(Pool& pool, const T* x, int64_t rows, const T* weight, const Owners& owners, const Window& w, T* out) {
  patchNorms(pool, x, rows, static_cast<const T*>(nullptr), weight, owners, w, static_cast<T*>(nullptr), out);
}

/// One feature's line: outX = slope·g + weight·sign(x)·h, and what its coefficients' derivatives sum, x·g and |x|·h.
/// Without a slope there is no g.
template <class T, class Coefficients>
AUTODUAL_INLINE void encloseGradientLine(const T* x, const T* g, const T* h, int64_t rows, const T* slope,
                                         const T* weight, int64_t feature, const Coefficients& coefficients, T* outX,
                                         T* bySlope, T* byWeight) {
  const T* slopes = slope == nullptr ? nullptr : coefficients.line(slope, feature);
  const T* weights = coefficients.line(weight, feature);
  for (int64_t r = 0; r < rows; r += LANES<T>) {
    const int64_t left = rows - r;
    const Vec<T> value = loadUpTo(x + r, left), norms = loadUpTo(h + r, left);
    Vec<T> out = signedBy<T>(value, coefficients.at(weight, weights, r, left) * norms);
    if (slope != nullptr) {
      const Vec<T> gradient = loadUpTo(g + r, left);
      out += coefficients.at(slope, slopes, r, left) * gradient;
      storeUpTo(bySlope + r, Vec<T>(value * gradient), left);
    }
    storeUpTo(outX + r, out, left);
    storeUpTo(byWeight + r, Vec<T>(absLanes<T>(value) * norms), left);
  }
}

/// Channel after channel, so that threads never add to the same entry.
template <class T>
void patchNormsGradient(Pool& pool, const T* x, int64_t rows, const T* slope, const T* weight, const T* g, const T* h,
                        const Owners& owners, const Window& w, T* outX, T* outSlope, T* outWeight) {
  const int64_t columns = owners.columns, area = w.height * w.width * columns;
  if (rows == 0) {
    for (int64_t i = 0; i < w.channels * area; i++) {
      outWeight[i] = 0;
      if (outSlope != nullptr) outSlope[i] = 0;
    }
    return;
  }
  PatchPlaces places = measurePatches(owners, w, rows);
  const size_t sumBytes = alignedBytes(static_cast<size_t>(places.channelEntries()) * sizeof(T));
  const size_t imageBytes = places.padded ? static_cast<size_t>(w.channels) * sumBytes : 0;
  const size_t lineBytes = alignedBytes(static_cast<size_t>(rows) * sizeof(T));
  const size_t workerBytes = 2 * (sumBytes + lineBytes);
  char* memory = static_cast<char*>(pool.scratch(
      0, placeBytes(rows) + 2 * imageBytes + workerBytes * static_cast<size_t>(pool.threads())));
  placePatches(places, owners, w, rows, memory);
  char* images = memory + placeBytes(rows);
  const T* weights = padImages(pool, weight, places, w, columns, reinterpret_cast<T*>(images));
  const T* slopes =
      slope == nullptr ? nullptr : padImages(pool, slope, places, w, columns, reinterpret_cast<T*>(images + imageBytes));
  const PatchCoefficients<T> coefficients{places};
  const int64_t features = w.patchHeight * w.patchWidth;
  forEach(pool, w.channels, [&](int64_t channel, int worker) {
    char* own = images + 2 * imageBytes + workerBytes * static_cast<size_t>(worker);
    T* bySlope = reinterpret_cast<T*>(own);
    T* byWeight = reinterpret_cast<T*>(own + lineBytes);
    T* slopeSums = reinterpret_cast<T*>(own + 2 * lineBytes);
    T* weightSums = reinterpret_cast<T*>(own + 2 * lineBytes + sumBytes);
    for (int64_t i = 0; i < places.channelEntries(); i++) slopeSums[i] = weightSums[i] = 0;
    for (int64_t k = 0; k < features; k++) {
      const int64_t feature = channel * features + k, at = feature * rows;
      encloseGradientLine(x + at, g == nullptr ? nullptr : g + at, h, rows, slopes, weights, feature, coefficients,
                          outX + at, bySlope, byWeight);
      T* toWeight = weightSums + places.offset(k);
      for (int64_t r = 0; r < rows; r++) toWeight[places.base[r]] += byWeight[r];
      if (slope == nullptr) continue;
      T* toSlope = slopeSums + places.offset(k);
      for (int64_t r = 0; r < rows; r++) toSlope[places.base[r]] += bySlope[r];
    }
    unpadChannel(weightSums, places, w, columns, outWeight + channel * area);
    if (slope != nullptr) unpadChannel(slopeSums, places, w, columns, outSlope + channel * area);
  });
}

template <class T>
void encloseGradient(Pool& pool, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const T* gNu,
                     const T* gRadius, const Owners& owners, const Window* window, T* outNu, T* outSlope,
                     T* outRadius) {
  if (window != nullptr) {
    return patchNormsGradient(pool, nu, rows, slope, radius, gNu, gRadius, owners, *window, outNu, outSlope, outRadius);
  }
  byFeature<T, 2>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
    const OwnerCoefficients<T> coefficients{spread, f, owners.columns};
    const int64_t at = feature * rows, column = feature * owners.columns;
    encloseGradientLine(nu + at, gNu + at, gRadius, rows, slope, radius, feature, coefficients, outNu + at, lines[0],
                        lines[1]);
    sumByOwner(lines[0], rows, owners, outSlope + column);
    sumByOwner(lines[1], rows, owners, outRadius + column);
  });
}

template <class T>
void patchNormGradient(Pool& pool, const T* x, int64_t rows, const T* weight, const T* g, const Owners& owners,
                       const Window& w, T* outX, T* outWeight) {
  const T* none = nullptr;
  patchNormsGradient(pool, x, rows, none, weight, none, g, owners, w, outX, static_cast<T*>(nullptr), outWeight);
}
