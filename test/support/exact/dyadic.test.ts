import { describe, expect, it } from "vitest";
import { random } from "../../../src/compute/random.js";
import {
  add,
  bitLength,
  compare,
  dyadic,
  lowestPlace,
  multiply,
  negate,
  scaled,
  toNumber,
} from "./dyadic.js";
import { floorRoot, PLACES, reciprocalRoot, sigmoidEnds, tanhEnds } from "./functions.js";

const AWKWARD = [0, 1, -3, 0.1, -1e300, 2 ** -1074, 3 * 2 ** -1073, Number.MAX_VALUE, 2 ** 1023, 1 / 3];

/** Numbers of any size. */
function anyNumber(source: { uniform(): number; normal(): number }): number {
  return source.normal() * 2 ** Math.floor(600 * source.uniform() - 300);
}

describe("dyadic numbers", () => {
  it.each(AWKWARD)("hold %d exactly", (value) => {
    expect(toNumber(dyadic(value))).toBe(value);
  });

  it("know the lowest bit", () => {
    expect([1, 6, 0.75, 2 ** 40, 2 ** -1074, 3 * 2 ** -1060].map(lowestPlace)).toEqual([
      0, 1, -2, 40, -1074, -1060,
    ]);
    expect(lowestPlace(0)).toBe(Number.POSITIVE_INFINITY);
    expect(() => lowestPlace(Number.NaN)).toThrow("finite");
    expect(scaled(0.75, -4)).toBe(12n);
    expect(scaled(2 ** 1023, -1074)).toBe(1n << 2097n);
  });

  it("add, multiply and compare", () => {
    // 0.1 + 0.2 of numbers is neither 0.3 nor what they round it to.
    const sum = add(dyadic(0.1), dyadic(0.2));
    expect(compare(sum, dyadic(0.1 + 0.2))).toBe(-1);
    expect(compare(sum, dyadic(0.3))).toBe(1);
    expect(toNumber(sum)).toBe(0.1 + 0.2);
    expect(compare(multiply(dyadic(2 ** -1074), dyadic(2 ** -1074)), dyadic(0))).toBe(1);
    expect(add(dyadic(1e300), negate(dyadic(1e300))).mantissa).toBe(0n);
    expect([0n, 1n, -8n, 255n, 1n << 100n].map(bitLength)).toEqual([0, 1, 4, 8, 101]);
  });

  it("round as numbers do, ties to even, subnormal ones too", () => {
    const source = random(1, "dyadic");
    for (let i = 0; i < 2000; i++) {
      const [a, b] = [anyNumber(source), anyNumber(source)];
      expect(toNumber(add(dyadic(a), dyadic(b)))).toBe(a + b);
      expect(toNumber(multiply(dyadic(a), dyadic(b)))).toBe(a * b);
      const tiny = a * 2 ** -700;
      expect(toNumber(multiply(dyadic(tiny), dyadic(0.3)))).toBe(tiny * 0.3);
    }
    expect(toNumber({ mantissa: (1n << 54n) + 2n, exponent: 0 })).toBe(2 ** 54);
    expect(toNumber({ mantissa: (1n << 54n) + 6n, exponent: 0 })).toBe(2 ** 54 + 8);
    expect(toNumber({ mantissa: 1n, exponent: -1075 })).toBe(0);
    expect(toNumber({ mantissa: 3n, exponent: -1076 })).toBe(2 ** -1074);
    expect(toNumber({ mantissa: -1n, exponent: 1024 })).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe("functions", () => {
  const asNumber = (mantissa: bigint) => toNumber({ mantissa, exponent: -PLACES });
  const POINTS = [0, 1e-300, 1e-9, 0.01, 0.5, 1, 3.7, 20, 90, 170, 1e5, 1e300];

  it.each(POINTS.flatMap((z) => [z, -z]))("tanh and sigmoid lie between their ends at %d", (z) => {
    for (const [ends, value] of [
      [tanhEnds(dyadic(z)), Math.tanh(z)],
      [sigmoidEnds(dyadic(z)), 1 / (1 + Math.exp(-z))],
    ] as const) {
      expect(ends.lower <= ends.upper).toBe(true);
      // An argument that fixed point cannot hold adds a few units.
      expect(bitLength(ends.upper - ends.lower)).toBeLessThan(40);
      expect(Math.abs(asNumber(ends.lower) - value)).toBeLessThanOrEqual(4e-16);
    }
  });

  it("agree with digits known from elsewhere", () => {
    // tanh(1) and e/(1 + e), of the tables.
    const digits = (mantissa: bigint) => ((mantissa * 10n ** 50n) >> BigInt(PLACES)).toString();
    expect(digits(tanhEnds(dyadic(1)).lower)).toBe("76159415595576488811945828260479359041276859725793");
    expect(digits(sigmoidEnds(dyadic(1)).lower)).toBe("73105857863000487925115924182183627436514464016505");
  });

  it("obey tanh z = 2 sigmoid(2z) − 1", () => {
    const one = 1n << BigInt(PLACES);
    for (const z of [0.3, -1.7, 12, -40.25]) {
      const tanh = tanhEnds(dyadic(z));
      const sigmoid = sigmoidEnds(dyadic(2 * z));
      expect(tanh.upper >= 2n * sigmoid.lower - one).toBe(true);
      expect(tanh.lower <= 2n * sigmoid.upper - one).toBe(true);
    }
  });

  it("take square roots from below", () => {
    for (const n of [0n, 1n, 2n, 3n, 4n, 15n, 16n, 10n ** 60n, 10n ** 60n - 1n]) {
      const root = floorRoot(n);
      expect(root * root <= n && (root + 1n) * (root + 1n) > n).toBe(true);
    }
  });

  it.each([2, 1e-5, 4, 0.25, 1e300, 1e-320])("enclose 1/√%d", (d) => {
    const { lower, upper, exponent } = reciprocalRoot(dyadic(d));
    const square = (mantissa: bigint) =>
      multiply(dyadic(d), { mantissa: mantissa * mantissa, exponent: 2 * exponent });
    expect(compare(square(lower), dyadic(1))).toBeLessThanOrEqual(0);
    expect(compare(square(upper), dyadic(1))).toBe(1);
    expect(bitLength(lower)).toBeGreaterThanOrEqual(PLACES - 1);
  });
});
