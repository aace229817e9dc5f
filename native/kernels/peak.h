// The machine's peak: fused multiply-adds on registers alone, on every thread.

/// Independent sums, enough to fill two units of latency 4 and more.
constexpr int PEAK_SUMS = 12;

template <class T>
double peak(Pool& pool, int64_t iterations) {
  forEach(pool, pool.threads(), [&](int64_t item, int) {
    Vec<T> sum[PEAK_SUMS];
    for (int i = 0; i < PEAK_SUMS; i++) sum[i] = broadcast<T>(static_cast<T>(item + i));
    Vec<T> factor = broadcast<T>(static_cast<T>(0.999));
    Vec<T> term = broadcast<T>(static_cast<T>(0.001));
    for (int64_t n = 0; n < iterations; n++) {
#pragma GCC unroll 12
      for (int i = 0; i < PEAK_SUMS; i++) sum[i] = sum[i] * factor + term;
    }
    Vec<T> total = sum[0];
    for (int i = 1; i < PEAK_SUMS; i++) total += sum[i];
    volatile T kept = sumLanes<T>(total);
    (void)kept;
  });
  return 2.0 * LANES<T> * PEAK_SUMS * static_cast<double>(iterations) * pool.threads();
}
