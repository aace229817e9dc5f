// Vectors of one instruction set, on the vector types of GCC and Clang, and loops shared among threads. Included inside that
// set's namespace, once, with AUTODUAL_VECTOR_BYTES its vector width. What stands here and in the other kernel files is
// compiled anew for each set, under the set's own names, so that no set runs another's code.

/// Lanes of a vector of T.
template <class T>
inline constexpr int LANES = AUTODUAL_VECTOR_BYTES / static_cast<int>(sizeof(T));

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(AUTODUAL_VECTOR_BYTES), aligned(AUTODUAL_VECTOR_BYTES)));
  typedef T unaligned __attribute__((vector_size(AUTODUAL_VECTOR_BYTES), aligned(alignof(T)), may_alias));
};

template <class T>
using Vec = typename VectorOf<T>::type;

template <class T>
AUTODUAL_INLINE Vec<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T>::unaligned*>(from);
}

template <class T>
AUTODUAL_INLINE void store(T* to, Vec<T> value) {
  *reinterpret_cast<typename VectorOf<T>::unaligned*>(to) = value;
}

template <class T>
AUTODUAL_INLINE Vec<T> broadcast(T value) {
  // Not 0 + value, which the compiler would have to compute: it makes −0 to 0.
  return value - Vec<T>{};
}

#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 32
/// All bits of the first `count` lanes.
template <class T>
AUTODUAL_INLINE __m256i firstLanes(int count) {
  if constexpr (sizeof(T) == 4) return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  else return _mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif

/// The first `count` ≤ LANES entries, zeros after them; reads nothing beyond.
template <class T>
AUTODUAL_INLINE Vec<T> loadSome(const T* from, int count) {
#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
  const uint32_t first = (1u << count) - 1;
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_maskz_loadu_ps(static_cast<__mmask16>(first), from);
  else return (Vec<T>)_mm512_maskz_loadu_pd(static_cast<__mmask8>(first), from);
#elif defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_maskload_ps(from, firstLanes<T>(count));
  else return (Vec<T>)_mm256_maskload_pd(from, firstLanes<T>(count));
#else
  alignas(64) T all[LANES<T>] = {};
  __builtin_memcpy(all, from, static_cast<size_t>(count) * sizeof(T));
  return load(all);
#endif
}

/// Stores the first `count` ≤ LANES entries, and writes nothing beyond.
template <class T>
AUTODUAL_INLINE void storeSome(T* to, Vec<T> value, int count) {
#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
  const uint32_t first = (1u << count) - 1;
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_ps(to, static_cast<__mmask16>(first), (__m512)value);
  else _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first), (__m512d)value);
#elif defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 32
  // In halves: stores by a mask are slow on some processors.
  if (count == LANES<T>) return store(to, value);
  if constexpr (sizeof(T) == 4) {
    __m128 some = _mm256_castps256_ps128((__m256)value);
    if (count & 4) {
      _mm_storeu_ps(to, some);
      some = _mm256_extractf128_ps((__m256)value, 1);
      to += 4;
    }
    if (count & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(to), some);
      some = _mm_movehl_ps(some, some);
      to += 2;
    }
    if (count & 1) _mm_store_ss(to, some);
  } else {
    __m128d some = _mm256_castpd256_pd128((__m256d)value);
    if (count & 2) {
      _mm_storeu_pd(to, some);
      some = _mm256_extractf128_pd((__m256d)value, 1);
      to += 2;
    }
    if (count & 1) _mm_store_sd(to, some);
  }
#else
  alignas(64) T all[LANES<T>];
  store(all, value);
  __builtin_memcpy(to, all, static_cast<size_t>(count) * sizeof(T));
#endif
}

/// `load` of LANES entries, or of those that are left.
template <class T>
AUTODUAL_INLINE Vec<T> loadUpTo(const T* from, int64_t left) {
  return left >= LANES<T> ? load(from) : loadSome(from, static_cast<int>(left));
}

template <class T>
AUTODUAL_INLINE void storeUpTo(T* to, Vec<T> value, int64_t left) {
  if (left >= LANES<T>) store(to, value);
  else storeSome(to, value, static_cast<int>(left));
}

/// Keeps a vector that is used several times in its register: compilers would rather load it anew for each use.
template <class T>
AUTODUAL_INLINE void keepInRegister(Vec<T>& value) {
#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
  asm("" : "+v"(value));
#elif defined(__x86_64__)
  asm("" : "+x"(value));
#else
  (void)value;
#endif
}

/// The smaller lanes of numbers that are not NaN.
template <class T>
AUTODUAL_INLINE Vec<T> smallerOfLanes(Vec<T> a, Vec<T> b) {
#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_min_ps((__m512)a, (__m512)b);
  else return (Vec<T>)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_min_ps((__m256)a, (__m256)b);
  else return (Vec<T>)_mm256_min_pd((__m256d)a, (__m256d)b);
#else
  return a < b ? a : b;
#endif
}

template <class T>
AUTODUAL_INLINE Vec<T> largerOfLanes(Vec<T> a, Vec<T> b) {
#if defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 64
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_max_ps((__m512)a, (__m512)b);
  else return (Vec<T>)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__x86_64__) && AUTODUAL_VECTOR_BYTES == 32
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_max_ps((__m256)a, (__m256)b);
  else return (Vec<T>)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
  return a < b ? b : a;
#endif
}

/// The sum of all lanes.
template <class T>
AUTODUAL_INLINE T sumLanes(Vec<T> value) {
  alignas(64) T all[LANES<T>];
  store(all, value);
  for (int half = LANES<T> / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; i++) all[i] += all[i + half];
  }
  return all[0];
}

template <class T, int... I>
AUTODUAL_INLINE Vec<T> addPairs(Vec<T> a, Vec<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...) + __builtin_shufflevector(a, b, (2 * I + 1)...);
}

/// The sums of N vectors' lanes, side by side: LANES / N partial sums of the first, then of the second, and so on.
template <class T, int N>
AUTODUAL_INLINE Vec<T> foldLanes(const Vec<T>* sum) {
  if constexpr (N == 1) {
    return sum[0];
  } else {
    constexpr auto LANE_NUMBERS = std::make_integer_sequence<int, LANES<T>>();
    return addPairs<T>(foldLanes<T, N / 2>(sum), foldLanes<T, N / 2>(sum + N / 2), LANE_NUMBERS);
  }
}

/// Calls body(begin, end) for pieces of 0 … count − 1 of about `grain` each, shared among the pool's threads.
template <class Body>
inline void inPieces(Pool& pool, int64_t count, int64_t grain, const Body& body) {
  if (grain < 1) grain = 1;
  if (count <= grain) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  struct Context {
    const Body& body;
    int64_t count, grain;
  } context{body, count, grain};
  pool.run(
      (count + grain - 1) / grain,
      [](void* raw, int64_t item, int) {
        const Context& c = *static_cast<const Context*>(raw);
        const int64_t begin = item * c.grain;
        const int64_t end = begin + c.grain;
        c.body(begin, end < c.count ? end : c.count);
      },
      &context);
}

/// Calls body(item, worker) for each of 0 … items − 1, shared among the pool's threads.
template <class Body>
inline void forEach(Pool& pool, int64_t items, const Body& body) {
  pool.run(
      items, [](void* raw, int64_t item, int worker) { (*static_cast<const Body*>(raw))(item, worker); },
      const_cast<Body*>(&body));
}

/// How many features make a piece of about 16,384 entries.
inline int64_t featureGrain(int64_t rows) { return rows > 16384 ? 1 : 16384 / (rows > 0 ? rows : 1) + 1; }
