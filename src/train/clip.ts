import type { Backend, Tensor } from "../compute/backend.js";
import { OWN } from "../compute/owners.js";

/**
 * Gradients scaled down together so that their common ℓ2 norm is at most `limit`; what they were is released. Smaller ones
 * stay as they are, and so do gradients that are not numbers.
 */
export async function clipGradients(
  backend: Backend,
  gradients: ReadonlyMap<string, Tensor>,
  limit: number,
): Promise<ReadonlyMap<string, Tensor>> {
  const norms = await Promise.all([...gradients.values()].map((gradient) => normOf(backend, gradient)));
  const norm = Math.hypot(...norms);
  if (!(norm > limit)) return gradients;
  const clipped = new Map<string, Tensor>();
  for (const [name, gradient] of gradients) {
    clipped.set(name, backend.scaleBy(gradient, limit / norm, 0));
    gradient.dispose();
  }
  return clipped;
}

async function normOf(backend: Backend, gradient: Tensor): Promise<number> {
  const column = backend.reshape(gradient, gradient.features * gradient.rows, 1);
  const ones = backend.filled(column.features, 1, 1);
  const norm = backend.norm(column, ones, OWN, 2);
  for (const tensor of [column, ones]) tensor.dispose();
  const [value] = await backend.read(norm);
  norm.dispose();
  return value;
}
