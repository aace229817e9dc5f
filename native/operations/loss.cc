// Loss and optimizer.
#include <cmath>

#include "operations.h"

namespace autodual::operations {

Napi::Value softmaxCrossEntropy(Arguments& a) {
  const Tensor logits = a.tensor("logits");
  const Indices labels = a.indices("labels", 0, logits.features, logits.rows);
  const Tensor out = a.result(1, logits.rows);
  a.run({out}, [=](const auto& run) {
    run.kernels.softmaxCrossEntropy(run.pool, run.in(logits), labels->data(), logits.features, logits.rows,
                                    run.out(out));
  });
  return a.give(out);
}

Napi::Value softmaxCrossEntropyGradient(Arguments& a) {
  const Tensor logits = a.tensor("logits");
  const Indices labels = a.indices("labels", 0, logits.features, logits.rows);
  const Tensor g = a.tensor("g", 1, logits.rows), out = a.resultLike(logits);
  a.run({out}, [=](const auto& run) {
    run.kernels.softmaxCrossEntropyGradient(run.pool, run.in(logits), labels->data(), run.in(g), logits.features,
                                            logits.rows, run.out(out));
  });
  return a.give(out);
}

Napi::Value adamStep(Arguments& a) {
  const Tensor parameter = a.tensor("parameter"), gradient = a.like("gradient", parameter);
  const Tensor first = a.like("first", parameter), second = a.like("second", parameter);
  AdamSettings settings;
  settings.rate = a.number("rate");
  settings.beta1 = a.number("beta1");
  settings.beta2 = a.number("beta2");
  settings.epsilon = a.number("epsilon");
  settings.weightDecay = a.number("weightDecay");
  const double step = a.number("step");
  settings.meanCorrection = 1 / (1 - std::pow(settings.beta1, step));
  settings.squareCorrection = 1 / (1 - std::pow(settings.beta2, step));
  a.run({}, [=](const auto& run) {
    run.kernels.adamStep(run.pool, run.out(parameter), run.in(gradient), run.out(first), run.out(second),
                         parameter.count(), settings);
  });
  return a.env().Undefined();
}

}  // namespace autodual::operations
