// Compiles every kernel for one instruction set. The including file has defined AUTODUAL_SET (its name),
// AUTODUAL_VECTOR_BYTES and, by pragma, the target; the standard headers below are all that kernels may use, and were
// included before the target was set, so that no shared code is compiled for it.
//
// A kernel file is included inside the set's namespace and holds templates and inline functions only. Standard library
// templates (vector, algorithm, function) have external linkage and must not be used in kernels.
namespace autodual {
namespace AUTODUAL_SET {

// What the others build on.
#include "../kernels/simd.h"
#include "../kernels/owners.h"
#include "../kernels/norms.h"

// Enclosing lines, each activation's and then whole tensors'.
#include "../kernels/activations/enclosure.h"
#include "../kernels/activations/relu.h"
#include "../kernels/activations/leaky-relu.h"
#include "../kernels/activations/hardtanh.h"
#include "../kernels/activations/tanh.h"
#include "../kernels/activations/sigmoid.h"
#include "../kernels/activations/s-shaped.h"
#include "../kernels/activations/index.h"
#include "../kernels/relu-lines.h"
#include "../kernels/lines.h"

#include "../kernels/crop.h"
#include "../kernels/enclose.h"
#include "../kernels/entries.h"
#include "../kernels/features.h"
#include "../kernels/loss.h"
#include "../kernels/median.h"
#include "../kernels/noise.h"
#include "../kernels/peak.h"
#include "../kernels/products.h"
#include "../kernels/product-gradients.h"
#include "../kernels/rows.h"
#include "../kernels/select.h"

// What builds on most of them.
#include "../kernels/backward.h"

template <class T>
const Kernels<T> TABLE = {
    .product = product<T>,
    .productGradient = productGradient<T>,
    .backward = backward<T>,
    .combine = combine<T>,
    .scaleBy = scaleBy<T>,
    .multiply = multiply<T>,
    .minimum = minimum<T>,
    .maximum = maximum<T>,
    .minimumGradient = minimumGradient<T>,
    .apply = apply<T>,
    .applyGradient = applyGradient<T>,
    .fill = fill<T>,
    .transpose = transpose<T>,
    .gather = gather<T>,
    .scatterAdd = scatterAdd<T>,
    .replace = replace<T>,
    .scaleShift = scaleShift<T>,
    .scaleBySign = scaleBySign<T>,
    .scaleBySignGradient = scaleBySignGradient<T>,
    .spread = spread<T>,
    .sumRows = sumRows<T>,
    .multiplySumRows = multiplySumRows<T>,
    .dot = dot<T>,
    .outer = outer<T>,
    .outerSumRows = outerSumRows<T>,
    .norm = norm<T>,
    .normGradient = normGradient<T>,
    .normRows = normRows<T>,
    .normRowsGradient = normRowsGradient<T>,
    .crop = crop<T>,
    .cropTranspose = cropTranspose<T>,
    .enclose = enclose<T>,
    .encloseGradient = encloseGradient<T>,
    .conv2dSelect = conv2dSelect<T>,
    .conv2dSelectGradient = conv2dSelectGradient<T>,
    .select = select<T>,
    .selectTranspose = selectTranspose<T>,
    .maxPoolChoice = maxPoolChoice<T>,
    .parallelLines = parallelLines<T>,
    .parallelLinesGradient = parallelLinesGradient<T>,
    .adaptiveLines = adaptiveLines<T>,
    .adaptiveLinesGradient = adaptiveLinesGradient<T>,
    .softmaxCrossEntropy = softmaxCrossEntropy<T>,
    .softmaxCrossEntropyGradient = softmaxCrossEntropyGradient<T>,
    .adamStep = adamStep<T>,
    .medianRows = medianRows<T>,
    .geometricMeanRows = geometricMeanRows<T>,
    .medianRowsGradient = medianRowsGradient<T>,
    .addNoise = addNoise<T>,
    .addNoiseGradient = addNoiseGradient<T>,
    .peak = peak<T>,
};

const Kernels<float>* floatKernels() { return &TABLE<float>; }
const Kernels<double>* doubleKernels() { return &TABLE<double>; }

}  // namespace AUTODUAL_SET
}  // namespace autodual
