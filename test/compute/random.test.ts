import { describe, expect, test } from "vitest";
import { philox, type RandomSource, random } from "../../src/compute/random.js";

function sample(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The largest gap between the empirical distribution and the given one (Kolmogorov–Smirnov), times √n. */
function distance(values: readonly number[], cumulative: (x: number) => number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const gaps = sorted.map((x, i) =>
    Math.max(Math.abs(cumulative(x) - i / sorted.length), Math.abs((i + 1) / sorted.length - cumulative(x))),
  );
  return Math.max(...gaps) * Math.sqrt(sorted.length);
}

/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
function normalCumulative(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x) * Math.SQRT1_2);
  const series =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp((-x * x) / 2)) / 2;
  return x < 0 ? tail : 1 - tail;
}

describe("Philox4x32-10", () => {
  const vectors: [number[], number[], number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, expected] of vectors) {
    test(`the published vector of counter ${counter[0].toString(16)}`, () => {
      const out = new Uint32Array(4);
      philox(counter as [number, number, number, number], key as [number, number], out);
      expect(Array.from(out)).toEqual(expected);
    });
  }
});

describe("streams", () => {
  test("the same seed and stream give the same numbers, any other does not", () => {
    const places = new Array<number>(20).fill(0);
    const draw = (source: RandomSource): number[] => places.map(() => source.uniform());
    const base = draw(random(7, "weights"));
    expect(draw(random(7, "weights"))).toEqual(base);
    for (const other of [
      random(8, "weights"),
      random(7),
      random(7, "weight"),
      random(7, 1),
      random(7 + 2 ** 32, "weights"),
      random(7, "weights").fork(0),
    ]) {
      expect(draw(other)).not.toEqual(base);
    }
  });

  test("forks depend on the path, not on what was drawn before", () => {
    const source = random(7);
    const before = source.fork("a").uniform();
    source.uniform();
    expect(source.fork("a").uniform()).toBe(before);
    expect(source.fork("b").uniform()).not.toBe(before);
    expect(source.fork("a").fork("b").uniform()).not.toBe(source.fork("b").fork("a").uniform());
    expect(source.fork(1).uniform()).not.toBe(source.fork("1").uniform());
  });

  test("two streams are uncorrelated", () => {
    const [a, b] = [random(1, 0), random(1, 1)];
    const products = sample(20000, () => a.normal() * b.normal());
    expect(Math.abs(mean(products)) * Math.sqrt(products.length)).toBeLessThan(4);
  });
});

describe("distributions", () => {
  const count = 20000;

  test("uniform: in [0, 1), the right distribution, successive values independent", () => {
    const source = random(3);
    const values = sample(count, () => source.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(distance(values, (x) => x)).toBeLessThan(1.95);
    const lagged = values.slice(1).map((x, i) => 12 * (x - 0.5) * (values[i] - 0.5));
    expect(Math.abs(mean(lagged)) * Math.sqrt(count)).toBeLessThan(4);
    expect(values.some((x) => (x * 2 ** 33) % 1 !== 0)).toBe(true);
  });

  test("normal", () => {
    const source = random(4);
    const values = sample(count, () => source.normal());
    expect(distance(values, normalCumulative)).toBeLessThan(1.95);
    expect(Math.abs(mean(values.map((x) => x ** 4)) - 3)).toBeLessThan(0.3);
  });

  test("Cauchy", () => {
    const source = random(5);
    const values = sample(count, () => source.cauchy());
    expect(values.every(Number.isFinite)).toBe(true);
    expect(distance(values, (x) => Math.atan(x) / Math.PI + 0.5)).toBeLessThan(1.95);
  });

  test("integer: each of n as often", () => {
    const source = random(6);
    const tally = new Array<number>(7).fill(0);
    for (let i = 0; i < 7000; i++) tally[source.integer(7)]++;
    const chiSquare = tally.reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(22.5);
  });

  test("permutation: each number once, each place as likely", () => {
    const source = random(8);
    expect(Array.from(source.permutation(0))).toEqual([]);
    const firsts = new Array<number>(5).fill(0);
    for (let i = 0; i < 5000; i++) {
      const order = source.permutation(5);
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4]);
      firsts[order[0]]++;
    }
    for (const seen of firsts) expect(Math.abs(seen - 1000)).toBeLessThan(130);
  });

  test("fillNormal draws in order", () => {
    const [filled, drawn] = [random(9), random(9)];
    const normals = filled.fillNormal(new Float64Array(5), 0.5);
    expect(Array.from(normals)).toEqual(sample(5, () => 0.5 * drawn.normal()));
  });
});
