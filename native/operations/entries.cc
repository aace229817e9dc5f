// Functions entry by entry.
#include <algorithm>

#include "operations.h"

namespace autodual::operations {

namespace {

/// x, y of one shape → a result of that shape, by the kernel that `choose` takes from the table.
template <class Choose>
Napi::Value pairwise(Arguments& a, Choose choose) {
  const Tensor x = a.tensor("x"), y = a.like("y", x), out = a.resultLike(x);
  a.run({out}, [=](const auto& run) { choose(run.kernels)(run.pool, run.in(x), run.in(y), x.count(), run.out(out)); });
  return a.give(out);
}

}  // namespace

Napi::Value multiply(Arguments& a) {
  return pairwise(a, [](const auto& kernels) { return kernels.multiply; });
}

Napi::Value minimum(Arguments& a) {
  return pairwise(a, [](const auto& kernels) { return kernels.minimum; });
}

Napi::Value maximum(Arguments& a) {
  return pairwise(a, [](const auto& kernels) { return kernels.maximum; });
}

Napi::Value combine(Arguments& a) {
  const double p = a.number("a");
  const Tensor x = a.tensor("x");
  const double q = a.number("b");
  const Tensor y = a.like("y", x), out = a.resultLike(x);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    run.kernels.combine(run.pool, static_cast<T>(p), run.in(x), static_cast<T>(q), run.in(y), x.count(), run.out(out));
  });
  return a.give(out);
}

Napi::Value weightedSum(Arguments& a) {
  const double constant = a.number("constant");
  const int64_t count = a.size("terms", 1, 1 << 20);
  std::vector<Weighted<double>> weights;
  std::vector<Tensor> terms;
  int64_t features = 0, rows = 0;
  for (int64_t i = 0; i < count; i++) {
    const double weight = a.number("weight");
    weights.push_back({weight, a.size("absolute", 0, 1) != 0, false, false, nullptr});
    terms.push_back(a.tensor("x"));
    features = std::max(features, terms.back().features);
    rows = std::max(rows, terms.back().rows);
  }
  for (size_t i = 0; i < terms.size(); i++) {
    weights[i].sharesFeatures = terms[i].features != features;
    weights[i].sharesRows = terms[i].rows != rows;
    a.expectShape("x", terms[i], weights[i].sharesFeatures ? 1 : features, weights[i].sharesRows ? 1 : rows);
  }
  const Tensor out = a.result(features, rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    std::vector<Weighted<T>> parts;
    for (size_t i = 0; i < terms.size(); i++) {
      const Weighted<double>& own = weights[i];
      parts.push_back({static_cast<T>(own.weight), own.absolute, own.sharesFeatures, own.sharesRows, run.in(terms[i])});
    }
    run.kernels.weightedSum(run.pool, parts.data(), static_cast<int64_t>(parts.size()), static_cast<T>(constant), features, rows, run.out(out));
  });
  return a.give(out);
}

Napi::Value scaleBy(Arguments& a) {
  const Tensor x = a.tensor("x"), out = a.resultLike(x);
  const double p = a.number("a"), q = a.number("b");
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    run.kernels.scaleBy(run.pool, run.in(x), static_cast<T>(p), static_cast<T>(q), x.count(), run.out(out));
  });
  return a.give(out);
}

Napi::Value minimumGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), y = a.like("y", x), g = a.like("g", x);
  const Tensor outX = a.resultLike(x), outY = a.resultLike(x);
  a.run({outX, outY}, [=](const auto& run) {
    run.kernels.minimumGradient(run.pool, run.in(x), run.in(y), run.in(g), x.count(), run.out(outX), run.out(outY));
  });
  return a.give({outX, outY});
}

Napi::Value apply(Arguments& a) {
  const Elementwise f = a.function(false);
  const Tensor x = a.tensor("x"), out = a.resultLike(x);
  a.run({out}, [=](const auto& run) { run.kernels.apply(run.pool, f, run.in(x), x.count(), run.out(out)); });
  return a.give(out);
}

Napi::Value applyGradient(Arguments& a) {
  const Elementwise f = a.function(false);
  const Tensor x = a.tensor("x"), g = a.like("g", x), out = a.resultLike(x);
  a.run({out}, [=](const auto& run) {
    run.kernels.applyGradient(run.pool, f, run.in(x), run.in(g), x.count(), run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
