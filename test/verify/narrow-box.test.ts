import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import type { InputBox, OutputConstraint } from "../../src/formats/vnnlib/property.js";
import { nextDown, nextUp } from "../../src/threat/outward.js";
import { narrowedBox } from "../../src/verify/narrow-box.js";
import { meetsRelations } from "../../src/verify/relations.js";
import { region } from "./by-hand.js";

const row = (bound: number, ...coefficients: number[]): OutputConstraint => ({
  terms: [],
  inputs: coefficients.map((coefficient, input) => ({ input, coefficient })),
  bound,
  strict: false,
});
const cube = (size: number, high = 2): InputBox => region(Array(size).fill(0), Array(size).fill(high));
const narrowed = (box: InputBox, ...rows: OutputConstraint[]) => narrowedBox(box, rows, false);
/** Two doubles further out than the number itself. */
const above = (value: number) => nextUp(nextUp(value));
const beneath = (value: number) => nextDown(nextDown(value));

describe("a box narrowed by relations among inputs", () => {
  it("is itself without any, whatever else is compared", () => {
    const box = cube(2);
    const terms = [{ output: 0, coefficient: 1 }];
    expect(narrowed(box)).toBe(box);
    expect(narrowed(box, { ...row(0.5, 1, 1), terms })).toBe(box);
    expect(narrowed(box, { terms: [], bound: -1, strict: false })).toBe(box);
    expect(narrowed(box, { terms, bound: 0, strict: false })).toBe(box);
  });

  it("ends where the least of the other terms leaves no room, outward by two doubles", () => {
    expect(narrowed(cube(2), row(1, 1, 1))).toEqual(region([0, 0], [above(1), above(1)]));
    const { lower, upper } = narrowed(cube(2), row(-1, 1, -1));
    expect([lower[0], lower[1], upper[1]]).toEqual([0, beneath(1), 2]);
    expect([upper[0] >= above(1), upper[0] < 1 + 2 ** -48]).toEqual([true, true]);
    const scaled = narrowed(region([-1, -2], [3, 4]), row(2, 2, -4));
    expect(scaled.upper).toEqual(Float64Array.of(3, 4));
    expect(Array.from(scaled.lower)).toEqual([-1, expect.closeTo(-1, 12)]);
    // Of a third of it, from below and from above.
    const third = narrowed(region([-2, 0], [2, 1]), row(1, 3, 0), row(1, -3, 0));
    expect([third.lower[0], third.upper[0]]).toEqual([beneath(-1 / 3), above(1 / 3)]);
    expect([third.lower[1], third.upper[1]]).toEqual([0, 1]);
  });

  it("has no number left where none meets them", () => {
    const { lower, upper } = narrowed(cube(2), row(-1, 1, 1));
    expect(upper[0]).toBeLessThan(lower[0]);
  });

  it("is narrowed by one relation after the other, three times", () => {
    const chain = (n: number) =>
      Array.from({ length: n - 1 }, (_, i): OutputConstraint => {
        const coefficients = Array<number>(n).fill(0);
        [coefficients[n - 1 - i], coefficients[n - 2 - i]] = [1, -1];
        return row(0, ...coefficients);
      });
    const ends = (n: number) => narrowed(cube(n), ...chain(n), row(0.5, 1));
    expect(ends(2).upper[1]).toBeCloseTo(0.5, 12);
    expect(ends(3).upper[2]).toBeCloseTo(0.5, 12);
    expect([ends(4).upper[2], ends(4).upper[3]]).toEqual([expect.closeTo(0.5, 12), 2]);
  });

  it("is as it was where numbers overflow", () => {
    const box = region([-1e300, 0], [1, 1]);
    expect(narrowed(box, row(1, 1e300, 1))).toBe(box);
    // And others narrow it all the same.
    const wide = region([-1e300, 0], [1, 4]);
    expect(narrowed(wide, row(1, 1e300, 1), row(0, -1, 1)).upper[1]).toBeLessThan(1.5);
  });

  it("is itself where little is gained, and changes those ends alone at which much is", () => {
    const box = cube(2);
    expect(narrowed(box, row(2 - 2 ** -20, 1))).toBe(box);
    expect(narrowed(box, row(-(2 ** -20), -1))).toBe(box);
    expect(narrowed(box, row(2 - 2 ** -18, 1)).upper[0]).toBeCloseTo(2 - 2 ** -18, 12);
    expect(narrowed(box, row(-(2 ** -18), -1)).lower[0]).toBeCloseTo(2 ** -18, 12);
    const found = narrowed(box, row(1, 1), row(2 - 2 ** -21, 0, 1), row(-(2 ** -21), 0, -1));
    expect(found).toEqual(region([0, 0], [above(1), 2]));
  });

  it("is closed where an end is new, and as it was elsewhere", () => {
    const open = { ...cube(2), lowerStrict: [true, false], upperStrict: [true, true] };
    expect(narrowed(open, row(1, 1))).toEqual({
      ...region([0, 0], [above(1), 2]),
      lowerStrict: [true, false],
      upperStrict: [false, true],
    });
    expect(narrowed(open, row(-1, -1))).toEqual({
      ...region([beneath(1), 0], [2, 2]),
      lowerStrict: [false, false],
      upperStrict: [true, true],
    });
    expect(Object.keys(narrowed(cube(2), row(1, 1)))).toEqual(["lower", "upper"]);
  });

  it("of decimals begins with the doubles around them, and keeps those ends that stay", () => {
    // 0.1 as a double lies above a tenth: the box has doubles below it.
    const box = region([0.1, 0], [2, 2]);
    const { lower, upper } = narrowedBox(box, [row(1.1, 1, 1)], true);
    expect(lower).toEqual(Float64Array.of(0.1, 0));
    expect(upper[1]).toBeGreaterThan(1);
    expect(upper[1]).toBeLessThan(1 + 2 ** -40);
  });

  it("has every point that meets them, in exact arithmetic", () => {
    let met = 0;
    for (let seed = 0; seed < 60; seed++) {
      const source = random(seed, "narrow");
      const lower = Float64Array.from({ length: 3 }, () => source.normal());
      const upper = lower.map((low) => low + 2 * source.uniform());
      const coefficients = Array.from({ length: 3 }, () => source.normal());
      const corner = lower.map((low, f) => (coefficients[f] > 0 ? low : upper[f]));
      const least = corner.reduce((sum, x, f) => sum + coefficients[f] * x, 0);
      const own = row(least + 0.5 * source.uniform(), ...coefficients);
      const box = narrowed({ lower, upper }, own);
      for (let f = 0; f < 3; f++) {
        const x = corner.slice();
        x[f] += (own.bound - least) / coefficients[f];
        if (x[f] > upper[f] || x[f] < lower[f]) continue;
        const judged = { outputs: 1, constraints: [own], decimal: false };
        for (let i = 0; i < 9 && !meetsRelations(x, judged, "both"); i++)
          x[f] = coefficients[f] > 0 ? nextDown(x[f]) : nextUp(x[f]);
        met += 1;
        expect(x.every((value, i) => value >= box.lower[i] && value <= box.upper[i])).toBe(true);
      }
    }
    expect(met).toBeGreaterThan(50);
  });
});
