// Norms along features and along the rows of an owner, and the backward step through parallel lines.
#include "operations.h"

namespace autodual::operations {

Napi::Value norm(Arguments& a) {
  const Tensor x = a.tensor("x"), weight = a.tensor("weight", x.features);
  const OwnerTable owners = a.owners(x.rows, weight.rows);
  const Order order = a.order();
  const Tensor out = a.result(1, x.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.norm(run.pool, run.in(x), x.features, x.rows, run.in(weight), run.owners(owners), order, run.out(out));
  });
  return a.give(out);
}

Napi::Value normGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), weight = a.tensor("weight", x.features);
  const Tensor value = a.tensor("value", 1, x.rows), g = a.tensor("g", 1, x.rows);
  const OwnerTable owners = a.owners(x.rows, weight.rows);
  const Order order = a.order();
  const Tensor outX = a.resultLike(x), outWeight = a.resultLike(weight);
  a.run({outX, outWeight}, [=](const auto& run) {
    run.kernels.normGradient(run.pool, run.in(x), x.features, x.rows, run.in(weight), run.in(value), run.in(g),
                             run.owners(owners), order, run.out(outX), run.out(outWeight));
  });
  return a.give({outX, outWeight});
}

Napi::Value normRows(Arguments& a) {
  const Tensor x = a.tensor("x");
  const int64_t columns = a.size("columns");
  const OwnerTable owners = a.owners(x.rows, columns);
  const Order order = a.order();
  const Tensor out = a.result(x.features, columns);
  a.run({out}, [=](const auto& run) {
    run.kernels.normRows(run.pool, run.in(x), x.features, x.rows, run.owners(owners), order, run.out(out));
  });
  return a.give(out);
}

Napi::Value normRowsGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), value = a.tensor("value", x.features), g = a.like("g", value);
  const OwnerTable owners = a.owners(x.rows, value.rows);
  const Order order = a.order();
  const Tensor out = a.resultLike(x);
  a.run({out}, [=](const auto& run) {
    run.kernels.normRowsGradient(run.pool, run.in(x), x.features, x.rows, run.in(value), run.in(g), run.owners(owners),
                                 order, run.out(out));
  });
  return a.give(out);
}

Napi::Value enclose(Arguments& a) {
  const Tensor nu = a.tensor("nu"), slope = a.tensor("slope", nu.features), radius = a.like("radius", slope);
  const OwnerTable owners = a.owners(nu.rows, slope.rows);
  const Tensor outNu = a.resultLike(nu), outRadius = a.result(1, nu.rows);
  a.run({outNu, outRadius}, [=](const auto& run) {
    run.kernels.enclose(run.pool, run.in(nu), nu.features, nu.rows, run.in(slope), run.in(radius), run.owners(owners),
                        run.out(outNu), run.out(outRadius));
  });
  return a.give({outNu, outRadius});
}

Napi::Value encloseGradient(Arguments& a) {
  const Tensor nu = a.tensor("nu"), slope = a.tensor("slope", nu.features), radius = a.like("radius", slope);
  const Tensor gNu = a.like("gNu", nu), gRadius = a.tensor("gRadius", 1, nu.rows);
  const OwnerTable owners = a.owners(nu.rows, slope.rows);
  const Tensor outNu = a.resultLike(nu), outSlope = a.resultLike(slope), outRadius = a.resultLike(slope);
  a.run({outNu, outSlope, outRadius}, [=](const auto& run) {
    run.kernels.encloseGradient(run.pool, run.in(nu), nu.features, nu.rows, run.in(slope), run.in(radius), run.in(gNu),
                                run.in(gRadius), run.owners(owners), run.out(outNu), run.out(outSlope),
                                run.out(outRadius));
  });
  return a.give({outNu, outSlope, outRadius});
}

}  // namespace autodual::operations
