// Random matrices: entries of a Philox stream, the same on every machine whatever the threads.
#include "operations.h"

namespace autodual::operations {

namespace {

template <class Choose>
Napi::Value noise(Arguments& a, Choose choose) {
  const int64_t features = a.size("features"), rows = a.size("rows");
  constexpr int64_t MOST_WORD = 4294967295;
  struct Words {
    uint32_t key[2], stream[2];
  } words;
  words.key[0] = static_cast<uint32_t>(a.size("key0", 0, MOST_WORD));
  words.key[1] = static_cast<uint32_t>(a.size("key1", 0, MOST_WORD));
  words.stream[0] = static_cast<uint32_t>(a.size("stream0", 0, MOST_WORD));
  words.stream[1] = static_cast<uint32_t>(a.size("stream1", 0, MOST_WORD));
  const auto first = static_cast<uint64_t>(a.size("first", 0, int64_t{1} << 53));
  const double scale = a.number("scale");
  const Tensor out = a.result(features, rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    choose(run.kernels)(run.pool, words.key, words.stream, first, out.count(), static_cast<T>(scale), run.out(out));
  });
  return a.give(out);
}

}  // namespace

Napi::Value fillCauchy(Arguments& a) {
  return noise(a, [](const auto& kernels) { return kernels.fillCauchy; });
}

Napi::Value fillNormal(Arguments& a) {
  return noise(a, [](const auto& kernels) { return kernels.fillNormal; });
}

}  // namespace autodual::operations
