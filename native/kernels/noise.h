// The projections of Theorem 2 and Algorithm 1, d ⊙ x + ρ ⊙ C with Cauchy variates C, or normal ones for the ℓ2 norm. Any
// random number can be made by itself: Philox4x32-10 (random.ts), one word per
// entry. The counter holds the block, the example and the stream, so that an example's numbers do not depend on its neighbours;
// entry e of an example, f · times + k, is word ⌊e / 16⌋ mod 4 of block 16·⌊e / 64⌋ + e mod 16: sixty-four entries share
// sixteen blocks, lane by lane (random-noise.ts).

constexpr int64_t NOISE_GROUP = 64, NOISE_BLOCKS = 16;
inline constexpr double NOISE_PI = 3.14159265358979323846;

#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64

/// Philox of eight blocks, a lane of 64 bits each, of which the lower half counts: multiplications look at nothing else.
struct PhiloxLanes {
  __m512i c0, c1, c2, c3;

  AUTODUAL_MEMBER void begin(const Noise& noise, uint32_t example, uint64_t block) {
    c0 = _mm512_add_epi64(_mm512_set1_epi64(static_cast<int64_t>(block)), _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0));
    c1 = _mm512_set1_epi64(example);
    c2 = _mm512_set1_epi64(noise.stream[0]);
    c3 = _mm512_set1_epi64(noise.stream[1]);
  }
  AUTODUAL_MEMBER void round(__m512i key0, __m512i key1) {
    constexpr int XOR_OF_THREE = 0x96;
    const __m512i product0 = _mm512_mul_epu32(c0, _mm512_set1_epi64(0xd2511f53));
    const __m512i product1 = _mm512_mul_epu32(c2, _mm512_set1_epi64(0xcd9e8d57));
    c0 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product1, 32), c1, key0, XOR_OF_THREE);
    c2 = _mm512_ternarylogic_epi64(_mm512_srli_epi64(product0, 32), c3, key1, XOR_OF_THREE);
    c1 = product1;
    c3 = product0;
  }
};

/// The words of a group of an example's entries, in the entries' order.
inline void noiseWords(const Noise& noise, uint32_t example, uint64_t group, uint32_t* words) {
  PhiloxLanes first, second;
  first.begin(noise, example, group * NOISE_BLOCKS);
  second.begin(noise, example, group * NOISE_BLOCKS + NOISE_BLOCKS / 2);
  uint32_t k0 = noise.key[0], k1 = noise.key[1];
#pragma GCC unroll 10
  for (int round = 0; round < 10; round++) {
    const __m512i key0 = _mm512_set1_epi64(k0), key1 = _mm512_set1_epi64(k1);
    first.round(key0, key1);
    second.round(key0, key1);
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  const auto storeWord = [&](int word, __m512i low, __m512i high) {
    uint32_t* to = words + word * NOISE_BLOCKS;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi64_epi32(low));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + NOISE_BLOCKS / 2), _mm512_cvtepi64_epi32(high));
  };
  storeWord(0, first.c0, second.c0);
  storeWord(1, first.c1, second.c1);
  storeWord(2, first.c2, second.c2);
  storeWord(3, first.c3, second.c3);
}

#else

/// The words of a group of an example's entries, in the entries' order.
inline void noiseWords(const Noise& noise, uint32_t example, uint64_t group, uint32_t* __restrict words) {
#pragma omp simd
  for (int b = 0; b < NOISE_BLOCKS; b++) {
    uint32_t c0 = static_cast<uint32_t>(group * NOISE_BLOCKS + static_cast<uint64_t>(b));
    uint32_t c1 = example;
    uint32_t c2 = noise.stream[0];
    uint32_t c3 = noise.stream[1];
    uint32_t k0 = noise.key[0];
    uint32_t k1 = noise.key[1];
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
    words[b] = c0;
    words[NOISE_BLOCKS + b] = c1;
    words[2 * NOISE_BLOCKS + b] = c2;
    words[3 * NOISE_BLOCKS + b] = c3;
  }
}

#endif

/// Standard Cauchy, tan(π(t + ½)/2³²) of a word t with a sign. Beyond a quarter turn it is the reciprocal of the
/// complement's, so that tails are as exact as the middle.
template <class T>
inline void cauchyOfWords(const uint32_t* __restrict words, T* __restrict out) {
#pragma omp simd
  for (int i = 0; i < NOISE_GROUP; i++) {
    const int32_t word = static_cast<int32_t>(words[i]);
    const int32_t size = word ^ (word >> 31);
    const bool beyond = size >= (1 << 30);
    const int32_t near = beyond ? std::numeric_limits<int32_t>::max() - size : size;
    T tangent;
    if constexpr (sizeof(T) == 4) {
      // tan(πw) / w on 0 … ¼ by a polynomial in w², within 2e-8.
      const float w = (static_cast<float>(near) + 0.5f) * 0x1p-32f;
      const float z = w * w;
      float sum = 27579.966f;
      sum = sum * z + 851.94297f;
      sum = sum * z + 733.32988f;
      sum = sum * z + 161.13001f;
      sum = sum * z + 40.822692f;
      sum = sum * z + 10.335346f;
      tangent = w * (sum * z + 3.1415927f);
    } else {
      tangent = std::tan(NOISE_PI * ((static_cast<T>(near) + T(0.5)) * T(0x1p-32)));
    }
    const T value = beyond ? T(1) / tangent : tangent;
    out[i] = word < 0 ? -value : value;
  }
}

/// Standard normal, by Box–Muller: words 0 and 1 of a block make a pair, words 2 and 3 another.
template <class T>
inline void normalOfWords(const uint32_t* words, T* out) {
  for (int64_t pair = 0; pair < 2; pair++) {
    for (int64_t b = 0; b < NOISE_BLOCKS; b++) {
      const int64_t first = 2 * pair * NOISE_BLOCKS + b, second = first + NOISE_BLOCKS;
      const double size = std::sqrt(-2 * std::log((words[first] + 0.5) * 0x1p-32));
      const double angle = 2 * NOISE_PI * ((words[second] + 0.5) * 0x1p-32);
      out[first] = static_cast<T>(size * std::cos(angle));
      out[second] = static_cast<T>(size * std::sin(angle));
    }
  }
}

/// The most entries of an example that are made at once, and about how many where runs are short.
constexpr int64_t NOISE_CHUNK = 4096, NOISE_STRETCH = 512;
/// The most examples that are made at once, and their entries together.
constexpr int64_t NOISE_EXAMPLES = 16, NOISE_BUFFER = 8192;

/// How many features of an example are made at once: whole groups where these are not too many entries, else whole runs, or one.
inline int64_t featuresAtOnce(int64_t times) {
  int64_t whole = NOISE_GROUP;
  for (int64_t even = times; whole > 1 && even % 2 == 0; even /= 2) whole /= 2;
  if (whole * times <= NOISE_CHUNK) {
    const int64_t stretches = NOISE_STRETCH / (whole * times);
    return stretches > 1 ? stretches * whole : whole;
  }
  return times < NOISE_CHUNK ? NOISE_CHUNK / times : 1;
}

/// Random entries begin … end − 1 of some examples, those alone that a run of radius other than zero asks for.
template <class T>
struct NoiseChunk {
  alignas(64) T entries[NOISE_BUFFER + 2 * NOISE_EXAMPLES * NOISE_GROUP];
  int64_t first, length;

  void begin(int64_t begin, int64_t end) {
    first = begin / NOISE_GROUP * NOISE_GROUP;
    // Vectors are read beyond the last entry.
    length = (end - first + 2 * NOISE_GROUP - 1) / NOISE_GROUP * NOISE_GROUP;
  }

  /// Those of an example whose radii stand `stride` apart, in place number `place`.
  void make(int64_t place, const Noise& noise, uint32_t example, const T* radius, int64_t stride, int64_t times,
            int64_t begin, int64_t end) {
    T* own = entries + place * length;
    int64_t made = first;
    for (int64_t feature = begin / times; feature * times < end; feature++) {
      if (radius[feature * stride] == 0) continue;
      const int64_t ahead = feature * times > begin ? feature * times : begin;
      const int64_t from = ahead / NOISE_GROUP * NOISE_GROUP;
      const int64_t to = (feature + 1) * times < end ? (feature + 1) * times : end;
      for (int64_t group = from > made ? from : made; group < to; group += NOISE_GROUP) {
        uint32_t words[NOISE_GROUP];
        noiseWords(noise, example, static_cast<uint64_t>(group / NOISE_GROUP), words);
        if (noise.normal) normalOfWords(words, own + (group - first));
        else cauchyOfWords(words, own + (group - first));
        made = group + NOISE_GROUP;
      }
    }
  }

  const T* at(int64_t place, int64_t entry) const { return entries + place * length + (entry - first); }
};

/// Calls body(run, begin, end, random entries or null) for each run's stretches of entries, whole runs where they are not
/// longer than a chunk; runs of radius zero get no random entries. Run f · examples + c is feature f of example c. Some examples come
/// at once, feature by feature, so that memory is met in order; pieces of a run come one after the other.
template <class T, class Piece>
void overNoise(Pool& pool, const Noise& noise, const T* radius, int64_t features, int64_t examples, int64_t times,
               const Piece& piece) {
  if (examples <= 0) return;
  const int64_t atOnce = featuresAtOnce(times);
  const int64_t step = times <= NOISE_CHUNK ? atOnce * times : NOISE_CHUNK;
  int64_t together = NOISE_BUFFER / step;
  if (together > NOISE_EXAMPLES) together = NOISE_EXAMPLES;
  if (times > NOISE_CHUNK) together = 1;
  const int64_t stretches = (features + atOnce - 1) / atOnce, blocks = (examples + together - 1) / together;
  inPieces(pool, stretches * blocks, NOISE_BUFFER / (atOnce * times * together), [&](int64_t firstItem, int64_t endItem) {
    NoiseChunk<T> chunk;
    auto body = piece();
    for (int64_t item = firstItem; item < endItem; item++) {
      const int64_t firstExample = item % blocks * together, firstFeature = item / blocks * atOnce;
      const int64_t endExample = firstExample + together < examples ? firstExample + together : examples;
      const int64_t endFeature = firstFeature + atOnce < features ? firstFeature + atOnce : features;
      for (int64_t begin = firstFeature * times; begin < endFeature * times; begin += step) {
        const int64_t end = begin + step < endFeature * times ? begin + step : endFeature * times;
        chunk.begin(begin, end);
        for (int64_t c = firstExample; c < endExample; c++) {
          const uint32_t example = static_cast<uint32_t>(noise.examples[c]);
          chunk.make(c - firstExample, noise, example, radius + c, examples, times, begin, end);
        }
        for (int64_t feature = begin / times; feature * times < end; feature++) {
          const int64_t from = feature * times > begin ? feature * times : begin;
          const int64_t to = (feature + 1) * times < end ? (feature + 1) * times : end;
          for (int64_t c = firstExample; c < endExample; c++) {
            const int64_t run = feature * examples + c, shift = (run - feature) * times;
            body(run, from + shift, to + shift, radius[run] == 0 ? nullptr : chunk.at(c - firstExample, from));
          }
        }
      }
    }
    body.finish();
  });
}

/// d ⊙ x + ρ ⊙ C; without x, ρ ⊙ C.
template <class T>
struct NoiseAdder {
  const T *x, *slope, *radius;
  T* out;

  AUTODUAL_MEMBER void operator()(int64_t run, int64_t from, int64_t to, const T* random) const {
    const Vec<T> rho = broadcast(radius[run]), d = x != nullptr ? broadcast(slope[run]) : Vec<T>{};
    for (int64_t i = from; i < to; i += LANES<T>) {
      Vec<T> value = {};
      if (random != nullptr) value = rho * load(random + (i - from));
      if (x != nullptr) value += d * loadUpTo(x + i, to - i);
      storeUpTo(out + i, value, to - i);
    }
  }
  void finish() const {}
};

/// out = d ⊙ x + ρ ⊙ C for features × examples runs of `times` rows, each with a slope and a radius.
template <class T>
void addNoise(Pool& pool, const T* x, const T* slope, const T* radius, int64_t features, int64_t examples, int64_t times,
              const Noise& noise, T* out) {
  if (times <= 0) return;
  overNoise<T>(pool, noise, radius, features, examples, times, [=] { return NoiseAdder<T>{x, slope, radius, out}; });
}

/// Sums of runs, LANES of them folded at once where they follow one another.
template <class T>
struct RunSums {
  T* out;
  Vec<T> sum[LANES<T>];
  int64_t first = -1, last = -1;

  AUTODUAL_MEMBER void add(int64_t run, Vec<T> terms) {
    if (run == last) {
      sum[run - first] += terms;
      return;
    }
    if (first < 0 || run != last + 1 || run - first == LANES<T>) {
      finish();
      first = run;
    }
    sum[run - first] = terms;
    last = run;
  }
  void finish() {
    if (first < 0) return;
    const int count = static_cast<int>(last - first + 1);
    for (int i = count; i < LANES<T>; i++) sum[i] = Vec<T>{};
    storeUpTo(out + first, foldLanes<T, LANES<T>>(sum), count);
    first = last = -1;
  }
};

template <class T>
struct NoiseGradient {
  const T *x, *slope, *g;
  T* outX;
  RunSums<T> ofSlope, ofRadius;

  AUTODUAL_MEMBER void operator()(int64_t run, int64_t from, int64_t to, const T* random) {
    Vec<T> slopes = {}, radii = {};
    const Vec<T> d = x != nullptr ? broadcast(slope[run]) : Vec<T>{};
    for (int64_t i = from; i < to; i += LANES<T>) {
      const Vec<T> own = loadUpTo(g + i, to - i);
      if (random != nullptr) radii += own * loadUpTo(random + (i - from), to - i);
      if (x == nullptr) continue;
      slopes += own * loadUpTo(x + i, to - i);
      storeUpTo(outX + i, d * own, to - i);
    }
    ofRadius.add(run, radii);
    if (x != nullptr) ofSlope.add(run, slopes);
  }
  void finish() {
    ofRadius.finish();
    ofSlope.finish();
  }
};

template <class T>
void addNoiseGradient(Pool& pool, const T* x, const T* slope, const T* radius, const T* g, int64_t features,
                      int64_t examples, int64_t times, const Noise& noise, T* outX, T* outSlope, T* outRadius) {
  if (times <= 0) return;
  overNoise<T>(pool, noise, radius, features, examples, times, [=] {
    NoiseGradient<T> gradient;
    gradient.x = x;
    gradient.slope = slope;
    gradient.g = g;
    gradient.outX = outX;
    gradient.ofSlope.out = outSlope;
    gradient.ofRadius.out = outRadius;
    return gradient;
  });
}
