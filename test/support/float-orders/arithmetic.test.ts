import { describe, expect, it } from "vitest";
import { type RandomSource, random } from "../../../src/compute/random.js";
import { add, compare, type Dyadic, dyadic, multiply, negate, toNumber } from "../exact/dyadic.js";
import { type Arithmetic, directed, FLOAT32, FLOAT64, FLUSHED } from "./arithmetic.js";
import { neighbour32, neighbour64, roundOdd } from "./rounding.js";

/** Single precision, of sizes near each other or far apart; `low` and `high` bound the exponents. */
function single(source: RandomSource, low: number, high: number): number {
  return Math.fround(source.normal() * 2 ** (low + Math.floor(source.uniform() * (high - low))));
}

/** Sums close to the middle between two numbers of single precision, where rounding twice goes wrong. */
function nearMiddle(source: RandomSource): readonly [number, number] {
  const a = Math.fround(1 + source.integer(2 ** 20) * 2 ** -22);
  const b = Math.fround(2 ** -24 * (1 + (source.integer(3) - 1) * 2 ** -23));
  return [a, b];
}

const exactly = {
  add: (a: number, b: number) => add(dyadic(a), dyadic(b)),
  multiply: (a: number, b: number) => multiply(dyadic(a), dyadic(b)),
  fused: (a: number, b: number, c: number) => add(multiply(dyadic(a), dyadic(b)), dyadic(c)),
};

/** The two numbers of single precision around an exact one, or twice the same. */
function around(value: Dyadic): readonly [number, number] {
  const near = Math.fround(toNumber(value));
  switch (compare(value, dyadic(near))) {
    case -1:
      return [neighbour32(near, -1), near];
    case 1:
      return [near, neighbour32(near, 1)];
    default:
      return [near, near];
  }
}

function isNearest(result: number, value: Dyadic): boolean {
  const [below, above] = around(value);
  const distance = (number: number) => {
    const difference = add(value, negate(dyadic(number)));
    return difference.mantissa < 0n ? negate(difference) : difference;
  };
  const other = result === below ? above : below;
  return [below, above].includes(result) && compare(distance(result), distance(other)) <= 0;
}

const ROUNDS = 3000;

describe("float32", () => {
  it("rounds sums, products and fused multiply-adds to nearest", () => {
    const source = random(1, "float32");
    for (let i = 0; i < ROUNDS; i++) {
      const [low, high] = i % 3 === 0 ? [-75, -60] : i % 3 === 1 ? [-2, 2] : [-40, 40];
      const [a, b, c] = [
        single(source, low, high),
        single(source, low, high),
        single(source, 2 * low, 2 * high),
      ];
      const [m, n] = nearMiddle(source);
      expect(isNearest(FLOAT32.add(a, b), exactly.add(a, b))).toBe(true);
      expect(isNearest(FLOAT32.multiply(a, b), exactly.multiply(a, b))).toBe(true);
      expect(isNearest(FLOAT32.fused(a, b, c), exactly.fused(a, b, c))).toBe(true);
      expect(isNearest(FLOAT32.fused(n, 1 + 2 ** -23, m), exactly.fused(n, 1 + 2 ** -23, m))).toBe(true);
      expect(isNearest(FLOAT32.enter(m, n), exactly.add(m, n))).toBe(true);
      expect(isNearest(FLOAT32.enter(a, c), exactly.add(a, c))).toBe(true);
    }
  });

  it("fuses where rounding twice would go wrong", () => {
    // 1 + 2⁻²⁴ + 2⁻⁶⁰ lies above the middle, but double precision drops what says so.
    expect(Math.fround(2 ** -24 * (1 + 2 ** -23) + 1)).toBe(1 + 2 ** -23);
    expect(FLOAT32.enter(1 + 2 ** -24, 2 ** -80)).toBe(1 + 2 ** -23);
    expect(FLOAT32.enter(1 + 2 ** -24, -(2 ** -80))).toBe(1);
    expect(FLOAT32.fused(2 ** -40, 2 ** -40, 1 + 2 ** -23)).toBe(1 + 2 ** -23);
    expect(FLOAT32.fused(3, 2 ** 23 + 1, Math.fround(2 ** -30))).toBe(2 ** 24 + 2 ** 23 + 4);
  });

  it("divides and takes roots to nearest", () => {
    const source = random(2, "float32");
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b] = [single(source, -20, 20), single(source, -20, 20)];
      const quotient = FLOAT32.divide(a, b);
      // The remainder to either neighbour is no smaller.
      const rest = (q: number) => {
        const difference = add(dyadic(a), negate(multiply(dyadic(q), dyadic(b))));
        return difference.mantissa < 0n ? negate(difference) : difference;
      };
      for (const side of [1, -1] as const) {
        expect(compare(rest(quotient), rest(neighbour32(quotient, side)))).toBeLessThanOrEqual(0);
      }
      expect(FLOAT32.root(Math.abs(a))).toBe(Math.fround(Math.sqrt(Math.abs(a))));
    }
  });
});

describe("float64", () => {
  it("fuses to nearest, at any size", () => {
    const source = random(3, "float64");
    for (let i = 0; i < ROUNDS; i++) {
      const spread = i % 4 === 0 ? 900 : i % 4 === 1 ? 2 : 60;
      const number = () => source.normal() * 2 ** Math.floor((source.uniform() - 0.5) * spread);
      const [a, b] = [number(), number()];
      // Half of the time a sum that cancels.
      const c = i % 2 === 0 ? number() : -a * b * (1 + (source.integer(3) - 1) * 2 ** -52);
      expect(FLOAT64.fused(a, b, c)).toBe(toNumber(exactly.fused(a, b, c)));
    }
    expect(FLOAT64.fused(1e-200, 1e-200, 2 ** -1074)).toBe(2 ** -1074);
    expect(FLOAT64.fused(1e200, 1e200, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(FLOAT64.fused(0, 5, -3)).toBe(-3);
  });
});

describe("directed rounding", () => {
  it.each(["up", "down", "inward"] as const)("%s is the neighbour on that side", (direction) => {
    const arithmetic: Arithmetic = directed(direction);
    const source = random(4, direction);
    const wanted = (value: Dyadic) => {
      const [below, above] = around(value);
      const isPositive = value.mantissa > 0n;
      return direction === "up" || (direction === "inward" && !isPositive) ? above : below;
    };
    for (let i = 0; i < ROUNDS; i++) {
      const [a, b, c] = [single(source, -30, 30), single(source, -30, 30), single(source, -60, 60)];
      expect(arithmetic.add(a, b)).toBe(wanted(exactly.add(a, b)));
      expect(arithmetic.multiply(a, b)).toBe(wanted(exactly.multiply(a, b)));
      expect(arithmetic.fused(a, b, c)).toBe(wanted(exactly.fused(a, b, c)));
      const size = Math.abs(a);
      const root = arithmetic.root(size);
      const quotient = arithmetic.divide(size, Math.abs(b));
      const product = multiply(dyadic(quotient), dyadic(Math.abs(b)));
      expect(compare(product, dyadic(size)) * (direction === "up" ? 1 : -1)).toBeGreaterThanOrEqual(0);
      const square = multiply(dyadic(root), dyadic(root));
      expect(compare(square, dyadic(size)) * (direction === "up" ? 1 : -1)).toBeGreaterThanOrEqual(0);
      expect(Math.abs(quotient - size / Math.abs(b))).toBeLessThanOrEqual(2 ** -22 * quotient);
    }
  });
});

describe("flushed arithmetic", () => {
  it("has nothing below the smallest normal number", () => {
    const least = 2 ** -126;
    expect(FLUSHED.multiply(2 ** -63, 2 ** -64)).toBe(0);
    expect(FLUSHED.multiply(2 ** -63, 2 ** -63)).toBe(least);
    expect(FLUSHED.add(1.5 * least, -least)).toBe(0);
    expect(FLUSHED.enter(2 ** -130, 0)).toBe(0);
    expect(FLUSHED.fused(2 ** -70, 2 ** -70, 1)).toBe(1);
    expect(FLOAT32.add(1.5 * least, -least)).toBe(least / 2);
    expect(directed("up").multiply(2 ** -100, 2 ** -100)).toBe(0);
  });
});

describe("roundOdd", () => {
  it("sets the last bit on the side of the error", () => {
    const ulp = 2 ** -52;
    expect(roundOdd(1, 1e-20)).toBe(1 + ulp);
    expect(roundOdd(1, -1e-20)).toBe(1 - ulp / 2);
    expect(roundOdd(-1, 1e-20)).toBe(-1 + ulp / 2);
    expect(roundOdd(1 + ulp, -1e-20)).toBe(1 + ulp);
    expect(roundOdd(5, 0)).toBe(5);
  });
});

describe("neighbours", () => {
  it("are the next numbers", () => {
    expect([neighbour32(1, 1), neighbour32(1, -1), neighbour32(-1, 1)]).toEqual([
      1 + 2 ** -23,
      1 - 2 ** -24,
      -1 + 2 ** -24,
    ]);
    expect(neighbour32(0, -1)).toBe(-(2 ** -149));
    expect([neighbour64(1, 1), neighbour64(1, -1), neighbour64(-2, -1)]).toEqual([
      1 + 2 ** -52,
      1 - 2 ** -53,
      -2 - 2 ** -51,
    ]);
    expect([neighbour64(0, 1), neighbour64(2 ** 32 * Number.MIN_VALUE, -1)]).toEqual([
      Number.MIN_VALUE,
      (2 ** 32 - 1) * Number.MIN_VALUE,
    ]);
  });
});
