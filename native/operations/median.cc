// The median and the geometric mean of |x| along runs of rows.
#include "operations.h"

namespace autodual::operations {

Napi::Value medianRows(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t times = a.size("times", 1, MOST_INT32);
  a.expect(x.rows % times == 0, "rows in runs of " + std::to_string(times), std::to_string(x.rows));
  const Tensor value = a.result(x.features, x.rows / times), index = a.resultLike(value);
  a.run({value, index}, [=](const auto& run) {
    const MedianPlan& plan = run.engine.template plan<MedianPlan>(
        {times}, [=] { return planMedian(static_cast<int32_t>(times)); });
    run.kernels.medianRows(run.pool, plan, run.in(x), x.features, x.rows, run.out(value), run.out(index));
  });
  return a.give({value, index});
}

Napi::Value geometricMeanRows(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t times = a.size("times", 1, MOST_INT32);
  a.expect(x.rows % times == 0, "rows in runs of " + std::to_string(times), std::to_string(x.rows));
  const Tensor out = a.result(x.features, x.rows / times);
  a.run({out}, [=](const auto& run) {
    run.kernels.geometricMeanRows(run.pool, run.in(x), out.count(), times, run.out(out));
  });
  return a.give(out);
}

Napi::Value medianRowsGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), index = a.tensor("index", x.features), g = a.like("g", index);
  const int64_t times = a.size("times", 1, MOST_INT32);
  a.expect(x.rows % times == 0 && x.rows / times == index.rows,
           std::to_string(index.rows) + " runs of " + std::to_string(times) + " rows", std::to_string(x.rows));
  const Tensor out = a.resultLike(x);
  a.run({out}, [=](const auto& run) {
    run.kernels.medianRowsGradient(run.pool, run.in(x), run.in(index), run.in(g), x.features, x.rows, times,
                                   run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
