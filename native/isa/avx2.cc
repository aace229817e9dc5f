#include "standard.h"

#if defined(__x86_64__)
#define AUTODUAL_SET avx2
#define AUTODUAL_VECTOR_BYTES 32
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,prfchw"))), apply_to = function)
#include "set.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,prfchw")
#include "set.h"
#pragma GCC pop_options
#endif
#endif
