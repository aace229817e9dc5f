// Rows of a convolution's matrix (equation 8 begun at unit vectors), selection of features by a tensor of feature numbers, and max pooling's choice.

/// The first kernel offset whose tap, origin + k · dilation, is not before the input, and one past the last inside.
inline int64_t firstTapInside(int64_t origin, int64_t dilation) {
  return origin >= 0 ? 0 : (-origin + dilation - 1) / dilation;
}

inline int64_t endTapInside(int64_t origin, int64_t dilation, int64_t size, int64_t kernel) {
  if (origin >= size) return 0;
  const int64_t end = (size - 1 - origin) / dilation + 1;
  return end < kernel ? end : kernel;
}

/// Where the kernel of one output neuron lies on the input: the input line and pixel of its first tap, perhaps outside.
struct SelectedOutput {
  int32_t channel, group, top, left;
};

inline SelectedOutput selectedOutput(const Geometry& g, int32_t output) {
  const int32_t pixels = g.outHeight * g.outWidth;
  const int32_t channel = output / pixels;
  const int32_t pixel = output % pixels;
  return {channel, channel / (g.outChannels / g.groups), pixel / g.outWidth * g.strideHeight - g.padTop,
          pixel % g.outWidth * g.strideWidth - g.padLeft};
}

inline int64_t tapsOf(const Geometry& g) {
  return static_cast<int64_t>(g.inChannels / g.groups) * g.kernelHeight * g.kernelWidth;
}

/// Whether every row's kernel lies on the same place, so that rows differ by their output channel alone.
inline bool hasOnePlace(const Geometry& g) { return g.outHeight == 1 && g.outWidth == 1 && g.groups == 1; }

/// The outputs of all rows, in memory of the calling thread's; `extra` bytes follow them.
inline SelectedOutput* selectedOutputs(Pool& pool, const int32_t* index, int64_t rows, const Geometry& g,
                                       size_t extra) {
  const size_t bytes = static_cast<size_t>(rows) * sizeof(SelectedOutput);
  SelectedOutput* table = static_cast<SelectedOutput*>(pool.scratch(0, bytes + extra + 1));
  inPieces(pool, rows, 8192, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) table[row] = selectedOutput(g, index[row]);
  });
  return table;
}

/// The tap of the one kernel that reads this place of the input along one axis; −1 if none does.
inline int64_t tapAt(int64_t place, int64_t pad, int64_t dilation, int64_t kernel) {
  const int64_t distance = place + pad;
  return distance % dilation == 0 && distance / dilation < kernel ? distance / dilation : -1;
}

/// One place of the kernel: line by line, out[f, row] = weight[index[row], tap of f]. A tap's weights are brought
/// together first, so that the inner loop reads from a few cache lines.
template <class T>
void selectAtOnePlace(Pool& pool, const T* weight, const int32_t* index, int64_t rows, const Geometry& g, T* out) {
  const int64_t taps = tapsOf(g);
  const int64_t area = static_cast<int64_t>(g.inHeight) * g.inWidth;
  const size_t lineBytes = (static_cast<size_t>(g.outChannels) * sizeof(T) + 63) / 64 * 64;
  char* lines = static_cast<char*>(pool.scratch(0, lineBytes * static_cast<size_t>(pool.threads())));
  forEach(pool, g.inChannels * area, [&](int64_t feature, int worker) {
    T* __restrict to = out + feature * rows;
    const int64_t ky = tapAt(feature % area / g.inWidth, g.padTop, g.dilationHeight, g.kernelHeight);
    const int64_t kx = tapAt(feature % g.inWidth, g.padLeft, g.dilationWidth, g.kernelWidth);
    if (ky < 0 || kx < 0) {
      for (int64_t row = 0; row < rows; row++) to[row] = 0;
      return;
    }
    const int64_t tap = (feature / area * g.kernelHeight + ky) * g.kernelWidth + kx;
    T* __restrict line = reinterpret_cast<T*>(lines + lineBytes * static_cast<size_t>(worker));
    for (int64_t channel = 0; channel < g.outChannels; channel++) line[channel] = weight[channel * taps + tap];
#pragma omp simd
    for (int64_t row = 0; row < rows; row++) to[row] = line[index[row]];
  });
}

/// Writes what the rows' kernels have on line y of an input channel; the line is zero so far.
template <class T>
void selectLine(const T* weight, const SelectedOutput* outputs, int64_t rows, const Geometry& g, int64_t channel,
                int64_t y, T* line) {
  const int64_t channels = g.inChannels / g.groups;
  const int64_t group = channel / channels;
  for (int64_t row = 0; row < rows; row++) {
    const SelectedOutput& at = outputs[row];
    if (at.group != group) continue;
    const int64_t distance = y - at.top;
    if (distance < 0 || distance >= static_cast<int64_t>(g.kernelHeight) * g.dilationHeight) continue;
    if (distance % g.dilationHeight != 0) continue;
    const int64_t ky = distance / g.dilationHeight;
    const T* from = weight + ((at.channel * channels + channel % channels) * g.kernelHeight + ky) * g.kernelWidth;
    const int64_t end = endTapInside(at.left, g.dilationWidth, g.inWidth, g.kernelWidth);
    for (int64_t kx = firstTapInside(at.left, g.dilationWidth); kx < end; kx++) {
      line[(at.left + kx * g.dilationWidth) * rows + row] = from[kx];
    }
  }
}

template <class T>
void conv2dSelect(Pool& pool, const T* weight, const int32_t* index, int64_t rows, const Geometry& geometry, T* out) {
  if (rows == 0) return;
  // With fewer rows than channels most of what selectAtOnePlace brings together would not be used.
  if (hasOnePlace(geometry) && rows >= geometry.outChannels) {
    return selectAtOnePlace(pool, weight, index, rows, geometry, out);
  }
  const SelectedOutput* outputs = selectedOutputs(pool, index, rows, geometry, 0);
  forEach(pool, static_cast<int64_t>(geometry.inChannels) * geometry.inHeight, [&](int64_t item, int) {
    T* line = out + item * geometry.inWidth * rows;
    for (int64_t i = 0; i < geometry.inWidth * rows; i++) line[i] = 0;
    selectLine(weight, outputs, rows, geometry, item / geometry.inHeight, item % geometry.inHeight, line);
  });
}

/// Taps whose sums are taken together, so that additions to one output channel do not wait for each other.
inline constexpr int TAP_BLOCK = 8;

/// A tap of the kernel: input channel within its group, and offsets.
struct KernelTap {
  int64_t channel, ky, kx;
};

inline KernelTap kernelTap(const Geometry& g, int64_t tap) {
  const int64_t area = static_cast<int64_t>(g.kernelHeight) * g.kernelWidth;
  return {tap / area, tap % area / g.kernelWidth, tap % g.kernelWidth};
}

/// The input feature that a tap of this output reads; −1 outside the input.
inline int64_t featureOfTap(const Geometry& g, const SelectedOutput& at, const KernelTap& tap) {
  const int64_t y = at.top + tap.ky * g.dilationHeight;
  const int64_t x = at.left + tap.kx * g.dilationWidth;
  if (y < 0 || y >= g.inHeight || x < 0 || x >= g.inWidth) return -1;
  return ((at.group * (g.inChannels / g.groups) + tap.channel) * g.inHeight + y) * g.inWidth + x;
}

/// Adds every row's entries of TAP_BLOCK features to the sums `[channels, TAP_BLOCK]` of its output channel.
template <class T>
void addToChannels(const T* const* from, const int32_t* index, int64_t rows, double* sums) {
  for (int64_t row = 0; row < rows; row++) {
    double* to = sums + static_cast<int64_t>(index[row]) * TAP_BLOCK;
#pragma GCC unroll 8
    for (int k = 0; k < TAP_BLOCK; k++) to[k] += from[k][row];
  }
}

/// Sums of a block of taps with the kernels in one place. A tap that reads no input repeats the block's first and is
/// cleared afterwards.
template <class T>
void sumAtOnePlace(const T* g, const int32_t* index, int64_t rows, const Geometry& geometry, int64_t firstTap,
                   int count, double* sums) {
  const SelectedOutput at = selectedOutput(geometry, 0);
  const T* from[TAP_BLOCK];
  bool outside[TAP_BLOCK];
  for (int k = 0; k < TAP_BLOCK; k++) {
    const int64_t feature = k < count ? featureOfTap(geometry, at, kernelTap(geometry, firstTap + k)) : -1;
    outside[k] = feature < 0;
    from[k] = outside[k] ? g : g + feature * rows;
  }
  addToChannels(from, index, rows, sums);
  for (int k = 0; k < TAP_BLOCK; k++) {
    if (!outside[k]) continue;
    for (int64_t channel = 0; channel < geometry.outChannels; channel++) sums[channel * TAP_BLOCK + k] = 0;
  }
}

/// Sums of a block of taps wherever the kernels lie.
template <class T>
void sumAnywhere(const T* g, const SelectedOutput* outputs, int64_t rows, const Geometry& geometry, int64_t firstTap,
                 int count, double* sums) {
  for (int k = 0; k < count; k++) {
    const KernelTap tap = kernelTap(geometry, firstTap + k);
    for (int64_t row = 0; row < rows; row++) {
      const int64_t feature = featureOfTap(geometry, outputs[row], tap);
      if (feature >= 0) sums[outputs[row].channel * TAP_BLOCK + k] += g[feature * rows + row];
    }
  }
}

template <class T>
void conv2dSelectGradient(Pool& pool, const T* g, const int32_t* index, int64_t rows, const Geometry& geometry,
                          T* out) {
  const int64_t taps = tapsOf(geometry);
  const int64_t channels = geometry.outChannels;
  // The place of an input without entries cannot be read even where the result is dropped.
  const bool onePlace = hasOnePlace(geometry) && rows > 0 && geometry.inHeight > 0 && geometry.inWidth > 0;
  const size_t sumBytes = static_cast<size_t>(channels) * TAP_BLOCK * sizeof(double);
  const size_t allSums = sumBytes * static_cast<size_t>(pool.threads());
  const SelectedOutput* outputs =
      selectedOutputs(pool, index, onePlace ? 0 : rows, geometry, allSums);
  char* memory = const_cast<char*>(reinterpret_cast<const char*>(outputs + (onePlace ? 0 : rows)));
  forEach(pool, (taps + TAP_BLOCK - 1) / TAP_BLOCK, [&](int64_t item, int worker) {
    double* sums = reinterpret_cast<double*>(memory + sumBytes * static_cast<size_t>(worker));
    const int64_t firstTap = item * TAP_BLOCK;
    const int count = static_cast<int>(taps - firstTap < TAP_BLOCK ? taps - firstTap : TAP_BLOCK);
    for (int64_t i = 0; i < channels * TAP_BLOCK; i++) sums[i] = 0;
    if (onePlace) sumAtOnePlace(g, index, rows, geometry, firstTap, count, sums);
    else sumAnywhere(g, outputs, rows, geometry, firstTap, count, sums);
    for (int64_t channel = 0; channel < channels; channel++) {
      for (int k = 0; k < count; k++) {
        out[channel * taps + firstTap + k] = static_cast<T>(sums[channel * TAP_BLOCK + k]);
      }
    }
  });
}

/// The entry of a row at the feature that a tensor names: NaN for NaN (and for what is no feature), `missing` below 0.
template <class T>
AUTODUAL_INLINE T selected(const T* x, int64_t features, int64_t rows, T feature, int64_t row, T missing) {
  if (feature >= 0 && feature < static_cast<T>(features)) return x[static_cast<int64_t>(feature) * rows + row];
  return feature < 0 ? missing : std::numeric_limits<T>::quiet_NaN();
}

/// Rows begin … end − 1, which all take the feature that one owner names.
template <class T>
void selectRun(const T* x, int64_t features, int64_t rows, T feature, int64_t begin, int64_t end, T missing, T* to) {
  if (feature >= 0 && feature < static_cast<T>(features)) {
    const T* from = x + static_cast<int64_t>(feature) * rows;
    for (int64_t row = begin; row < end; row++) to[row] = from[row];
    return;
  }
  const T value = feature < 0 ? missing : std::numeric_limits<T>::quiet_NaN();
  for (int64_t row = begin; row < end; row++) to[row] = value;
}

template <class T>
void select(Pool& pool, const T* x, int64_t features, int64_t rows, const T* index, int64_t f, const Owners& owners,
            T missing, T* out) {
  inPieces(pool, f, featureGrain(rows), [&](int64_t firstFeature, int64_t endFeature) {
    for (int64_t i = firstFeature; i < endFeature; i++) {
      const T* which = index + i * owners.columns;
      T* to = out + i * rows;
      if (owners.kind == Owners::Kind::shared) {
        if (rows > 0) selectRun(x, features, rows, which[0], 0, rows, missing, to);
      } else if (owners.kind == Owners::Kind::own) {
        for (int64_t row = 0; row < rows; row++) to[row] = selected(x, features, rows, which[row], row, missing);
      } else if (owners.begin != nullptr) {
        for (int64_t c = 0; c < owners.columns; c++) {
          selectRun(x, features, rows, which[c], owners.begin[c], owners.begin[c + 1], missing, to);
        }
      } else {
        for (int64_t row = 0; row < rows; row++) {
          to[row] = selected(x, features, rows, which[owners.column[row]], row, missing);
        }
      }
    }
  });
}

/// The column of a row's owner.
AUTODUAL_INLINE int64_t ownerColumn(const Owners& owners, int64_t row) {
  return owners.kind == Owners::Kind::own ? row : owners.kind == Owners::Kind::shared ? 0 : owners.column[row];
}

/// Threads take blocks of rows, for features may be named more than once.
template <class T>
void selectTranspose(Pool& pool, const T* y, int64_t f, int64_t rows, const T* index, const Owners& owners,
                     int64_t features, T* out) {
  // Whole cache lines, and not much less than a memory page per line.
  const int64_t grain = rows > 4096 ? 512 : 128;
  inPieces(pool, rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t feature = 0; feature < features; feature++) {
      for (int64_t row = begin; row < end; row++) out[feature * rows + row] = 0;
    }
    for (int64_t i = 0; i < f; i++) {
      const T* which = index + i * owners.columns;
      for (int64_t row = begin; row < end; row++) {
        const T feature = which[ownerColumn(owners, row)];
        if (!(feature >= 0 && feature < static_cast<T>(features))) continue;
        out[static_cast<int64_t>(feature) * rows + row] += y[i * rows + row];
      }
    }
  });
}

/// Columns whose window is gone through together.
inline constexpr int64_t POOL_COLUMNS = 256;

/// The place of a pooling window in its channel, cut to the input.
struct PoolWindow {
  int64_t firstFeature;  ///< of the tap at (0, 0), perhaps outside the input
  int64_t kyFirst, kyEnd, kxFirst, kxEnd;
};

inline PoolWindow poolWindow(const Geometry& g, int64_t output) {
  const int64_t pixels = static_cast<int64_t>(g.outHeight) * g.outWidth;
  const int64_t top = output % pixels / g.outWidth * g.strideHeight - g.padTop;
  const int64_t left = output % g.outWidth * g.strideWidth - g.padLeft;
  return {(output / pixels * g.inHeight + top) * g.inWidth + left,
          firstTapInside(top, g.dilationHeight),
          endTapInside(top, g.dilationHeight, g.inHeight, g.kernelHeight),
          firstTapInside(left, g.dilationWidth),
          endTapInside(left, g.dilationWidth, g.inWidth, g.kernelWidth)};
}

/// For each of `count` columns the first feature of the window with the largest bound, a NaN before any number; −1 if
/// all are left out. `except` names a feature to leave out for each column, or is null.
template <class T>
void firstLargest(const Geometry& g, const PoolWindow& window, const T* bounds, int64_t columns, int64_t count,
                  const T* except, T* __restrict which) {
  T largest[POOL_COLUMNS];
  for (int64_t c = 0; c < count; c++) {
    which[c] = -1;
    largest[c] = -std::numeric_limits<T>::infinity();
  }
  for (int64_t ky = window.kyFirst; ky < window.kyEnd; ky++) {
    for (int64_t kx = window.kxFirst; kx < window.kxEnd; kx++) {
      const int64_t number = window.firstFeature + ky * g.dilationHeight * g.inWidth + kx * g.dilationWidth;
      const T feature = static_cast<T>(number);
      const T* line = bounds + number * columns;
      for (int64_t c = 0; c < count; c++) {
        const T bound = line[c];
        const bool better = (bound > largest[c]) | ((bound != bound) & (largest[c] == largest[c]));
        const bool take = ((which[c] < 0) | better) & (except == nullptr || except[c] != feature);
        which[c] = take ? feature : which[c];
        largest[c] = take ? bound : largest[c];
      }
    }
  }
}

template <class T>
void maxPoolChoice(Pool& pool, const T* lower, const T* upper, int64_t columns, const Geometry& geometry, T* choice,
                   T* rival) {
  const int64_t outputs = static_cast<int64_t>(geometry.outChannels) * geometry.outHeight * geometry.outWidth;
  inPieces(pool, outputs, featureGrain(columns * 4), [&](int64_t begin, int64_t end) {
    for (int64_t output = begin; output < end; output++) {
      const PoolWindow window = poolWindow(geometry, output);
      for (int64_t from = 0; from < columns; from += POOL_COLUMNS) {
        const int64_t count = columns - from < POOL_COLUMNS ? columns - from : POOL_COLUMNS;
        T* chosen = choice + output * columns + from;
        firstLargest<T>(geometry, window, lower + from, columns, count, nullptr, chosen);
        firstLargest<T>(geometry, window, upper + from, columns, count, chosen, rival + output * columns + from);
      }
    }
  });
}
