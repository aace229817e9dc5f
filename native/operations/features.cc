// Moves of features: permutations, padding, slices, joins, and the choices of max pooling.
#include <cstring>

#include "operations.h"

namespace autodual::operations {

Napi::Value transpose(Arguments& a) {
  const Tensor x = a.tensor("x"), out = a.result(x.rows, x.features);
  a.run({out}, [=](const auto& run) {
    run.kernels.transpose(run.pool, run.in(x), x.features, x.rows, run.out(out));
  });
  return a.give(out);
}

Napi::Value gather(Arguments& a) {
  const Tensor x = a.tensor("x");
  const Indices index = a.indices("index", -1, x.features);
  const auto count = static_cast<int64_t>(index->size());
  const Tensor out = a.result(count, x.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.gather(run.pool, run.in(x), index->data(), count, x.rows, run.out(out));
  });
  return a.give(out);
}

Napi::Value scatterAdd(Arguments& a) {
  const Tensor y = a.tensor("y");
  const Napi::Value unread = a.next();
  const int64_t features = a.size("features");
  const Indices index = a.indicesOf(unread, "index", -1, features, y.features);
  const Tensor out = a.result(features, y.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.scatterAdd(run.pool, run.in(y), index->data(), y.features, y.rows, features, run.out(out));
  });
  return a.give(out);
}

Napi::Value replace(Arguments& a) {
  const Tensor x = a.tensor("x");
  const Indices index = a.indices("index", 0, x.features);
  const auto count = static_cast<int64_t>(index->size());
  const Tensor y = a.tensor("y", count, x.rows), out = a.resultLike(x);
  a.run({out}, [=](const auto& run) {
    run.kernels.replace(run.pool, run.in(x), index->data(), run.in(y), count, x.rows, x.features, run.out(out));
  });
  return a.give(out);
}

Napi::Value concat(Arguments& a) {
  const int64_t count = a.size("parts", 1, 1 << 20);
  std::vector<Tensor> parts;
  int64_t features = 0;
  for (int64_t i = 0; i < count; i++) {
    parts.push_back(a.tensor("every part", ANY, i == 0 ? ANY : parts[0].rows));
    features += parts.back().features;
    a.expect(features <= MOST_ENTRIES, "at most 2^46 features", std::to_string(features));
  }
  const Tensor out = a.result(features, parts[0].rows);
  a.run({out}, [=](const auto& run) {
    auto* to = run.out(out);
    for (const Tensor& part : parts) {
      if (part.count() == 0) continue;
      std::memcpy(to, run.in(part), static_cast<size_t>(part.count()) * sizeof(*to));
      to += part.count();
    }
  });
  return a.give(out);
}

Napi::Value slice(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t start = a.size("start", 0, x.features), count = a.size("count", 0, x.features - start);
  const Tensor out = a.result(count, x.rows);
  a.run({out}, [=](const auto& run) {
    auto* to = run.out(out);
    std::memcpy(to, run.in(x) + start * x.rows, static_cast<size_t>(out.count()) * sizeof(*to));
  });
  return a.give(out);
}

Napi::Value select(Arguments& a) {
  const Tensor x = a.tensor("x"), index = a.tensor("index");
  const OwnerTable owners = a.owners(x.rows, index.rows);
  const double missing = a.number("missing");
  const Tensor out = a.result(index.features, x.rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    run.kernels.select(run.pool, run.in(x), x.features, x.rows, run.in(index), index.features, run.owners(owners),
                       static_cast<T>(missing), run.out(out));
  });
  return a.give(out);
}

Napi::Value selectTranspose(Arguments& a) {
  const Tensor y = a.tensor("y"), index = a.tensor("index", y.features);
  const OwnerTable owners = a.owners(y.rows, index.rows);
  const int64_t features = a.size("features");
  const Tensor out = a.result(features, y.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.selectTranspose(run.pool, run.in(y), y.features, y.rows, run.in(index), run.owners(owners), features,
                                run.out(out));
  });
  return a.give(out);
}

Napi::Value maxPoolChoice(Arguments& a) {
  const Tensor lower = a.tensor("lower"), upper = a.like("upper", lower);
  const Geometry g = a.geometry();
  a.expect(g.groups == g.inChannels && g.inChannels == g.outChannels, "groups = inChannels = outChannels",
           std::to_string(g.groups));
  a.expectShape("lower", lower, inFeatures(g), ANY);
  const Tensor choice = a.result(outFeatures(g), lower.rows), rival = a.resultLike(choice);
  a.run({choice, rival}, [=](const auto& run) {
    run.kernels.maxPoolChoice(run.pool, run.in(lower), run.in(upper), lower.rows, g, run.out(choice), run.out(rival));
  });
  return a.give({choice, rival});
}

}  // namespace autodual::operations
