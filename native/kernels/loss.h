// The robust loss of Corollary 1 takes −J for logits: cross-entropy of a column's softmax with its label, its derivative in the logits, and the optimizer's step; all in
// double.

/// Columns that one piece goes through together, so that logits are read along their lines.
inline constexpr int64_t LOSS_COLUMNS = 128;

/// A smaller share of the softmax is taken as none: in any sum with the gradients of other examples it is lost to rounding,
/// and what it would leave on its way back through a deep network are subnormal numbers, slow on most processors.
inline constexpr double LEAST_SHARE = 0x1p-64;

/// The largest logit of each of `count` columns, NaN before any number, and Σ exp(logit − largest).
template <class T>
void softmaxParts(const T* logits, int64_t classes, int64_t columns, int64_t count, double* largest, double* sum) {
  for (int64_t c = 0; c < count; c++) {
    largest[c] = -std::numeric_limits<double>::infinity();
    sum[c] = 0;
  }
  for (int64_t k = 0; k < classes; k++) {
    const T* line = logits + k * columns;
    for (int64_t c = 0; c < count; c++) {
      const double logit = line[c];
      largest[c] = (logit > largest[c]) | (logit != logit) ? logit : largest[c];
    }
  }
  for (int64_t k = 0; k < classes; k++) {
    const T* line = logits + k * columns;
    for (int64_t c = 0; c < count; c++) sum[c] += std::exp(line[c] - largest[c]);
  }
}

template <class T>
void softmaxCrossEntropy(Pool& pool, const T* logits, const int32_t* labels, int64_t classes, int64_t columns, T* out) {
  inPieces(pool, columns, LOSS_COLUMNS, [=](int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end; from += LOSS_COLUMNS) {
      const int64_t count = end - from < LOSS_COLUMNS ? end - from : LOSS_COLUMNS;
      double largest[LOSS_COLUMNS];
      double sum[LOSS_COLUMNS];
      softmaxParts(logits + from, classes, columns, count, largest, sum);
      for (int64_t c = 0; c < count; c++) {
        const double wanted = logits[labels[from + c] * columns + from + c];
        out[from + c] = static_cast<T>(std::log(sum[c]) + (largest[c] - wanted));
      }
    }
  });
}

template <class T>
void softmaxCrossEntropyGradient(Pool& pool, const T* logits, const int32_t* labels, const T* g, int64_t classes,
                                 int64_t columns, T* out) {
  inPieces(pool, columns, LOSS_COLUMNS, [=](int64_t begin, int64_t end) {
    for (int64_t from = begin; from < end; from += LOSS_COLUMNS) {
      const int64_t count = end - from < LOSS_COLUMNS ? end - from : LOSS_COLUMNS;
      double largest[LOSS_COLUMNS];
      double sum[LOSS_COLUMNS];
      softmaxParts(logits + from, classes, columns, count, largest, sum);
      for (int64_t k = 0; k < classes; k++) {
        const T* line = logits + k * columns + from;
        T* to = out + k * columns + from;
        for (int64_t c = 0; c < count; c++) {
          const double share = std::exp(line[c] - largest[c]) / sum[c];
          const double kept = share < LEAST_SHARE ? 0 : share;
          to[c] = static_cast<T>((kept - (k == labels[from + c] ? 1 : 0)) * g[from + c]);
        }
      }
    }
  });
}

/// One step of Adam, weight decay being added to the gradient.
template <class T>
void adamStep(Pool& pool, T* __restrict parameter, const T* __restrict gradient, T* __restrict first,
              T* __restrict second, int64_t count, const AdamSettings& settings) {
  const AdamSettings s = settings;
  inPieces(pool, count, 8192, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
      const double weight = parameter[i];
      const double full = gradient[i] + s.weightDecay * weight;
      const double mean = s.beta1 * first[i] + (1 - s.beta1) * full;
      const double square = s.beta2 * second[i] + (1 - s.beta2) * full * full;
      first[i] = static_cast<T>(mean);
      second[i] = static_cast<T>(square);
      const double step = (s.rate * mean * s.meanCorrection) / (std::sqrt(square * s.squareCorrection) + s.epsilon);
      parameter[i] = static_cast<T>(weight - step);
    }
  });
}
