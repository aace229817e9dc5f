import type { Activation } from "../../../src/compute/elementwise.js";

/** Every kind of activation, with settings of every shape: convex, concave, straight, not increasing, lopsided. */
export const ACTIVATIONS: readonly Activation[] = [
  { kind: "relu" },
  { kind: "leaky-relu", slope: 0.125 },
  { kind: "leaky-relu", slope: 1.5 },
  { kind: "leaky-relu", slope: -0.5 },
  { kind: "leaky-relu", slope: 1 },
  { kind: "hardtanh", minimum: -1, maximum: 1 },
  { kind: "hardtanh", minimum: 0, maximum: 6 },
  { kind: "hardtanh", minimum: -0.25, maximum: 2 },
  { kind: "tanh" },
  { kind: "sigmoid" },
];

export function describeActivation(f: Activation): string {
  if (f.kind === "leaky-relu") return `leaky-relu ${f.slope}`;
  return f.kind === "hardtanh" ? `hardtanh [${f.minimum}, ${f.maximum}]` : f.kind;
}
