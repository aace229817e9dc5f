import { sShaped } from "./s-shaped.js";

/** The logistic sigmoid, 1/(1 + exp(−z)). */
export interface SigmoidActivation {
  readonly kind: "sigmoid";
}

/** 1/(1 + exp(−z)). */
export function sigmoid(): SigmoidActivation {
  return { kind: "sigmoid" };
}

/** 1/(1 + e⁻ᶻ) with a decaying exponential on either side, so that small values keep their digits. */
function value(z: number): number {
  const decay = Math.exp(-Math.abs(z));
  return z < 0 ? decay / (1 + decay) : 1 / (1 + decay);
}

function derivative(z: number): number {
  const decay = Math.exp(-Math.abs(z));
  return decay / ((1 + decay) * (1 + decay));
}

/** Dual of the logistic sigmoid: see `sShaped`. */
export const sigmoidDefinition = sShaped<SigmoidActivation>(
  {
    value,
    derivative,
    secondDerivative: (z) => -Math.tanh(z / 2) * derivative(z),
    steepest: 0.25,
    height: 1,
    bend: 0.02,
    /** The logit of (1 + √(1 − 4·slope))/2, written so that a tiny slope keeps its digits. */
    tangentPoint: (slope) => 2 * Math.log1p(Math.sqrt(1 - 4 * slope)) - Math.log(4 * slope),
  },
  "Sigmoid",
);
