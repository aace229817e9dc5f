// ν backwards through a chain of layers.
#include "plan-keys.h"
#include "operations.h"

namespace autodual::operations {

namespace {

enum StepKind : int64_t { STEP_LINEAR, STEP_CONV2D, STEP_ENCLOSE, STEP_SCALE };

/// A step with what it holds on to until its task has run.
struct Step {
  StepKind kind;
  Tensor first, second;
  Geometry geometry{};
  OwnerTable owners{};

  template <class T>
  BackwardStep<T> prepared(const Run<T>& run) const {
    const int64_t m = first.features, n = first.rows;
    switch (kind) {
      case STEP_LINEAR:
        return {&run.engine.template plan<ProductPlan>({LINEAR_TRANSPOSE, m, n}, [=] { return planLinearTranspose(m, n); }),
                run.in(first), nullptr, {}};
      case STEP_CONV2D:
        return {&run.engine.template plan<ProductPlan>(keyOf(CONV2D_TRANSPOSE, geometry),
                                                       [this] { return planConv2dTranspose(geometry); }),
                run.in(first), nullptr, {}};
      default:
        return {nullptr, run.in(first), run.in(second), run.unordered(owners)};
    }
  }
};

/// Reads a step whose ν has so many features, and says how many there are after it.
Step readStep(Arguments& a, int64_t& features, int64_t rows) {
  Step step;
  step.kind = static_cast<StepKind>(a.size("step", 0, STEP_SCALE));
  switch (step.kind) {
    case STEP_LINEAR:
      step.first = a.tensor("weight", features);
      features = step.first.rows;
      break;
    case STEP_CONV2D:
      step.first = a.tensor("weight");
      step.geometry = a.geometry();
      a.expectShape("weight", step.first, step.geometry.outChannels, weightsPerOutput(step.geometry));
      a.expect(features == outFeatures(step.geometry), std::to_string(outFeatures(step.geometry)) + " features",
               std::to_string(features));
      features = inFeatures(step.geometry);
      break;
    case STEP_ENCLOSE:
      step.first = a.tensor("slope", features);
      step.second = a.like("radius", step.first);
      step.owners = a.owners(rows, step.first.rows);
      break;
    case STEP_SCALE:
      step.first = a.tensor("scale", features);
      step.owners = a.owners(rows, step.first.rows);
      break;
  }
  return step;
}

}  // namespace

Napi::Value backward(Arguments& a) {
  // Rows as they are, or lines of a matrix.
  Tensor nu, matrix;
  Indices index;
  if (a.size("start", 0, 1) == 0) {
    nu = a.tensor("nu");
  } else {
    matrix = a.tensor("matrix");
    index = a.indices("index", 0, matrix.features);
  }
  const int64_t startFeatures = nu ? nu.features : matrix.rows;
  const int64_t rows = nu ? nu.rows : static_cast<int64_t>(index->size());
  int64_t features = startFeatures;
  std::vector<Step> steps(static_cast<size_t>(a.size("steps", 0, 1 << 16)));
  for (Step& step : steps) step = readStep(a, features, rows);
  const Tensor radius = a.tensor("radius", features);
  const OwnerTable owners = a.owners(rows, radius.rows);
  const Order order = a.order();
  const Tensor out = a.result(1, rows);
  a.run({out}, [=](const auto& run) {
    using T = std::remove_pointer_t<decltype(run.out(out))>;
    std::vector<BackwardStep<T>> prepared;
    for (const Step& step : steps) prepared.push_back(step.prepared(run));
    run.kernels.backward(run.pool,
                         {run.in(nu), run.in(matrix), index ? index->data() : nullptr, startFeatures, prepared.data(),
                          static_cast<int64_t>(prepared.size()), run.in(radius), run.unordered(owners), order},
                         rows, run.out(out));
  });
  return a.give(out);
}

}  // namespace autodual::operations
