// Patches of images, one a row, and the backward step through parallel lines, whole or by patch.
#include "operations.h"

namespace autodual::operations {

namespace {

/// Slope and radius go with ν: by patch where there is a window, else feature by feature.
void expectLines(Arguments& a, const WindowTable& window, const Tensor& nu, const Tensor& lines) {
  if (window) a.expectShape("nu", nu, window.patchFeatures(), window.rows());
  a.expectShape("slope", lines, window ? window.imageFeatures() : nu.features, ANY);
}

/// Places within images that patches reach out of on every side are 32-bit numbers.
void expectReach(Arguments& a, const WindowTable& window, int64_t columns) {
  if (!window) return;
  const double reach = static_cast<double>(window.height + 2 * window.patchHeight) *
                       static_cast<double>(window.width + 2 * window.patchWidth) * static_cast<double>(columns);
  if (reach > INT32_MAX) a.fail("window and columns of at most 2147483647 places", std::to_string(reach));
}

}  // namespace

Napi::Value crop(Arguments& a) {
  const Tensor x = a.tensor("x");
  const WindowTable window = a.window();
  a.expectShape("x", x, window.imageFeatures(), ANY);
  expectReach(a, window, x.rows);
  const OwnerTable owners = a.owners(window.rows(), x.rows);
  const Tensor out = a.result(window.patchFeatures(), window.rows());
  a.run({out}, [=](const auto& run) {
    run.kernels.crop(run.pool, run.in(x), window.rows(), run.owners(owners), window.window(), run.out(out));
  });
  return a.give(out);
}

Napi::Value cropTranspose(Arguments& a) {
  const Tensor y = a.tensor("y");
  const WindowTable window = a.window();
  a.expectShape("y", y, window.patchFeatures(), window.rows());
  const int64_t columns = a.size("columns");
  expectReach(a, window, columns);
  const OwnerTable owners = a.owners(y.rows, columns);
  const Tensor out = a.result(window.imageFeatures(), columns);
  a.run({out}, [=](const auto& run) {
    run.kernels.cropTranspose(run.pool, run.in(y), y.rows, run.owners(owners), window.window(), run.out(out));
  });
  return a.give(out);
}

Napi::Value enclose(Arguments& a) {
  const Tensor nu = a.tensor("nu"), slope = a.tensor("slope"), radius = a.like("radius", slope);
  const WindowTable window = a.optionalWindow();
  expectLines(a, window, nu, slope);
  expectReach(a, window, slope.rows);
  const OwnerTable owners = a.owners(nu.rows, slope.rows);
  const Tensor outNu = a.resultLike(nu), outRadius = a.result(1, nu.rows);
  a.run({outNu, outRadius}, [=](const auto& run) {
    const Window patch = window ? window.window() : Window{};
    run.kernels.enclose(run.pool, run.in(nu), nu.features, nu.rows, run.in(slope), run.in(radius), run.owners(owners),
                        window ? &patch : nullptr, run.out(outNu), run.out(outRadius));
  });
  return a.give({outNu, outRadius});
}

Napi::Value encloseGradient(Arguments& a) {
  const Tensor nu = a.tensor("nu"), slope = a.tensor("slope"), radius = a.like("radius", slope);
  const Tensor gNu = a.like("gNu", nu), gRadius = a.tensor("gRadius", 1, nu.rows);
  const WindowTable window = a.optionalWindow();
  expectLines(a, window, nu, slope);
  expectReach(a, window, slope.rows);
  const OwnerTable owners = a.owners(nu.rows, slope.rows);
  const Tensor outNu = a.resultLike(nu), outSlope = a.resultLike(slope), outRadius = a.resultLike(slope);
  a.run({outNu, outSlope, outRadius}, [=](const auto& run) {
    const Window patch = window ? window.window() : Window{};
    run.kernels.encloseGradient(run.pool, run.in(nu), nu.features, nu.rows, run.in(slope), run.in(radius), run.in(gNu),
                                run.in(gRadius), run.owners(owners), window ? &patch : nullptr, run.out(outNu),
                                run.out(outSlope), run.out(outRadius));
  });
  return a.give({outNu, outSlope, outRadius});
}

Napi::Value patchNorm(Arguments& a) {
  const Tensor x = a.tensor("x"), weight = a.tensor("weight");
  const WindowTable window = a.window();
  a.expectShape("x", x, window.patchFeatures(), window.rows());
  a.expectShape("weight", weight, window.imageFeatures(), ANY);
  expectReach(a, window, weight.rows);
  const OwnerTable owners = a.owners(x.rows, weight.rows);
  const Tensor out = a.result(1, x.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.patchNorm(run.pool, run.in(x), x.rows, run.in(weight), run.owners(owners), window.window(),
                          run.out(out));
  });
  return a.give(out);
}

Napi::Value patchNormGradient(Arguments& a) {
  const Tensor x = a.tensor("x"), weight = a.tensor("weight"), g = a.tensor("g", 1, x.rows);
  const WindowTable window = a.window();
  a.expectShape("x", x, window.patchFeatures(), window.rows());
  a.expectShape("weight", weight, window.imageFeatures(), ANY);
  expectReach(a, window, weight.rows);
  const OwnerTable owners = a.owners(x.rows, weight.rows);
  const Tensor outX = a.resultLike(x), outWeight = a.resultLike(weight);
  a.run({outX, outWeight}, [=](const auto& run) {
    run.kernels.patchNormGradient(run.pool, run.in(x), x.rows, run.in(weight), run.in(g), run.owners(owners),
                                  window.window(), run.out(outX), run.out(outWeight));
  });
  return a.give({outX, outWeight});
}

}  // namespace autodual::operations
