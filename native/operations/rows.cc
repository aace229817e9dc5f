// Rows and their owners.
#include "operations.h"

namespace autodual::operations {

Napi::Value scaleShift(Arguments& a) {
  const Tensor x = a.tensor("x"), scale = a.optional("scale", x.features, ANY);
  const Tensor shift = a.optional("shift", x.features, scale ? scale.rows : ANY);
  const Tensor out = a.resultLike(x);
  // Without either there is nothing to own, and the owners are not looked at.
  const OwnerTable owners =
      scale || shift ? a.owners(x.rows, scale ? scale.rows : shift.rows)
                     : OwnerTable{OwnerTable::Kind::own, x.rows, x.rows, nullptr, 0};
  a.run({out}, [=](const auto& run) {
    run.kernels.scaleShift(run.pool, run.in(x), x.features, x.rows, run.in(scale), run.in(shift), run.owners(owners),
                           run.out(out));
  });
  return a.give(out);
}

Napi::Value scaleBySign(Arguments& a) {
  const Tensor x = a.tensor("x"), positive = a.tensor("positive", x.features);
  const Tensor negative = a.like("negative", positive), out = a.resultLike(x);
  const OwnerTable owners = a.owners(x.rows, positive.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.scaleBySign(run.pool, run.in(x), x.features, x.rows, run.in(positive), run.in(negative),
                            run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value scaleBySignGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), positive = a.tensor("positive", x.features);
  const Tensor negative = a.like("negative", positive), g = a.like("g", x);
  const OwnerTable owners = a.owners(x.rows, positive.rows);
  const Tensor outX = a.resultLike(x), outPositive = a.resultLike(positive), outNegative = a.resultLike(positive);
  a.run({outX, outPositive, outNegative}, [=](const auto& run) {
    run.kernels.scaleBySignGradient(run.pool, run.in(x), x.features, x.rows, run.in(positive), run.in(negative),
                                    run.in(g), run.owners(owners), run.out(outX), run.out(outPositive),
                                    run.out(outNegative));
  });
  return a.give({outX, outPositive, outNegative});
}

Napi::Value spread(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t rows = a.size("rows");
  const OwnerTable owners = a.owners(rows, x.rows);
  const Tensor out = a.result(x.features, rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.spread(run.pool, run.in(x), x.features, rows, run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value sumRows(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t columns = a.size("columns");
  const OwnerTable owners = a.owners(x.rows, columns);
  const Tensor out = a.result(x.features, columns);
  a.run({out}, [=](const auto& run) {
    run.kernels.sumRows(run.pool, run.in(x), x.features, x.rows, run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value multiplySumRows(Arguments& a) {
  const Tensor x = a.tensor("x"), y = a.like("y", x);
  const int64_t columns = a.size("columns");
  const OwnerTable owners = a.owners(x.rows, columns);
  const Tensor out = a.result(x.features, columns);
  a.run({out}, [=](const auto& run) {
    run.kernels.multiplySumRows(run.pool, run.in(x), run.in(y), x.features, x.rows, run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value dot(Arguments& a) {
  const Tensor x = a.tensor("x"), weight = a.tensor("weight", x.features);
  const OwnerTable owners = a.owners(x.rows, weight.rows);
  const Tensor out = a.result(1, x.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.dot(run.pool, run.in(x), x.features, x.rows, run.in(weight), run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value outer(Arguments& a) {
  const Tensor weight = a.tensor("weight"), s = a.tensor("s", 1);
  const OwnerTable owners = a.owners(s.rows, weight.rows);
  const Tensor out = a.result(weight.features, s.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.outer(run.pool, run.in(weight), run.in(s), weight.features, s.rows, run.owners(owners), run.out(out));
  });
  return a.give(out);
}

Napi::Value outerSumRows(Arguments& a) {
  const Tensor x = a.tensor("x"), s = a.tensor("s", 1, x.rows);
  const int64_t columns = a.size("columns");
  const OwnerTable owners = a.owners(x.rows, columns);
  const Tensor out = a.result(x.features, columns);
  a.run({out}, [=](const auto& run) {
    run.kernels.outerSumRows(run.pool, run.in(x), run.in(s), x.features, x.rows, run.owners(owners), run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
