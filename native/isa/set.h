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

// Functions of one number; enclosing lines, each activation's and then whole tensors'.
#include "../kernels/functions.h"
#include "../kernels/activations/index.h"
#include "../kernels/relu-lines.h"
#include "../kernels/lines.h"

#include "../kernels/crop.h"
#include "../kernels/enclose.h"
#include "../kernels/entries.h"
#include "../kernels/boxes.h"
#include "../kernels/features.h"
#include "../kernels/loss.h"
#include "../kernels/median.h"
#include "../kernels/noise.h"
#include "../kernels/peak.h"
#include "../kernels/product-tile.h"
#include "../kernels/packed-weights.h"
#include "../kernels/products.h"
#include "../kernels/dot-tiles.h"
#include "../kernels/linear-gradients.h"
#include "../kernels/product-gradients.h"
#include "../kernels/rows.h"
#include "../kernels/select.h"

// What builds on most of them.
#include "../kernels/coefficients.h"
#include "../kernels/backward-rows.h"
#include "../kernels/backward.h"

template <class T>
const Kernels<T> TABLE = {
#define AUTODUAL_KERNEL(result, name, ...) .name = name<T>,
#include "../list.h"
};

const Kernels<float>* floatKernels() { return &TABLE<float>; }
const Kernels<double>* doubleKernels() { return &TABLE<double>; }

}  // namespace AUTODUAL_SET
}  // namespace autodual
