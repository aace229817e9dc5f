import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decimalOf,
  greatestDecimalAtMost,
  leastDecimalAtLeast,
  sideOfDecimal,
} from "../../src/formats/vnnlib/decimal.js";
import {
  doublesOf,
  emptyInput,
  enclosureOf,
  exactDoublesOf,
  hasDoubles,
} from "../../src/formats/vnnlib/input-box.js";
import type { InputBox } from "../../src/formats/vnnlib/property.js";
import {
  add,
  approximate,
  compare,
  divide,
  multiply,
  negate,
  type Rational,
  rationalOf,
  rationalOfDouble,
} from "../../src/formats/vnnlib/rational.js";
import { nextDown, nextUp } from "../../src/formats/vnnlib/rounding.js";
import { parse, X2, Y3 } from "./vnnlib-texts.js";

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const ratio = (a: number, b: number): Rational => divide(rationalOfDouble(a), rationalOfDouble(b));
const isEqual = (a: Rational, b: Rational) => compare(a, b) === 0;

describe("rational numbers", () => {
  it.each<[string, bigint, bigint]>([
    ["0.1", 1n, 10n],
    ["-2.50", -5n, 2n],
    ["+1e3", 1000n, 1n],
    [".5", 1n, 2n],
    ["5.", 5n, 1n],
    ["-1.25E-2", -1n, 80n],
    ["0e999999999999", 0n, 1n],
    ["-0", 0n, 1n],
    ["0.000", 0n, 1n],
  ])("reads %s", (text, numerator, denominator) => {
    expect(isEqual(rationalOf(text), { numerator, denominator })).toBe(true);
  });

  it("holds doubles exactly", () => {
    fc.assert(
      fc.property(finite, (value) => {
        const { numerator, denominator } = rationalOfDouble(value);
        expect(
          Number(numerator) / 2 ** (denominator.toString(2).length - 1) + 0 ||
            approximate({ numerator, denominator }),
        ).toBe(value + 0);
      }),
    );
    expect(rationalOfDouble(Number.MIN_VALUE)).toEqual({ numerator: 1n, denominator: 2n ** 1074n });
    expect(rationalOfDouble(-0)).toEqual({ numerator: 0n, denominator: 1n });
  });

  it("computes as fractions do", () => {
    const [third, tenth] = [ratio(1, 3), rationalOf("0.1")];
    expect(isEqual(add(third, third), ratio(2, 3))).toBe(true);
    expect(isEqual(add(tenth, rationalOf("0.2")), rationalOf("0.3"))).toBe(true);
    expect(isEqual(multiply(third, rationalOf("-3")), rationalOf("-1"))).toBe(true);
    expect(isEqual(divide(tenth, ratio(-1, 3)), rationalOf("-0.3"))).toBe(true);
    expect([compare(third, tenth), compare(negate(third), tenth)]).toEqual([1, -1]);
  });

  it("are told in doubles to a few units in the last place", () => {
    fc.assert(
      fc.property(finite, finite, (a, b) => {
        if (b === 0 || !Number.isFinite(a / b)) return;
        const found = approximate(ratio(a, b));
        expect(found >= nextDown(nextDown(a / b)) && found <= nextUp(nextUp(a / b))).toBe(true);
      }),
    );
    expect(approximate(rationalOf(`1${"0".repeat(400)}`))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("the decimals of doubles", () => {
  it("lie on either side of them", () => {
    expect([0, -0, 1, 0.5, -3.25, 0.1, 0.3, -0.1, -0.3].map(sideOfDecimal)).toEqual([
      0, 0, 0, 0, 0, 1, -1, -1, 1,
    ]);
    fc.assert(
      fc.property(finite, (value) => {
        expect(sideOfDecimal(value)).toBe(compare(rationalOfDouble(value), decimalOf(value)));
      }),
    );
  });

  it("enclose any number as closely as they can", () => {
    const limit = fc.oneof(
      fc
        .tuple(
          finite,
          finite.filter((value) => value !== 0),
        )
        .map(([a, b]) => ratio(a, b)),
      finite.map(rationalOfDouble),
      finite.map(decimalOf),
    );
    fc.assert(
      fc.property(limit, (exact) => {
        const [below, above] = [greatestDecimalAtMost(exact), leastDecimalAtLeast(exact)];
        if (!Number.isFinite(below) || !Number.isFinite(above)) return;
        expect(compare(decimalOf(below), exact)).not.toBe(1);
        expect(compare(decimalOf(above), exact)).not.toBe(-1);
        const isOne = below === above;
        expect(isOne || above === nextUp(below)).toBe(true);
        expect(isOne).toBe(isEqual(decimalOf(below), exact));
      }),
      { numRuns: 1000 },
    );
  });

  it("end where doubles do", () => {
    const huge = rationalOf(`1${"0".repeat(309)}`);
    expect(leastDecimalAtLeast(huge)).toBe(Number.POSITIVE_INFINITY);
    expect(greatestDecimalAtMost(negate(huge))).toBe(Number.NEGATIVE_INFINITY);
  });
});

/** The box of X_0 in a property. */
function boxOf(bounds: string): InputBox {
  const [one] = parse(`${X2}${Y3}(assert (and (= X_1 0) ${bounds}))`).cases;
  return one!.box;
}

const ends = ({ lower, upper }: Pick<InputBox, "lower" | "upper">) => [lower[0], upper[0]];

describe("a box", () => {
  it.each<[string, [number, number], [boolean, boolean]]>([
    ["(>= X_0 0.1) (<= X_0 0.3)", [0.1, 0.3], [false, false]],
    ["(> X_0 0.1) (< X_0 0.3)", [0.1, 0.3], [true, true]],
    ["(>= X_0 0.1) (> X_0 0.1) (<= X_0 1)", [0.1, 1], [true, false]],
    ["(> X_0 0.1) (>= X_0 0.2) (<= X_0 1)", [0.2, 1], [false, false]],
    ["(not (<= X_0 0)) (not (>= (* -2 X_0) 0)) (< X_0 1)", [0, 1], [true, true]],
    // Digits that no double's shortest decimal has.
    ["(>= X_0 0.10000000000000000001) (<= X_0 1)", [0.1, 1], [true, false]],
    ["(>= X_0 0.09999999999999999999) (<= X_0 1)", [nextDown(0.1), 1], [true, false]],
    ["(<= X_0 0.10000000000000000001) (>= X_0 0)", [0, nextUp(0.1)], [false, true]],
    ["(<= X_0 0.1000000000000000000000) (>= X_0 0)", [0, 0.1], [false, false]],
  ])("of %s", (bounds, expected, strict) => {
    const { lowerStrict, upperStrict, ...box } = boxOf(bounds);
    expect(ends(box)).toEqual(expected);
    expect([lowerStrict?.[0] ?? false, upperStrict?.[0] ?? false]).toEqual(strict);
  });

  it.each([
    "(< X_0 1) (> X_0 1)",
    "(< X_0 1) (>= X_0 1)",
    "(< X_0 0) (> X_0 0)",
    "(>= X_0 1.5) (<= X_0 1)",
    "(>= X_0 1)(<= X_0 0)(>= X_0 5)",
    // Both are the same double.
    "(>= X_0 0.1) (<= X_0 0.09999999999999999999)",
    "(>= X_0 0.1000000000000000003) (<= X_0 0.1000000000000000001)",
    "(> (* 3 X_0) 1) (< (* 3 X_0) 1)",
    "(> X_0 (/ 1 3)) (<= (* 6 X_0) 2)",
  ])("of %s is empty", (bounds) => {
    const { cases } = parse(`${X2}${Y3}(assert (and ${bounds} (>= Y_0 1)))`);
    expect(cases.map(({ box }) => emptyInput(box))).toEqual([0]);
    expect(cases[0]!.box.lower.every(Number.isFinite)).toBe(true);
  });

  it("leaves empty disjuncts out where others are not", () => {
    const text = `${X2}${Y3}(assert (= X_1 0)) (assert (or (and (< X_0 1) (> X_0 1)) (and (= X_0 3) (> Y_0 1))))`;
    expect(parse(text).cases.map(({ box }) => ends(box))).toEqual([[3, 3]]);
  });

  it.each<[string, boolean]>([
    [`(> X_0 1) (< X_0 ${nextUp(1)})`, false],
    [`(> X_0 1) (< X_0 ${nextUp(nextUp(1))})`, true],
    ["(= (* 3 X_0) 1)", false],
    ["(= X_0 0.1)", true],
    ["(> X_0 0.1000000000000000001) (< X_0 0.1000000000000000003)", false],
  ])("of %s has real points, and doubles: %s", (bounds, expected) => {
    const box = boxOf(bounds);
    expect([emptyInput(box), hasDoubles(box)]).toEqual([null, expected]);
  });

  it("is enclosed by doubles, and has doubles in decimal and in binary", () => {
    const decimals = boxOf("(>= X_0 0.3) (<= X_0 0.7)");
    // 0.3 and 0.7 are a little more than the doubles that stand for them.
    expect(ends(enclosureOf(decimals, true))).toEqual([0.3, nextUp(0.7)]);
    expect(ends(doublesOf(decimals))).toEqual([0.3, 0.7]);
    expect(ends(exactDoublesOf(decimals, true))).toEqual([nextUp(0.3), 0.7]);
    const others = boxOf("(>= X_0 0.1) (<= X_0 0.6)");
    expect(ends(enclosureOf(others, true))).toEqual([nextDown(0.1), nextUp(0.6)]);
    expect(ends(exactDoublesOf(others, true))).toEqual([0.1, 0.6]);
    const open = boxOf("(> X_0 0.3) (< X_0 0.5)");
    expect(ends(enclosureOf(open, true))).toEqual([0.3, 0.5]);
    expect(ends(doublesOf(open))).toEqual([nextUp(0.3), nextDown(0.5)]);
  });

  it("of a tenth has the double that stands for it, though that is not a tenth", () => {
    const tenth = boxOf("(= X_0 0.1)");
    expect(ends(exactDoublesOf(tenth, true))).toEqual([0.1, 0.1]);
    expect(ends(enclosureOf(tenth, true))).toEqual([nextDown(0.1), 0.1]);
  });

  it("of doubles is what it says", () => {
    const box = { lower: Float64Array.of(0.1), upper: Float64Array.of(0.3) };
    expect(enclosureOf(box, false)).toEqual(box);
    expect(exactDoublesOf(box, false)).toEqual(box);
  });

  it("has, whatever its bounds, doubles whose decimals and values lie within them exactly", () => {
    const digits = fc
      .tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: 15, max: 25 }))
      .map(([value, places]) => {
        const text = (value < 0n ? -value : value).toString().padStart(places + 1, "0");
        return `${value < 0n ? "-" : ""}${text.slice(0, -places)}.${text.slice(-places)}`;
      });
    fc.assert(
      fc.property(digits, digits, fc.boolean(), (a, b, isStrict) => {
        const [low, high] = compare(rationalOf(a), rationalOf(b)) <= 0 ? [a, b] : [b, a];
        const [more, less] = isStrict ? [">", "<"] : [">=", "<="];
        const box = boxOf(`(${more} X_0 ${low}) (${less} X_0 ${high})`);
        if (emptyInput(box) !== null || !hasDoubles(box)) return;
        const isIn = (value: Rational) =>
          compare(rationalOf(low), value) <= (isStrict ? -1 : 0) &&
          compare(value, rationalOf(high)) <= (isStrict ? -1 : 0);
        for (const end of ends(doublesOf(box))) expect(isIn(decimalOf(end!)), `${low} ${high}`).toBe(true);
        const [first, last] = ends(exactDoublesOf(box, true)) as [number, number];
        if (last > first) for (const end of [first, last]) expect(isIn(rationalOfDouble(end))).toBe(true);
        const [outer, most] = ends(enclosureOf(box, true)) as [number, number];
        expect(compare(rationalOfDouble(outer), rationalOf(low))).toBeLessThanOrEqual(0);
        expect(compare(rationalOfDouble(most), rationalOf(high))).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });
});
