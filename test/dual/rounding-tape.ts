import { expect } from "vitest";
import { multiply, Tape, type Variable } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { ParallelDual } from "../../src/dual/dual-layer.js";
import type { Terms } from "../../src/dual/own-rounding.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";

const backend = createPortableBackend({ dtype: "float64" });

/** In double precision, where shares of single precision can be read off. */
export const tape = new Tape(backend, { record: false });

/** Of 4 nodes, at most 3 features, 10 in all, each read once. */
export const CHAIN = sequential([2], [linear(3), relu(), linear(2)]);

/** Of 5 nodes, at most 3 features, one of them read by two layers. */
export const BRANCHES = graph([2], (input, attach) => {
  const z = attach(linear(3), input);
  return attach(add(), attach(relu(), z), attach(relu(), z));
});

/** `[n, 1]`. */
export function column(...values: readonly number[]): Variable {
  return tape.own(backend.upload(values.length, 1, Float64Array.from(values)));
}

/** Row-major. */
export function matrix(...rows: readonly (readonly number[])[]): Variable {
  return tape.own(backend.upload(rows.length, rows[0].length, Float64Array.from(rows.flat())));
}

export async function read({ value }: Variable): Promise<number[]> {
  return [...(await backend.read(value))];
}

/** The sum of terms at each feature. */
export async function sumOf(terms: Terms): Promise<number[]> {
  const sums: number[] = [];
  for (const { weight, x, absolute, by } of terms) {
    const factors = by ? await read(by) : [];
    for (const [i, value] of (await read(x)).entries()) {
      sums[i] = (sums[i] ?? 0) + weight * (absolute ? Math.abs(value) : value) * (factors[i] ?? 1);
    }
  }
  return sums;
}

/** Numbers that are what they should be but for double precision's own rounding. */
export async function expectNumbers(found: Variable, expected: readonly number[]): Promise<void> {
  const numbers = await read(found);
  expect(numbers.length).toBe(expected.length);
  for (const [i, value] of numbers.entries()) {
    expect(Math.abs(value - expected[i]), `${value} at ${i}, expected ${expected[i]}`).toBeLessThanOrEqual(
      1e-13 * Math.abs(expected[i]),
    );
  }
}

/** Parallel lines d·z + m ± ρ that know |d|, or only how to act by it. */
export function linesOf(
  slope: Variable,
  shift: Variable,
  radius: Variable,
  knows: "magnitude" | "absolute" = "magnitude",
): ParallelDual {
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift,
    radius,
    absolute: (own, x) => multiply(own, slope, x),
    ...(knows === "magnitude" && { magnitude: () => slope }),
    push: (own, [x]) => multiply(own, slope, x),
    // Where d is 1.
    back: (_, nu) => ({ nus: [nu] }),
  };
}
