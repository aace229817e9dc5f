import { sShaped } from "./s-shaped.js";

/** The hyperbolic tangent. */
export interface TanhActivation {
  readonly kind: "tanh";
}

/** The hyperbolic tangent. */
export function tanh(): TanhActivation {
  return { kind: "tanh" };
}

/** 1 − tanh², without the cancellation of that form for large |z|. */
function derivative(z: number): number {
  const decay = Math.exp(-2 * Math.abs(z));
  return (4 * decay) / ((1 + decay) * (1 + decay));
}

/** Dual of tanh: see `sShaped`. */
export const tanhDefinition = sShaped<TanhActivation>(
  {
    value: Math.tanh,
    derivative,
    secondDerivative: (z) => -2 * Math.tanh(z) * derivative(z),
    steepest: 1,
    height: 2,
    bend: 0.1,
    /** artanh √(1 − slope), written so that a tiny slope keeps its digits. */
    tangentPoint: (slope) => Math.log1p(Math.sqrt(1 - slope)) - Math.log(slope) / 2,
  },
  "Tanh",
);
