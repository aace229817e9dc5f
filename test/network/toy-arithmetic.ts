import type { Arithmetic } from "../../src/compute/arithmetic.js";

/** Significant bits of the toy format. */
export const BITS = 4;

/** Four significant bits, to nearest: so coarse that every rounding can be seen, and that all orders of a sum can be tried. */
export const TOY: Arithmetic = {
  roundoff: 2 ** -BITS,
  underflow: 0,
  flushed: 0,
  largest: Number.POSITIVE_INFINITY,
  functions: 0,
};

/** The nearest number of the toy format, ties to even. */
export function toy(x: number): number {
  if (x === 0) return 0;
  const last = 2 ** (Math.floor(Math.log2(Math.abs(x))) - BITS + 1);
  const down = Math.floor(x / last);
  const rest = x / last - down;
  if (rest === 0.5) return (down % 2 === 0 ? down : down + 1) * last;
  return (rest < 0.5 ? down : down + 1) * last;
}

/** Every order of some things. */
export function permutations<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((first, i) =>
    permutations([...list.slice(0, i), ...list.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}

/** Every value that the toy format may find for Σ wⱼ xⱼ + b: in any order, each product rounded or fused. */
export function toySums(weights: readonly number[], x: readonly number[], bias = 0): Set<number> {
  const products = weights.map((weight, j) => toy(weight) * x[j]);
  const terms = bias === 0 ? products : [...products, toy(bias)];
  const found = new Set<number>();
  for (const order of permutations(terms)) {
    let partial = new Set([0]);
    for (const term of order) {
      partial = new Set([...partial].flatMap((total) => [toy(total + term), toy(total + toy(term))]));
    }
    for (const total of partial) found.add(total);
  }
  return found;
}
