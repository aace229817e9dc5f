// Random numbers that any entry of can be made by itself: Philox4x32-10 (random.ts). Two entries share a block, entry k
// block k / 2: words 0 and 1 make the uniform number of the even entry, 2 and 3 that of the odd one.

/// Blocks made together.
inline constexpr int NOISE_BLOCKS = 64;
inline constexpr double NOISE_PI = 3.14159265358979323846;

/// Two uniform numbers in [0, 1), 53 bits each, of each of the blocks first … first + NOISE_BLOCKS − 1.
inline void uniformPairs(uint32_t key0, uint32_t key1, uint32_t stream0, uint32_t stream1, uint64_t first,
                         double* __restrict even, double* __restrict odd) {
#pragma omp simd
  for (int b = 0; b < NOISE_BLOCKS; b++) {
    const uint64_t block = first + static_cast<uint64_t>(b);
    uint32_t c0 = static_cast<uint32_t>(block);
    uint32_t c1 = static_cast<uint32_t>(block >> 32);
    uint32_t c2 = stream0;
    uint32_t c3 = stream1;
    uint32_t k0 = key0;
    uint32_t k1 = key1;
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      const uint64_t product0 = uint64_t{0xd2511f53} * c0;
      const uint64_t product1 = uint64_t{0xcd9e8d57} * c2;
      c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
      c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
      c1 = static_cast<uint32_t>(product1);
      c3 = static_cast<uint32_t>(product0);
      k0 += 0x9e3779b9u;
      k1 += 0xbb67ae85u;
    }
    even[b] = ((c0 >> 5) * 67108864.0 + (c1 >> 6)) / 9007199254740992.0;
    odd[b] = ((c2 >> 5) * 67108864.0 + (c3 >> 6)) / 9007199254740992.0;
  }
}

/// Fills entries first … first + count − 1; `transform` turns a block's two uniform numbers into its two entries.
template <class T, class Transform>
void fillByPairs(Pool& pool, const uint32_t key[2], const uint32_t stream[2], uint64_t first, int64_t count, T scale,
                 T* out, const Transform& transform) {
  inPieces(pool, count, 32 * NOISE_BLOCKS, [&](int64_t begin, int64_t end) {
    const uint64_t firstEntry = first + static_cast<uint64_t>(begin);
    const uint64_t endEntry = first + static_cast<uint64_t>(end);
    for (uint64_t block = firstEntry / 2; block * 2 < endEntry; block += NOISE_BLOCKS) {
      double even[NOISE_BLOCKS];
      double odd[NOISE_BLOCKS];
      uniformPairs(key[0], key[1], stream[0], stream[1], block, even, odd);
      const uint64_t blocks = (endEntry + 1) / 2 - block < NOISE_BLOCKS ? (endEntry + 1) / 2 - block : NOISE_BLOCKS;
      for (uint64_t b = 0; b < blocks; b++) {
        transform(even[b], odd[b]);
        const uint64_t entry = (block + b) * 2;
        if (entry >= firstEntry) out[entry - first] = static_cast<T>(scale * even[b]);
        if (entry + 1 < endEntry) out[entry + 1 - first] = static_cast<T>(scale * odd[b]);
      }
    }
  });
}

/// Standard Cauchy, tan(π(u − ½)).
template <class T>
void fillCauchy(Pool& pool, const uint32_t key[2], const uint32_t stream[2], uint64_t first, int64_t count, T scale,
                T* out) {
  fillByPairs(pool, key, stream, first, count, scale, out, [](double& even, double& odd) {
    even = std::tan(NOISE_PI * (even - 0.5));
    odd = std::tan(NOISE_PI * (odd - 0.5));
  });
}

/// Standard normal, by Box–Muller.
template <class T>
void fillNormal(Pool& pool, const uint32_t key[2], const uint32_t stream[2], uint64_t first, int64_t count, T scale,
                T* out) {
  fillByPairs(pool, key, stream, first, count, scale, out, [](double& even, double& odd) {
    // 1 − u lies in (0, 1]: its logarithm is finite.
    const double radius = std::sqrt(-2 * std::log(1 - even));
    const double angle = 2 * NOISE_PI * odd;
    even = radius * std::cos(angle);
    odd = radius * std::sin(angle);
  });
}
