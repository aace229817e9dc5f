// The box of an activation over a box, [f(c − r), f(c + r)] by its centre and radius, and its derivatives. Activations never decrease.

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
