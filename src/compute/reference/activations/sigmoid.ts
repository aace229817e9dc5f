import { sShaped } from "./s-shaped.js";

/** 1/(1 + e⁻ᶻ) with a decaying exponential on either side, so that small values keep their digits. */
function value(z: number): number {
  const decay = Math.exp(-Math.abs(z));
  return z < 0 ? decay / (1 + decay) : 1 / (1 + decay);
}

function derivative(z: number): number {
  const decay = Math.exp(-Math.abs(z));
  return decay / ((1 + decay) * (1 + decay));
}

export const sigmoid = sShaped({
  value,
  derivative,
  secondDerivative: (z) => -Math.tanh(z / 2) * derivative(z),
  steepest: 0.25,
  /** The logit of (1 + √(1 − 4·slope))/2, written so that a tiny slope keeps its digits. */
  tangentPoint: (slope) => 2 * Math.log1p(Math.sqrt(1 - 4 * slope)) - Math.log(4 * slope),
});
