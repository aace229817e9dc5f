#include "cpu.h"

#include <cstring>

#include "../kernels/table.h"

namespace autodual {

#define AUTODUAL_DECLARE_SET(name)        \
  namespace name {                        \
  const Kernels<float>* floatKernels();   \
  const Kernels<double>* doubleKernels(); \
  }
AUTODUAL_DECLARE_SET(baseline)
#if defined(__x86_64__)
AUTODUAL_DECLARE_SET(avx2)
AUTODUAL_DECLARE_SET(avx512)
#endif
#undef AUTODUAL_DECLARE_SET

namespace {

struct Set {
  const char* name;
  bool (*supported)();
  const Kernels<float>* (*floats)();
  const Kernels<double>* (*doubles)();
};

#if defined(__x86_64__)
bool hasAvx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}
bool hasAvx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif
bool always() { return true; }

constexpr Set SETS[] = {
#if defined(__x86_64__)
    {"avx512", hasAvx512, avx512::floatKernels, avx512::doubleKernels},
    {"avx2", hasAvx2, avx2::floatKernels, avx2::doubleKernels},
#endif
    {"baseline", always, baseline::floatKernels, baseline::doubleKernels},
};

const Set* find(const char* name) {
  for (const Set& set : SETS) {
    if (std::strcmp(set.name, name) == 0 && set.supported()) return &set;
  }
  return nullptr;
}

}  // namespace

std::vector<const char*> instructionSets() {
  std::vector<const char*> names;
  for (const Set& set : SETS) {
    if (set.supported()) names.push_back(set.name);
  }
  return names;
}

template <>
const Kernels<float>* kernelsOf<float>(const char* name) {
  const Set* set = find(name);
  return set == nullptr ? nullptr : set->floats();
}

template <>
const Kernels<double>* kernelsOf<double>(const char* name) {
  const Set* set = find(name);
  return set == nullptr ? nullptr : set->doubles();
}

}  // namespace autodual
