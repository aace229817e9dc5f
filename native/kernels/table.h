// The kernels of one instruction set, as a table of functions. What each returns is defined by `Backend` (backend.ts)
// and the portable backend. Every kernel writes every entry of its results, whatever they held before; results never
// overlap arguments. f is the number of features, rows the number of rows of the wide tensors.
#pragma once

#include "types.h"

namespace autodual {

template <class T>
struct Kernels {
#define AUTODUAL_KERNEL(result, name, ...) result(*name) __VA_ARGS__;
#include "../list.h"
};

/// The kernels of this instruction set; null where this build or machine lacks it. Names: "avx512", "avx2", "baseline".
template <class T>
const Kernels<T>* kernelsOf(const char* instructionSet);

}  // namespace autodual
