import { type Activation, activationDefinition, isActivationKind } from "../activations/index.js";
import { UsageError } from "../errors.js";

export type { Activation };

/** Functions of one variable that a backend applies entry by entry. */
export type Elementwise =
  | Activation
  | { readonly kind: "abs" }
  | { readonly kind: "sign" }
  | { readonly kind: "square" }
  | { readonly kind: "sqrt" }
  /** 1/√(x + offset). */
  | { readonly kind: "reciprocal-sqrt"; readonly offset: number };

/** Whether a function is an activation: the other ones have no lines. */
export function isActivationFunction(f: Elementwise): f is Activation {
  return isActivationKind(f.kind);
}

/** Throws a `UsageError` for parameters that make no function: a slope that is not finite, an empty or endless range. */
export function checkFunction(f: Elementwise): void {
  const fault = isActivationFunction(f) ? activationDefinition(f).fault(f) : null;
  if (fault !== null) throw new UsageError(`${f.kind}: ${fault}`);
}
