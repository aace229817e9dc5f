import type { Backend, Tensor } from "../compute/backend.js";
import type { Network } from "../network/network.js";
import type { Parameters } from "../network/weights.js";

/** Adds the derivative of weight · Σ|w| over matrices and kernels to gradients, which are released. */
export function withL1(
  backend: Backend,
  network: Network,
  parameters: Parameters,
  gradients: ReadonlyMap<string, Tensor>,
  weight: number,
): ReadonlyMap<string, Tensor> {
  if (weight === 0) return gradients;
  const matrices = new Set(
    network.parameters.filter(({ shape }) => shape.length > 1).map(({ name }) => name),
  );
  return new Map(
    [...gradients].map(([name, gradient]) => {
      const value = parameters.get(name);
      if (!value || !matrices.has(name)) return [name, gradient];
      using sign = backend.apply({ kind: "sign" }, value);
      const sum = backend.combine(1, gradient, weight, sign);
      gradient.dispose();
      return [name, sum];
    }),
  );
}
