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
