// Linear maps, convolutions, their transposes, and their gradients in the weights.
#include "plan-keys.h"
#include "operations.h"

namespace autodual::operations {

namespace {

template <class Make>
Napi::Value product(Arguments& a, const Tensor& weight, const Tensor& x, const Tensor& bias, int64_t features,
                    std::vector<int64_t> key, Make make) {
  const Tensor out = a.result(features, x.rows);
  a.run({out}, [=, key = std::move(key)](const auto& run) {
    const ProductPlan& plan = run.engine.template plan<ProductPlan>(key, make);
    run.kernels.product(run.pool, plan, run.in(weight), run.in(x), x.rows, run.in(bias), run.out(out));
  });
  return a.give(out);
}

template <class Make>
Napi::Value gradient(Arguments& a, const Tensor& y, const Tensor& x, const Tensor& out, std::vector<int64_t> key,
                     Make make) {
  a.run({out}, [=, key = std::move(key)](const auto& run) {
    // A plan is as large as the images, which without rows take no memory of their own.
    if (x.rows == 0) return run.kernels.fill(run.pool, 0, out.count(), run.out(out));
    const GradientPlan& plan = run.engine.template plan<GradientPlan>(key, make);
    run.kernels.productGradient(run.pool, plan, run.in(y), run.in(x), x.rows, run.out(out));
  });
  return a.give(out);
}

/// A plan counts the inputs of an output by 32 bits.
void expectTaps(Arguments& a, int64_t taps) {
  a.expect(taps <= MOST_INT32, "weights of at most 2147483647 inputs", std::to_string(taps));
}

void expectWeight(Arguments& a, const Tensor& weight, const Geometry& g) {
  a.expectShape("weight", weight, g.outChannels, weightsPerOutput(g));
}

}  // namespace

Napi::Value linear(Arguments& a) {
  const Tensor weight = a.tensor("weight"), x = a.tensor("x", weight.rows);
  const Tensor bias = a.optional("bias", weight.features, 1);
  const int64_t m = weight.features, n = weight.rows;
  expectTaps(a, n);
  return product(a, weight, x, bias, m, {LINEAR, m, n}, [=] { return planLinear(m, n); });
}

Napi::Value linearTranspose(Arguments& a) {
  const Tensor weight = a.tensor("weight"), y = a.tensor("y", weight.features);
  const int64_t m = weight.features, n = weight.rows;
  expectTaps(a, m);
  return product(a, weight, y, {}, n, {LINEAR_TRANSPOSE, m, n}, [=] { return planLinearTranspose(m, n); });
}

Napi::Value linearWeightGradient(Arguments& a) {
  const Tensor y = a.tensor("y"), x = a.tensor("x", ANY, y.rows);
  const int64_t m = y.features, n = x.features;
  return gradient(a, y, x, a.result(m, n), {LINEAR, m, n}, [=] { return planLinearGradient(m, n); });
}

Napi::Value conv2d(Arguments& a) {
  const Tensor weight = a.tensor("weight"), x = a.tensor("x");
  const Tensor bias = a.optional("bias", weight.features, 1);
  const Geometry g = a.geometry();
  expectWeight(a, weight, g);
  a.expectShape("x", x, inFeatures(g), ANY);
  return product(a, weight, x, bias, outFeatures(g), keyOf(CONV2D, g), [=] { return planConv2d(g); });
}

Napi::Value conv2dTranspose(Arguments& a) {
  const Tensor weight = a.tensor("weight"), y = a.tensor("y");
  const Geometry g = a.geometry();
  expectWeight(a, weight, g);
  a.expectShape("y", y, outFeatures(g), ANY);
  return product(a, weight, y, {}, inFeatures(g), keyOf(CONV2D_TRANSPOSE, g), [=] { return planConv2dTranspose(g); });
}

Napi::Value conv2dWeightGradient(Arguments& a) {
  const Tensor y = a.tensor("y"), x = a.tensor("x", ANY, y.rows);
  const Geometry g = a.geometry();
  a.expectShape("y", y, outFeatures(g), ANY);
  a.expectShape("x", x, inFeatures(g), ANY);
  const Tensor out = a.result(g.outChannels, weightsPerOutput(g));
  return gradient(a, y, x, out, keyOf(CONV2D, g), [=] { return planConv2dGradient(g); });
}

Napi::Value conv2dSelect(Arguments& a) {
  const Tensor weight = a.tensor("weight");
  const Geometry g = a.geometry();
  expectWeight(a, weight, g);
  const Indices index = a.indices("index", 0, outFeatures(g));
  const auto rows = static_cast<int64_t>(index->size());
  const Tensor out = a.result(inFeatures(g), rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.conv2dSelect(run.pool, run.in(weight), index->data(), rows, g, run.out(out));
  });
  return a.give(out);
}

Napi::Value conv2dSelectGradient(Arguments& a) {
  const Tensor given = a.tensor("g");
  const Geometry g = a.geometry();
  a.expectShape("g", given, inFeatures(g), ANY);
  const Indices index = a.indices("index", 0, outFeatures(g), given.rows);
  const Tensor out = a.result(g.outChannels, weightsPerOutput(g));
  a.run({out}, [=](const auto& run) {
    run.kernels.conv2dSelectGradient(run.pool, run.in(given), index->data(), given.rows, g, run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
