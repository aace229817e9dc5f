import type { ScalarActivation } from "../../activations/definition.js";
import { type Activation, activationDefinition } from "../../activations/index.js";
import { checkFunction, type Elementwise, isActivationFunction } from "../elementwise.js";

type Scalar = Pick<ScalarActivation, "value" | "derivative">;

/** The activation on numbers. Throws as `checkFunction`. */
export function scalarActivation(f: Activation): ScalarActivation {
  checkFunction(f);
  return activationDefinition(f).scalar(f);
}

/** Any function that a backend applies entry by entry, on numbers. Throws as `checkFunction`. */
export function scalarFunction(f: Elementwise): Scalar {
  if (isActivationFunction(f)) return scalarActivation(f);
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
      return f satisfies never;
  }
}
