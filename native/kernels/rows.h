// Each row with its owner's coefficients, and rows summed by owner.

template <class T>
void scaleShift(Pool& pool, const T* x, int64_t f, int64_t rows, const T* scale, const T* shift, const Owners& owners,
                T* out) {
  const int64_t columns = owners.columns;
  byFeature<T, 0>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const*) {
    const T* from = x + feature * rows;
    T* to = out + feature * rows;
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r;
      Vec<T> value = loadUpTo(from + r, left);
      if (scale != nullptr) value *= spread.at(scale + feature * columns, scale + f * columns, r, left);
      if (shift != nullptr) value += spread.at(shift + feature * columns, shift + f * columns, r, left);
      storeUpTo(to + r, value, left);
    }
  });
}

template <class T>
void scaleBySign(Pool& pool, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative,
                 const Owners& owners, T* out) {
  const int64_t columns = owners.columns;
  byFeature<T, 0>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const*) {
    const T *above = positive + feature * columns, *below = negative + feature * columns;
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r;
      const Vec<T> value = loadUpTo(x + feature * rows + r, left);
      const Vec<T> a = spread.at(above, positive + f * columns, r, left);
      const Vec<T> b = spread.at(below, negative + f * columns, r, left);
      storeUpTo(out + feature * rows + r, Vec<T>((value < Vec<T>{} ? b : a) * value), left);
    }
  });
}

template <class T>
void scaleBySignGradient(Pool& pool, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative,
                         const T* g, const Owners& owners, T* outX, T* outPositive, T* outNegative) {
  const int64_t columns = owners.columns;
  const Vec<T> zero{};
  byFeature<T, 2>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& spread, T* const* lines) {
    const T *above = positive + feature * columns, *below = negative + feature * columns;
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r, at = feature * rows + r;
      const Vec<T> value = loadUpTo(x + at, left), gradient = loadUpTo(g + at, left);
      const Vec<T> a = spread.at(above, positive + f * columns, r, left);
      const Vec<T> b = spread.at(below, negative + f * columns, r, left);
      const auto isBelow = value < zero;
      const Vec<T> product = value * gradient;
      storeUpTo(outX + at, Vec<T>((isBelow ? b : a) * gradient), left);
      storeUpTo(lines[0] + r, Vec<T>(isBelow ? zero : product), left);
      storeUpTo(lines[1] + r, Vec<T>(isBelow ? product : zero), left);
    }
    sumByOwner(lines[0], rows, owners, outPositive + feature * columns);
    sumByOwner(lines[1], rows, owners, outNegative + feature * columns);
  });
}

template <class T>
void spread(Pool& pool, const T* x, int64_t f, int64_t rows, const Owners& owners, T* out) {
  const int64_t columns = owners.columns;
  byFeature<T, 0>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& table, T* const*) {
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r;
      storeUpTo(out + feature * rows + r, table.at(x + feature * columns, x + f * columns, r, left), left);
    }
  });
}

template <class T>
void outer(Pool& pool, const T* weight, const T* s, int64_t f, int64_t rows, const Owners& owners, T* out) {
  const int64_t columns = owners.columns;
  byFeature<T, 0>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>& table, T* const*) {
    for (int64_t r = 0; r < rows; r += LANES<T>) {
      const int64_t left = rows - r;
      const Vec<T> factor = table.at(weight + feature * columns, weight + f * columns, r, left);
      storeUpTo(out + feature * rows + r, Vec<T>(factor * loadUpTo(s + r, left)), left);
    }
  });
}

template <class T>
void sumRows(Pool& pool, const T* x, int64_t f, int64_t rows, const Owners& owners, T* out) {
  inPieces(pool, f, featureGrain(rows), [&](int64_t begin, int64_t end) {
    for (int64_t feature = begin; feature < end; feature++) {
      sumByOwner(x + feature * rows, rows, owners, out + feature * owners.columns);
    }
  });
}

/// Rows of x ⊙ y(feature) summed by owner.
template <class T, class Other>
inline void productSums(Pool& pool, const T* x, const Other& other, int64_t f, int64_t rows, const Owners& owners,
                        T* out) {
  byFeature<T, 1>(pool, f, rows, owners, [&](int64_t feature, const Spread<T>&, T* const* lines) {
    const T *a = x + feature * rows, *b = other(feature);
    T* line = lines[0];
    for (int64_t r = 0; r < rows; r++) line[r] = a[r] * b[r];
    sumByOwner(line, rows, owners, out + feature * owners.columns);
  });
}

template <class T>
void multiplySumRows(Pool& pool, const T* x, const T* y, int64_t f, int64_t rows, const Owners& owners, T* out) {
  productSums(pool, x, [=](int64_t feature) { return y + feature * rows; }, f, rows, owners, out);
}

template <class T>
void outerSumRows(Pool& pool, const T* x, const T* s, int64_t f, int64_t rows, const Owners& owners, T* out) {
  productSums(pool, x, [=](int64_t) { return s; }, f, rows, owners, out);
}
