// The kernels of one instruction set, as a table of functions. What each returns is defined by `Backend` (backend.ts)
// and the reference backend. Every kernel writes every entry of its results, whatever they held before; results never
// overlap arguments. f is the number of features, rows the number of rows of the wide tensors.
#pragma once

#include "types.h"

namespace autodual {

template <class T>
struct Kernels {
  // products.h: linear, conv2d, their transposes; weight gradients
  void (*product)(Pool&, const ProductPlan&, const T* weight, const T* x, int64_t rows, const T* bias, T* out);
  void (*productGradient)(Pool&, const GradientPlan&, const T* y, const T* x, int64_t rows, T* out);

  // backward.h: the sum of all enclosures' Σρ|ν| and the last norm → `[1, rows]`
  void (*backward)(Pool&, const BackwardChain<T>&, int64_t rows, T* out);

  // entries.h
  void (*combine)(Pool&, T a, const T* x, T b, const T* y, int64_t count, T* out);
  void (*scaleBy)(Pool&, const T* x, T a, T b, int64_t count, T* out);
  void (*multiply)(Pool&, const T* x, const T* y, int64_t count, T* out);
  void (*minimum)(Pool&, const T* x, const T* y, int64_t count, T* out);
  void (*maximum)(Pool&, const T* x, const T* y, int64_t count, T* out);
  void (*minimumGradient)(Pool&, const T* x, const T* y, const T* g, int64_t count, T* outX, T* outY);
  void (*apply)(Pool&, const Elementwise&, const T* x, int64_t count, T* out);
  void (*applyGradient)(Pool&, const Elementwise&, const T* x, const T* g, int64_t count, T* out);
  void (*fill)(Pool&, T value, int64_t count, T* out);

  // features.h
  void (*transpose)(Pool&, const T* x, int64_t f, int64_t rows, T* out);
  void (*gather)(Pool&, const T* x, const int32_t* index, int64_t count, int64_t rows, T* out);
  void (*scatterAdd)(Pool&, const T* y, const int32_t* index, int64_t count, int64_t rows, int64_t f, T* out);
  void (*replace)(Pool&, const T* x, const int32_t* index, const T* y, int64_t count, int64_t rows, int64_t f, T* out);

  // rows.h: scale and shift may be null
  void (*scaleShift)(Pool&, const T* x, int64_t f, int64_t rows, const T* scale, const T* shift, const Owners&, T* out);
  void (*scaleBySign)(Pool&, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative, const Owners&,
                      T* out);
  void (*scaleBySignGradient)(Pool&, const T* x, int64_t f, int64_t rows, const T* positive, const T* negative,
                              const T* g, const Owners&, T* outX, T* outPositive, T* outNegative);
  void (*spread)(Pool&, const T* x, int64_t f, int64_t rows, const Owners&, T* out);
  void (*sumRows)(Pool&, const T* x, int64_t f, int64_t rows, const Owners&, T* out);
  void (*multiplySumRows)(Pool&, const T* x, const T* y, int64_t f, int64_t rows, const Owners&, T* out);
  void (*dot)(Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const Owners&, T* out);
  void (*outer)(Pool&, const T* weight, const T* s, int64_t f, int64_t rows, const Owners&, T* out);
  void (*outerSumRows)(Pool&, const T* x, const T* s, int64_t f, int64_t rows, const Owners&, T* out);

  // norms.h
  void (*norm)(Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const Owners&, Order, T* out);
  void (*normGradient)(Pool&, const T* x, int64_t f, int64_t rows, const T* weight, const T* value, const T* g,
                       const Owners&, Order, T* outX, T* outWeight);
  void (*normRows)(Pool&, const T* x, int64_t f, int64_t rows, const Owners&, Order, T* out);
  void (*normRowsGradient)(Pool&, const T* x, int64_t f, int64_t rows, const T* value, const T* g, const Owners&, Order,
                           T* outX);

  // crop.h: x is `[channels·height·width, columns]`, y `[channels·patchHeight·patchWidth, rows]`
  void (*crop)(Pool&, const T* x, int64_t rows, const Owners&, const Window&, T* out);
  void (*cropTranspose)(Pool&, const T* y, int64_t rows, const Owners&, const Window&, T* out);

  // enclose.h: d ⊙ ν and Σρ|ν| in one pass
  void (*enclose)(Pool&, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const Owners&, T* outNu,
                  T* outRadius);
  void (*encloseGradient)(Pool&, const T* nu, int64_t f, int64_t rows, const T* slope, const T* radius, const T* gNu,
                          const T* gRadius, const Owners&, T* outNu, T* outSlope, T* outRadius);

  // select.h
  void (*conv2dSelect)(Pool&, const T* weight, const int32_t* index, int64_t rows, const Geometry&, T* out);
  void (*conv2dSelectGradient)(Pool&, const T* g, const int32_t* index, int64_t rows, const Geometry&, T* out);
  // index is a tensor `[f, columns]` of feature numbers of x, which has `features`; −1 reads `missing`
  void (*select)(Pool&, const T* x, int64_t features, int64_t rows, const T* index, int64_t f, const Owners&, T missing,
                 T* out);
  void (*selectTranspose)(Pool&, const T* y, int64_t f, int64_t rows, const T* index, const Owners&, int64_t features,
                          T* out);
  void (*maxPoolChoice)(Pool&, const T* lower, const T* upper, int64_t columns, const Geometry&, T* choice, T* rival);

  // lines.h: each tensor has `count` entries
  void (*parallelLines)(Pool&, const Elementwise&, const T* lower, const T* upper, int64_t count, T* slope, T* shift,
                        T* radius);
  void (*parallelLinesGradient)(Pool&, const Elementwise&, const T* lower, const T* upper, const T* gSlope,
                                const T* gShift, const T* gRadius, int64_t count, T* outLower, T* outUpper);
  void (*adaptiveLines)(Pool&, const Elementwise&, const T* lower, const T* upper, int64_t count, T* lowerSlope,
                        T* lowerShift, T* upperSlope, T* upperShift);
  void (*adaptiveLinesGradient)(Pool&, const Elementwise&, const T* lower, const T* upper, const T* gLowerSlope,
                                const T* gLowerShift, const T* gUpperSlope, const T* gUpperShift, int64_t count,
                                T* outLower, T* outUpper);

  // loss.h: logits `[classes, columns]`
  void (*softmaxCrossEntropy)(Pool&, const T* logits, const int32_t* labels, int64_t classes, int64_t columns, T* out);
  void (*softmaxCrossEntropyGradient)(Pool&, const T* logits, const int32_t* labels, const T* g, int64_t classes,
                                      int64_t columns, T* out);
  void (*adamStep)(Pool&, T* parameter, const T* gradient, T* first, T* second, int64_t count, const AdamSettings&);

  // median.h: rows in runs of plan.times; the lower median of |x| of each run and the place of its first holder in the
  // run → each `[f, rows / times]`
  void (*medianRows)(Pool&, const MedianPlan&, const T* x, int64_t f, int64_t rows, T* value, T* index);
  // the geometric mean of |x| of each run → `[f, rows / times]`
  void (*geometricMeanRows)(Pool&, const T* x, int64_t runs, int64_t times, T* out);
  // g and index `[f, rows / times]`
  void (*medianRowsGradient)(Pool&, const T* x, const T* index, const T* g, int64_t f, int64_t rows, int64_t times,
                             T* out);

  // noise.h: d ⊙ x + ρ ⊙ C for `runs` of `times` rows, each with a slope and a radius; x and slope (and their
  // derivatives) may be null together
  void (*addNoise)(Pool&, const T* x, const T* slope, const T* radius, int64_t runs, int64_t times, const Noise&, T* out);
  void (*addNoiseGradient)(Pool&, const T* x, const T* slope, const T* radius, const T* g, int64_t runs, int64_t times,
                           const Noise&, T* outX, T* outSlope, T* outRadius);

  // peak.h: runs a loop of fused multiply-adds on registers on every thread; returns how many floating-point operations
  double (*peak)(Pool&, int64_t iterations);
};

/// The kernels of this instruction set; null where this build or machine lacks it. Names: "avx512", "avx2", "baseline".
template <class T>
const Kernels<T>* kernelsOf(const char* instructionSet);

}  // namespace autodual
