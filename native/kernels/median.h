// What projections estimate a width by: medians (Theorem 2) and geometric means (Appendix E) of |x| over runs of rows. For medians as many runs at once as a vector has lanes are sorted
// by a network (plan-median.cc).

template <class T>
struct WordOf;
template <>
struct WordOf<float> {
  using type = int32_t;
};
template <>
struct WordOf<double> {
  using type = int64_t;
};

/// |x|, −0 and NaN included: clears the sign bit.
template <class T>
AUTODUAL_INLINE Vec<T> magnitudeOf(Vec<T> x) {
  using Word = typename WordOf<T>::type;
  return (Vec<T>)((Vec<Word>)x & std::numeric_limits<Word>::max());
}

template <int... I>
struct Lanes {};

/// Lanes<0, 1, …, COUNT − 1>.
template <int COUNT, int... I>
struct LanesUpTo : LanesUpTo<COUNT - 1, COUNT - 1, I...> {};
template <int... I>
struct LanesUpTo<0, I...> {
  using type = Lanes<I...>;
};

/// Exchanges what lies off the diagonal: the blocks of SIZE lanes of odd number in `a` with those of even number in `b`.
template <class T, int SIZE, int... I>
AUTODUAL_INLINE void exchangeBlocks(Vec<T>& a, Vec<T>& b, Lanes<I...>) {
  constexpr int COUNT = LANES<T>;
  const Vec<T> even = __builtin_shufflevector(a, b, ((I & SIZE) != 0 ? COUNT + I - SIZE : I)...);
  const Vec<T> odd = __builtin_shufflevector(a, b, ((I & SIZE) != 0 ? COUNT + I : I + SIZE)...);
  a = even;
  b = odd;
}

/// Transposes a square of vectors, blocks of SIZE lanes and smaller.
template <class T, int SIZE>
AUTODUAL_INLINE void transposeSquare(Vec<T> (&square)[LANES<T>]) {
  if constexpr (SIZE > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < LANES<T>; i++) {
      if ((i & SIZE) == 0) {
        exchangeBlocks<T, SIZE>(square[i], square[i + SIZE], typename LanesUpTo<LANES<T>>::type{});
      }
    }
    transposeSquare<T, SIZE / 2>(square);
  }
}

/// Bytes from what is being read to what is fetched meanwhile: the next runs but a few.
constexpr int64_t FETCHED_AHEAD = 10240;

/// |x| of LANES runs, entry by entry: kept[i] holds the i-th entry of every run. Returns the sum of all,
/// which is NaN exactly where the run has one.
template <class T>
Vec<T> loadRuns(const T* x, int64_t times, Vec<T>* kept) {
  constexpr int COUNT = LANES<T>;
  constexpr int64_t AHEAD = FETCHED_AHEAD / static_cast<int64_t>(sizeof(T));
  Vec<T> sum = {};
  for (int64_t start = 0; start < times; start += COUNT) {
    // The last square reaches back over the one before it.
    const int64_t first = start + COUNT <= times ? start : times - COUNT;
    Vec<T> square[COUNT];
#pragma GCC unroll 16
    for (int run = 0; run < COUNT; run++) {
      square[run] = magnitudeOf<T>(load(x + run * times + first));
      __builtin_prefetch(x + AHEAD + (start + run) * COUNT);
    }
    transposeSquare<T, COUNT / 2>(square);
#pragma GCC unroll 16
    for (int i = 0; i < COUNT; i++) {
      kept[first + i] = square[i];
      sum += square[i];
    }
  }
  return sum;
}

/// The same for runs shorter than a vector or fewer than its lanes; lanes without a run are zero.
template <class T>
Vec<T> loadFewRuns(const T* x, int64_t times, int64_t runs, Vec<T>* kept) {
  Vec<T> sum = {};
  for (int64_t i = 0; i < times; i++) {
    alignas(64) T lanes[LANES<T>] = {};
    for (int64_t run = 0; run < runs; run++) lanes[run] = x[run * times + i];
    kept[i] = magnitudeOf<T>(load(lanes));
    sum += kept[i];
  }
  return sum;
}

template <class T>
AUTODUAL_INLINE void putInOrder(Vec<T>& low, Vec<T>& high) {
  const Vec<T> a = low, b = high;
  low = smallerOfLanes<T>(a, b);
  high = largerOfLanes<T>(a, b);
}

/// Entries of a run that are sorted in registers.
#if AUTODUAL_VECTOR_BYTES == 64
constexpr int SORTED_RUN = 16, SORTING_STEPS = 63;
#else
constexpr int SORTED_RUN = 8, SORTING_STEPS = 19;
#endif

/// Batcher's network for a run; see plan-median.cc.
struct SortingNetwork {
  int low[SORTING_STEPS] = {}, high[SORTING_STEPS] = {};

  constexpr SortingNetwork() {
    int step = 0;
    for (int p = 1; p < SORTED_RUN; p *= 2) {
      for (int k = p; k >= 1; k /= 2) {
        for (int j = k % p; j + k < SORTED_RUN; j += 2 * k) {
          for (int i = j; i < j + k && i + k < SORTED_RUN; i++) {
            if (i / (2 * p) != (i + k) / (2 * p)) continue;
            low[step] = i;
            high[step] = i + k;
            step++;
          }
        }
      }
    }
  }
};
inline constexpr SortingNetwork SORTING_NETWORK{};

template <class T, int... STEP>
AUTODUAL_INLINE void sortInRegisters(const Vec<T>* from, Vec<T>* to, Lanes<STEP...>) {
  Vec<T> run[SORTED_RUN];
#pragma GCC unroll 16
  for (int i = 0; i < SORTED_RUN; i++) run[i] = from[i];
  (putInOrder<T>(run[SORTING_NETWORK.low[STEP]], run[SORTING_NETWORK.high[STEP]]), ...);
#pragma GCC unroll 16
  for (int i = 0; i < SORTED_RUN; i++) to[i] = run[i];
}

/// The entry of this rank in two sorted lists.
template <class T>
AUTODUAL_INLINE Vec<T> entryOfRank(const MedianPlan& plan, const Vec<T>* first) {
  const Vec<T>* second = first + plan.first;
  Vec<T> entry = broadcast(std::numeric_limits<T>::infinity());
  for (int32_t i = plan.least; i <= plan.most; i++) {
    // One list alone where the other gives nothing.
    const Vec<T> a = i > 0 ? first[i - 1] : second[plan.rank - 1];
    const Vec<T> b = i < plan.rank ? second[plan.rank - i - 1] : a;
    entry = smallerOfLanes<T>(entry, largerOfLanes<T>(a, b));
  }
  return entry;
}

/// Sorts both lists, as far as `entryOfRank` looks at them. What a comparator leaves out is not needed, but writing it is
/// cheaper than asking.
template <class T>
AUTODUAL_INLINE void sortByNetwork(const MedianPlan& plan, const Vec<T>* kept, Vec<T>* work) {
  int64_t i = 0;
  for (; i + SORTED_RUN <= plan.times; i += SORTED_RUN) {
    sortInRegisters<T>(kept + i, work + i, typename LanesUpTo<SORTING_STEPS>::type{});
  }
  for (; i < plan.times; i++) work[i] = kept[i];
  const auto& left = SORTED_RUN == 16 ? plan.afterRunsOf16 : plan.afterRunsOf8;
  const MedianPlan::Comparator* comparators = left.data();
  for (size_t c = 0; c < left.size(); c++) putInOrder<T>(work[comparators[c].low], work[comparators[c].high]);
}

/// The first place in each run that holds its median.
template <class T>
AUTODUAL_INLINE Vec<T> firstHolder(const Vec<T>* kept, int64_t times, Vec<T> median) {
  Vec<T> place = {};
  Vec<T> here = broadcast(static_cast<T>(times - 1));
  for (int64_t i = times - 1; i >= 0; i--) {
    place = kept[i] == median ? here : place;
    here -= 1;
  }
  return place;
}

/// Medians and places of up to LANES runs that begin at x.
template <class T>
void medianOfRuns(const MedianPlan& plan, const T* x, int64_t runs, Vec<T>* memory, T* value, T* index) {
  const int64_t times = plan.times;
  Vec<T>* kept = memory;
  Vec<T>* work = memory + times;
  const bool whole = runs == LANES<T> && times >= LANES<T>;
  const Vec<T> sum = whole ? loadRuns(x, times, kept) : loadFewRuns(x, times, runs, kept);
  sortByNetwork<T>(plan, kept, work);
  const Vec<T> median = entryOfRank<T>(plan, work);
  const Vec<T> place = firstHolder<T>(kept, times, median);
  const auto known = sum == sum;
  storeSome(value, known ? median : sum, static_cast<int>(runs));
  storeSome(index, known ? place : Vec<T>{}, static_cast<int>(runs));
}

template <class T>
void medianRows(Pool& pool, const MedianPlan& plan, const T* x, int64_t f, int64_t rows, T* value, T* index) {
  const int64_t times = plan.times;
  if (times <= 0) return;
  const int64_t runs = f * rows / times;
  // Pieces of about 16,384 entries, whole vectors of runs.
  const int64_t blocks = 16384 / (times * LANES<T>) + 1;
  const int64_t grain = blocks * LANES<T>;
  const size_t bytes = 2 * static_cast<size_t>(times) * sizeof(Vec<T>);
  forEach(pool, (runs + grain - 1) / grain, [&](int64_t item, int worker) {
    Vec<T>* memory = static_cast<Vec<T>*>(pool.scratch(worker, bytes));
    const int64_t end = (item + 1) * grain < runs ? (item + 1) * grain : runs;
    for (int64_t run = item * grain; run < end; run += LANES<T>) {
      const int64_t count = end - run < LANES<T> ? end - run : LANES<T>;
      medianOfRuns(plan, x + run * times, count, memory, value + run, index + run);
    }
  });
}

template <class T>
void medianRowsGradient(Pool& pool, const T* x, const T* index, const T* g, int64_t f, int64_t rows, int64_t times,
                        T* out) {
  if (times <= 0) return;
  inPieces(pool, f * rows / times, featureGrain(times), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin * times; i < end * times; i++) out[i] = 0;
    for (int64_t run = begin; run < end; run++) {
      // A number that is no place in the run is ignored rather than followed.
      if (!(index[run] >= 0 && index[run] < static_cast<T>(times))) continue;
      const int64_t holder = run * times + static_cast<int64_t>(index[run]);
      const T entry = x[holder];
      const T sign = entry > 0 ? T(1) : entry < 0 ? T(-1) : entry;
      out[holder] = g[run] * sign;
    }
  });
}

/// exp(mean of ln|x|) of each run. Single precision multiplies up to six magnitudes in double before each logarithm:
/// their product neither overflows nor vanishes.
template <class T>
void geometricMeanRows(Pool& pool, const T* x, int64_t runs, int64_t times, T* out) {
  constexpr int64_t TOGETHER = sizeof(T) == 4 ? 6 : 1;
  inPieces(pool, runs, featureGrain(times), [=](int64_t begin, int64_t end) {
    for (int64_t run = begin; run < end; run++) {
      const T* entry = x + run * times;
      double sum = 0;
      for (int64_t i = 0; i < times; i += TOGETHER) {
        double product = 1;
        const int64_t most = i + TOGETHER < times ? i + TOGETHER : times;
        for (int64_t j = i; j < most; j++) product *= static_cast<double>(entry[j]);
        sum += std::log(product < 0 ? -product : product);
      }
      out[run] = static_cast<T>(std::exp(sum / static_cast<double>(times)));
    }
  });
}
