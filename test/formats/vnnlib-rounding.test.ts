import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextDown, nextUp, subtractUp } from "../../src/formats/vnnlib/rounding.js";

/** A finite double as a fraction with a positive denominator, exactly. */
function exactly(value: number): [bigint, bigint] {
  let [numerator, denominator] = [value, 1n];
  for (; !Number.isInteger(numerator); numerator *= 2) denominator *= 2n;
  return [BigInt(numerator), denominator];
}

/** Whether a ≤ b, for fractions with positive denominators. */
function isAtMost([a, under]: [bigint, bigint], [b, below]: [bigint, bigint]): boolean {
  return a * below <= b * under;
}

function difference(a: number, b: number): [bigint, bigint] {
  const [[p, q], [r, s]] = [exactly(a), exactly(b)];
  return [p * s - r * q, q * s];
}

const number = fc.oneof(
  fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -30, max: 80 })).map(([m, e]) => m * 2 ** -e),
  fc.integer({ min: -20, max: 20 }).map((value) => value / 10),
  fc.float({ min: -1000, max: 1000, noNaN: true }),
);

describe("rounding outward", () => {
  it("finds the neighbouring doubles", () => {
    expect(nextUp(1)).toBe(1 + 2 ** -52);
    expect(nextDown(1)).toBe(1 - 2 ** -53);
    expect(nextUp(-1)).toBe(-1 + 2 ** -53);
    expect([nextUp(0), nextDown(0), nextUp(-0)]).toEqual([5e-324, -5e-324, 5e-324]);
    expect(nextUp(-5e-324)).toBe(-0);
    expect(nextUp(Number.MAX_VALUE)).toBe(Number.POSITIVE_INFINITY);
    fc.assert(fc.property(number, (value) => void expect(nextDown(nextUp(value)) + 0).toBe(value + 0)));
  });

  it("subtracts to the least double that is not below", () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        const up = subtractUp(a, b);
        expect(isAtMost(difference(a, b), exactly(up))).toBe(true);
        expect(isAtMost(difference(a, b), exactly(nextDown(up)))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
