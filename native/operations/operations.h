// Every operation by its name in `Backend`; each reads its arguments in the order in which `addon.ts` writes them.
#pragma once

#include "arguments.h"

namespace autodual::operations {

#define AUTODUAL_OPERATIONS(_)                                                                                    \
  /* memory.cc */                                                                                                 \
  _(upload) _(filled) _(reshape) _(release) _(read) _(finish) _(memory) _(peak)                                   \
  /* products.cc */                                                                                               \
  _(linear) _(linearTranspose) _(linearWeightGradient) _(conv2d) _(conv2dTranspose) _(conv2dWeightGradient)       \
  _(conv2dSelect) _(conv2dSelectGradient)                                                                         \
  /* backward.cc */                                                                                               \
  _(backward)                                                                                                     \
  /* features.cc */                                                                                               \
  _(transpose) _(gather) _(scatterAdd) _(replace) _(concat) _(slice) _(select) _(selectTranspose) _(maxPoolChoice)           \
  /* entries.cc */                                                                                                \
  _(combine) _(scaleBy) _(multiply) _(minimum) _(maximum) _(minimumGradient) _(apply) _(applyGradient)            \
  /* rows.cc */                                                                                                   \
  _(scaleShift) _(scaleBySign) _(scaleBySignGradient) _(spread) _(sumRows) _(multiplySumRows) _(dot) _(outer)     \
  _(outerSumRows)                                                                                                 \
  /* norms.cc */                                                                                                  \
  _(norm) _(normGradient) _(normRows) _(normRowsGradient) _(enclose) _(encloseGradient)                           \
  /* patches.cc */                                                                                                \
  _(crop) _(cropTranspose)                                                                                        \
  /* activations.cc */                                                                                            \
  _(parallelLines) _(parallelLinesGradient) _(adaptiveLines) _(adaptiveLinesGradient)                             \
  /* loss.cc */                                                                                                   \
  _(softmaxCrossEntropy) _(softmaxCrossEntropyGradient) _(adamStep)                                               \
  /* median.cc */                                                                                                 \
  _(medianRows) _(medianRowsGradient) _(geometricMeanRows)                                                        \
  /* noise.cc */                                                                                                  \
  _(addNoise) _(addNoiseGradient)

#define AUTODUAL_DECLARE(name) Napi::Value name(Arguments& a);
AUTODUAL_OPERATIONS(AUTODUAL_DECLARE)
#undef AUTODUAL_DECLARE

}  // namespace autodual::operations
