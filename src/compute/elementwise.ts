import { UsageError } from "../errors.js";

/**
 * The activations that a network may contain. One name serves the primal value, its derivative, and the lines
 * that enclose it over an interval of pre-activations.
 */
export type Activation =
  | { readonly kind: "relu" }
  | { readonly kind: "leaky-relu"; readonly slope: number }
  | { readonly kind: "hardtanh"; readonly minimum: number; readonly maximum: number }
  | { readonly kind: "tanh" }
  | { readonly kind: "sigmoid" };

/** Functions of one variable that a backend applies entry by entry. */
export type Elementwise =
  | Activation
  | { readonly kind: "abs" }
  | { readonly kind: "sign" }
  | { readonly kind: "square" }
  | { readonly kind: "sqrt" }
  /** 1/√(x + offset). */
  | { readonly kind: "reciprocal-sqrt"; readonly offset: number };

/** Throws a `UsageError` for a leaky slope that is not finite, or an empty or endless hardtanh range. */
export function checkFunction(f: Elementwise): void {
  if (f.kind === "leaky-relu" && !Number.isFinite(f.slope)) {
    throw new UsageError(`leaky-relu: expected a finite slope, got ${f.slope}`);
  }
  if (f.kind === "hardtanh" && !(f.minimum <= f.maximum && Number.isFinite(f.maximum - f.minimum))) {
    throw new UsageError(`hardtanh: expected minimum ≤ maximum, got ${f.minimum} and ${f.maximum}`);
  }
}
