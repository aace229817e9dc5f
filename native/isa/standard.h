// The headers that kernels may use, and macros; included before a target is set.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../kernels/plans.h"
#include "../kernels/table.h"

#define AUTODUAL_INLINE static inline __attribute__((always_inline))
#define AUTODUAL_MEMBER inline __attribute__((always_inline))
