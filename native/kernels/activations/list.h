// The functions of one number by their names in `Function`, each with the struct that has its value, its derivative and,
// of an activation, its lines. Their order numbers them: activations stand as in src/activations/index.ts, the other
// functions as in src/compute/native/function-arguments.ts.
#pragma once

#define AUTODUAL_ACTIVATIONS(_) \
  _(relu, Relu)                 \
  _(leakyRelu, LeakyRelu)       \
  _(hardtanh, Hardtanh)         \
  _(tanh, Tanh)                 \
  _(sigmoid, Sigmoid)

#define AUTODUAL_OTHER_FUNCTIONS(_) \
  _(abs, Abs)                       \
  _(sign, Sign)                     \
  _(square, Square)                 \
  _(sqrt, SquareRoot)               \
  _(reciprocalSqrt, ReciprocalSquareRoot)
