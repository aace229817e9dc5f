// Patches of images, one per row.
#include "operations.h"

namespace autodual::operations {

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

}  // namespace autodual::operations
