// The step of equation 8 through parallel lines: d ⊙ ν with Σρ|ν|, for ReLU the paper's −Σℓ[ν]₊ (Corollary 2); one pass
// over ν.

template <class T>
void enclose(Pool& pool, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const Owners& owners,
             T* outNu, T* outRadius) {
  sumFeatures<SumOfMagnitudes>(pool, nu, f, rows, slope, radius, owners, outNu, outRadius);
}

template <class T>
void encloseGradient(Pool& pool, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const T* gNu,
                     const T* gRadius, const Owners& owners, T* outNu, T* outSlope, T* outRadius) {
  const int64_t columns = owners.columns;
  const T* slopeEnd = slope + f * columns;
  const T* radiusEnd = radius + f * columns;
  byFeature<T, 2>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
    const int64_t column = feature * columns;
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r, at = feature * rows + r;
      const Vec<T> value = loadUpTo(nu + at, left), g = loadUpTo(gNu + at, left), h = loadUpTo(gRadius + r, left);
      const Vec<T> byNorm = signedBy<T>(value, spread.at(radius + column, radiusEnd, r, left) * h);
      storeUpTo(outNu + at, Vec<T>(byNorm + spread.at(slope + column, slopeEnd, r, left) * g), left);
      storeUpTo(lines[0] + r, Vec<T>(value * g), left);
      storeUpTo(lines[1] + r, Vec<T>(absLanes<T>(value) * h), left);
    }
    sumByOwner(lines[0], rows, owners, outSlope + column);
    sumByOwner(lines[1], rows, owners, outRadius + column);
  });
}
