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

/// Terms of one shape, but for features or rows that some share; read with what they are multiplied by.
struct Terms {
  std::vector<Weighted<double>> weights;
  std::vector<Tensor> x, by;
  int64_t features = 0, rows = 0;

  void read(Arguments& a) {
    const double weight = a.number("weight");
    weights.push_back({weight, a.size("absolute", 0, 1) != 0, false, false, nullptr, nullptr});
    x.push_back(a.tensor("x"));
    by.push_back(a.optional("by", x.back().features, x.back().rows));
    features = std::max(features, x.back().features);
    rows = std::max(rows, x.back().rows);
  }

  void share(const Arguments& a) {
    for (size_t i = 0; i < x.size(); i++) {
      weights[i].sharesFeatures = x[i].features != features;
      weights[i].sharesRows = x[i].rows != rows;
      a.expectShape("x", x[i], weights[i].sharesFeatures ? 1 : features, weights[i].sharesRows ? 1 : rows);
    }
  }

  template <class T>
  std::vector<Weighted<T>> on(const Run<T>& run) const {
    std::vector<Weighted<T>> terms;
    for (size_t i = 0; i < x.size(); i++) {
      const Weighted<double>& own = weights[i];
      terms.push_back({static_cast<T>(own.weight), own.absolute, own.sharesFeatures, own.sharesRows, run.in(x[i]), run.in(by[i])});
    }
    return terms;
  }
};

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
  Terms terms;
  for (int64_t i = 0; i < count; i++) terms.read(a);
  terms.share(a);
  const Tensor where = a.optional("where", terms.features, terms.rows), out = a.result(terms.features, terms.rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    const std::vector<Weighted<T>> on = terms.on(run);
    run.kernels.weightedSum(run.pool, on.data(), static_cast<int64_t>(on.size()), static_cast<T>(constant), run.in(where),
                            terms.features, terms.rows, run.out(out));
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
