// Boxes by centre and radius: the box of an activation over a box, [f(c − r), f(c + r)], as activations never decrease; moments of all
// entries; and the derivatives of both.

template <class T>
void activateBox(Pool& pool, const Elementwise& f, const T* centre, const T* radius, int64_t count, T* outCentre, T* outRadius) {
  withActivation(f, [&](const auto activation) {
    inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T low = activation.value(centre[i] - radius[i]), high = activation.value(centre[i] + radius[i]);
        outCentre[i] = T(0.5) * (low + high);
        outRadius[i] = T(0.5) * (high - low);
      }
    });
  });
}

template <class T>
void activateBoxGradient(Pool& pool, const Elementwise& f, const T* centre, const T* radius, const T* gCentre, const T* gRadius,
                         int64_t count, T* outCentre, T* outRadius) {
  withActivation(f, [&](const auto activation) {
    inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T low = T(0.5) * activation.derivative(centre[i] - radius[i]) * (gCentre[i] - gRadius[i]);
        const T high = T(0.5) * activation.derivative(centre[i] + radius[i]) * (gCentre[i] + gRadius[i]);
        outCentre[i] = high + low;
        outRadius[i] = high - low;
      }
    });
  });
}

/// Numbers of `boxMoments`: Σr, Σc; of active entries, then of inactive ones, how many, Σc and Σc².
constexpr int BOX_MOMENTS = 8;

/// Pieces are cut and their sums added alike whatever the threads.
template <class T>
void boxMoments(Pool& pool, const T* centre, const T* radius, int64_t count, T* out) {
  const int64_t pieces = (count + ENTRY_GRAIN - 1) / ENTRY_GRAIN;
  double* partial = static_cast<double*>(pool.scratch(0, static_cast<size_t>(pieces * BOX_MOMENTS) * sizeof(double)));
  forEach(pool, pieces, [=](int64_t piece, int) {
    const int64_t begin = piece * ENTRY_GRAIN, end = begin + ENTRY_GRAIN < count ? begin + ENTRY_GRAIN : count;
    Vec<T> sum[BOX_MOMENTS] = {};
    const Vec<T> none = {}, one = broadcast(T(1));
    for (int64_t i = begin; i < end; i += LANES<T>) {
      // Lanes beyond the end are 0, neither active nor inactive.
      const Vec<T> c = loadUpTo(centre + i, end - i), r = loadUpTo(radius + i, end - i);
      const Vec<T> active = c - r > none ? one : none, inactive = c + r < none ? one : none;
      const Vec<T> square = c * c;
      sum[0] += r;
      sum[1] += c;
      sum[2] += active;
      sum[3] += active * c;
      sum[4] += active * square;
      sum[5] += inactive;
      sum[6] += inactive * c;
      sum[7] += inactive * square;
    }
    for (int k = 0; k < BOX_MOMENTS; k++) partial[piece * BOX_MOMENTS + k] = sumLanes<T>(sum[k]);
  });
  for (int k = 0; k < BOX_MOMENTS; k++) {
    double total = 0;
    for (int64_t piece = 0; piece < pieces; piece++) total += partial[piece * BOX_MOMENTS + k];
    out[k] = static_cast<T>(total);
  }
}

template <class T>
void boxMomentsGradient(Pool& pool, const T* centre, const T* radius, const T* g, int64_t count, T* outCentre, T* outRadius) {
  inPieces(pool, count, ENTRY_GRAIN, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const T c = centre[i], r = radius[i];
      const T active = c - r > 0 ? g[3] + 2 * c * g[4] : T(0), inactive = c + r < 0 ? g[6] + 2 * c * g[7] : T(0);
      outCentre[i] = g[1] + active + inactive;
      outRadius[i] = g[0];
    }
  });
}
