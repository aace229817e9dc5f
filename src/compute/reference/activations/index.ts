import { type Activation, checkFunction, type Elementwise } from "../../elementwise.js";
import type { ScalarActivation } from "./enclosure.js";
import { hardtanh } from "./hardtanh.js";
import { leakyRelu } from "./leaky-relu.js";
import { relu } from "./relu.js";
import { sigmoid } from "./sigmoid.js";
import { tanh } from "./tanh.js";

type Scalar = Pick<ScalarActivation, "value" | "derivative">;

/** The activation on numbers. A leaky slope that is not finite or an empty hardtanh range is a `UsageError`. */
export function scalarActivation(f: Activation): ScalarActivation {
  checkFunction(f);
  switch (f.kind) {
    case "relu":
      return relu;
    case "leaky-relu":
      return leakyRelu(f.slope);
    case "hardtanh":
      return hardtanh(f.minimum, f.maximum);
    case "tanh":
      return tanh;
    case "sigmoid":
      return sigmoid;
    default:
      return f satisfies never;
  }
}

/** Any function that a backend applies entry by entry, on numbers. */
export function scalarFunction(f: Elementwise): Scalar {
  switch (f.kind) {
    case "abs":
      return { value: Math.abs, derivative: Math.sign };
    case "sign":
      return { value: Math.sign, derivative: (x) => 0 * Math.sign(x) };
    case "square":
      return { value: (x) => x * x, derivative: (x) => 2 * x };
    case "sqrt":
      return { value: Math.sqrt, derivative: (x) => (x === 0 ? 0 : 0.5 / Math.sqrt(x)) };
    case "reciprocal-sqrt":
      return {
        value: (x) => 1 / Math.sqrt(x + f.offset),
        derivative: (x) => -0.5 / ((x + f.offset) * Math.sqrt(x + f.offset)),
      };
    default:
      return scalarActivation(f);
  }
}
