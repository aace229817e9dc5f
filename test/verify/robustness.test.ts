import { describe, expect, it } from "vitest";
import { add, compare, negate, rationalOfDouble } from "../../src/formats/vnnlib/rational.js";
import { nextDown, nextUp } from "../../src/threat/outward.js";
import { type Neighbourhood, robustness } from "../../src/verify/robustness.js";

const asked = (x: number[], more: Partial<Neighbourhood> = {}) =>
  robustness(x, { epsilon: 0.25, prediction: 1, classes: 3, ...more });

describe("the property that an answer is kept", () => {
  it("has a case for each other class, broken where its output is at least as large", () => {
    const { inputs, outputs, cases, decimal } = asked([0.5, 1]);
    expect([inputs, outputs, decimal]).toEqual([2, 3, undefined]);
    const row = (other: number) => ({
      terms: [
        { output: 1, coefficient: 1 },
        { output: other, coefficient: -1 },
      ],
      ...{ bound: 0, strict: false },
    });
    expect(cases.map(({ constraints }) => constraints)).toEqual([[row(0)], [row(2)]]);
    expect(
      asked([0], { prediction: 2 }).cases.map(({ constraints: [{ terms }] }) => terms[1].output),
    ).toEqual([0, 1]);
    expect(asked([0], { prediction: 0, classes: 2 }).cases).toHaveLength(1);
  });

  it("is about all within ε, cut to the box, feature by feature", () => {
    const boxOf = (x: number[], more: Partial<Neighbourhood> = {}) => {
      const [{ box }, { box: other }] = asked(x, more).cases;
      expect(other).toBe(box);
      return [Array.from(box.lower), Array.from(box.upper)];
    };
    expect(boxOf([0.5, 1])).toEqual([
      [0.25, 0.75],
      [0.75, 1.25],
    ]);
    expect(boxOf([0.5, 1], { box: [0.375, 1] })).toEqual([
      [0.375, 0.75],
      [0.75, 1],
    ]);
    expect(boxOf([0.5, 1], { box: [0, 2] })).toEqual([
      [0.25, 0.75],
      [0.75, 1.25],
    ]);
    expect(boxOf([0.5, 1], { box: null, epsilon: { perFeature: [0.125, 0.5] } })).toEqual([
      [0.375, 0.5],
      [0.625, 1.5],
    ]);
    const box = { lower: [0, 0.9375], upper: [0.5625, 9] };
    expect(boxOf([0.5, 1], { box })).toEqual([
      [0.25, 0.9375],
      [0.5625, 1.25],
    ]);
    // Nothing but the point itself.
    expect(boxOf([0.5, 1], { epsilon: 0 })).toEqual([
      [0.5, 1],
      [0.5, 1],
    ]);
    expect(boxOf([0, 1], { box: [0.25, 0.75] })).toEqual([
      [0.25, 0.75],
      [0.25, 0.75],
    ]);
  });

  it("leaves out no point that is within ε: sums are rounded outward, and no further", () => {
    for (const [x, epsilon] of [
      [0.1, 0.2],
      [0.3, 0.1],
      [0.7, 1 / 3],
      [1 / 3, 0.003],
    ]) {
      const [{ box }] = asked([x], { epsilon }).cases;
      const exact = (sign: number) => {
        const radius = rationalOfDouble(epsilon);
        return add(rationalOfDouble(x), sign > 0 ? radius : negate(radius));
      };
      const [low, high] = [box.lower[0], box.upper[0]];
      expect(compare(rationalOfDouble(low), exact(-1))).toBeLessThanOrEqual(0);
      expect(compare(rationalOfDouble(nextUp(low)), exact(-1))).toBeGreaterThan(0);
      expect(compare(rationalOfDouble(high), exact(1))).toBeGreaterThanOrEqual(0);
      expect(compare(rationalOfDouble(nextDown(high)), exact(1))).toBeLessThan(0);
    }
  });
});

describe("what is no neighbourhood", () => {
  it.each([
    [{ classes: 1, prediction: 0 }, "classes: expected a whole number from 2 to 1000000, found 1"],
    [{ classes: 2.5 }, "classes: expected"],
    [{ classes: 1_000_001 }, "classes: expected"],
    [{ prediction: 3 }, "prediction: expected a class from 0 to 2, found 3"],
    [{ prediction: -1 }, "prediction: expected"],
    [{ prediction: 0.5 }, "prediction: expected"],
    [{ prediction: Number.NaN }, "prediction: expected"],
    [{ epsilon: { perFeature: [1, 2, 3] } }, "epsilon: expected 2 numbers, one for each of x, found 3"],
    [{ epsilon: { perFeature: [1, Number.NaN] } }, "epsilon"],
    [{ epsilon: Number.NaN }, "epsilon"],
    [{ epsilon: null as never }, "robustness: epsilon"],
    [{ epsilon: -1 }, "at least 0"],
    [{ box: [0, Number.NaN] as const }, "box"],
    [{ box: { lower: [0, Number.NaN], upper: [1, 1] } }, "box"],
    [{ box: { lower: [0, 0], upper: [1, Number.NaN] } }, "box"],
    [{ box: "wide" as never }, "box"],
    [{ box: { lower: "low" as never, upper: [1, 1] } }, "robustness: box: lower"],
    [{ box: { lower: [0, 0], upper: "high" as never } }, "robustness: box: upper"],
    [{ box: [4, 5] as const }, "x: expected numbers within epsilon of the box, found 0.5 at 0"],
    [{ further: 1 } as never, "further"],
  ])("is refused: %j", (more: Partial<Neighbourhood>, text) => {
    expect(() => asked([0.5, 1], more)).toThrow(text);
  });

  it("begins with numbers of x", () => {
    expect(() => asked([0.5, Number.NaN])).toThrow("robustness: x");
    expect(() => asked([0, 4], { box: [0, 1] })).toThrow("found 4 at 1");
    expect(asked([0, 1.25], { box: [0, 1] }).cases).toHaveLength(2);
    expect(asked([0], { classes: 1_000_000 }).outputs).toBe(1_000_000);
  });
});
