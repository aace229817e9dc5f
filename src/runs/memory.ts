import type { Backend } from "../compute/backend.js";
import { Budget, DEFAULT_MEMORY } from "../compute/budget.js";
import { largestOf } from "../compute/extremes.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";

/** Of a budget of bytes, what the rows of one piece may take: some tensors of that size are alive at once. */
export function pieceBytesFor(memory: number): number {
  return memory / TENSORS_AT_ONCE;
}

const TENSORS_AT_ONCE = 16;

/** So many bytes beside what already lies on the backend. */
export function budgetOf(backend: Backend, bytes = DEFAULT_MEMORY): Budget {
  return new Budget(bytes + backend.memory().liveBytes);
}

/**
 * Numbers for each feature of an example that live across a bound: boxes, enclosures, their rounding, and what they were made of.
 * Measured of trained and untrained networks, with and without batch norms or joins, in single precision: 8 to 19, weights included.
 */
const NUMBERS_ALIVE = 20;

/** How many examples may be bounded at a time, a second look in double precision included; each verdict is its own. */
export function examplesWithin(
  budget: Budget,
  backend: Backend,
  networks: readonly Network[],
  batch: number,
): number {
  const sizes = networks.map(({ nodes }) => nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  const bytes = backend.dtype === "float64" ? 8 : 4 + 8;
  return budget.parts(backend, NUMBERS_ALIVE * bytes * largestOf(sizes), batch);
}
