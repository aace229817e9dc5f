#include "standard.h"

#if defined(__x86_64__)
#define AUTODUAL_SET avx512
#define AUTODUAL_VECTOR_BYTES 64
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prfchw"))), apply_to = function)
#include "set.h"
#pragma clang attribute pop
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma,prfchw,prefer-vector-width=512")
#include "set.h"
#pragma GCC pop_options
#endif
#endif
