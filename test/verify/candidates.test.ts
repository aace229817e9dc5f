import { describe, expect, it } from "vitest";
import type { InputTerm, OutputConstraint } from "../../src/formats/vnnlib/property.js";
import { nextDown, nextUp } from "../../src/threat/outward.js";
import { candidates } from "../../src/verify/candidates.js";
import type { InputSet, OutputCase } from "../../src/verify/question.js";
import { meetsRelations } from "../../src/verify/relations.js";
import { caseOf, region } from "./by-hand.js";

const [unit, open] = [region([0], [1]), region([-9], [9])];

const found = (x: number[], own: Partial<OutputCase> = {}, box = unit) =>
  candidates(Float64Array.from(x), caseOf([[1]], [0], own), box).map((one) => Array.from(one));
const within = (lower: number, upper: number, more: Partial<InputSet> = {}): Partial<OutputCase> => ({
  inputs: { ...region([lower], [upper]), ...more },
});

describe("points to show for one", () => {
  it("are its single and itself, within the box, each once", () => {
    expect(found([0.1])).toEqual([[Math.fround(0.1)], [0.1]]);
    expect(found([0.5])).toEqual([[0.5]]);
    expect([found([2]), found([-1])]).toEqual([[[1]], [[0]]]);
    // Points differ where one entry does.
    expect(found([0.5, 0.1], {}, region([0, 0], [1, 1]))).toEqual([
      [0.5, Math.fround(0.1)],
      [0.5, 0.1],
    ]);
  });

  it("are no singles where those lie outside, and are where they lie on its edge", () => {
    expect(found([0.1], within(0, 0.1))).toEqual([[0.1]]);
    expect(found([0.7], within(0.7, 1))).toEqual([[0.7]]);
    expect(found([0.5 + 2 ** -40], within(0.5, 1))).toEqual([[0.5], [0.5 + 2 ** -40]]);
    expect(found([1 - 2 ** -40], within(0, 1))).toEqual([[1], [1 - 2 ** -40]]);
    // Each entry for itself.
    for (const [edge, box] of [
      [0.1, region([0, 0], [0.1, 1])],
      [0.7, region([0.7, 0], [1, 1])],
    ] as const) {
      expect(found([edge, 0.1], {}, box)).toEqual([
        [edge, Math.fround(0.1)],
        [edge, 0.1],
      ]);
    }
  });

  it("lie within the inputs of the case, not only in the box", () => {
    expect(found([2], within(0, 0.5), open)).toEqual([[0.5]]);
    expect(found([0], within(0, 1, { lowerStrict: [true] }), open)).toEqual([[Number.MIN_VALUE]]);
    expect(found([1], within(1, nextUp(1), { lowerStrict: [true], upperStrict: [true] }), open)).toEqual([]);
    // One empty side is enough for none, in whichever input.
    const strict = { ...region([0, 1], [1, 1]), upperStrict: [false, true] };
    expect(found([0.5, 1], { inputs: strict }, region([0, 0], [2, 2]))).toEqual([]);
  });

  it("are first what lies within decimals itself", () => {
    expect(found([1], within(0.05, 0.1, { decimal: true }), open)).toEqual([[nextDown(0.1)], [0.1]]);
    expect(found([1], within(0.05, 0.1), open)).toEqual([[0.1]]);
  });
});

const row = (bound: number, coefficients: number[], strict = false): OutputConstraint => ({
  terms: [],
  inputs: coefficients.map((coefficient, input): InputTerm => ({ input, coefficient })),
  bound,
  strict,
});
const judgedBy = (constraints: readonly OutputConstraint[], decimal = false): Partial<OutputCase> => ({
  judged: { outputs: 1, constraints, decimal },
});

describe("where inputs are related", () => {
  it("points are tried on a grid as well, below a thousand", () => {
    const [free, box] = [judgedBy([row(1e9, [1])]), region([-5000], [5000])];
    expect(found([0.1], free, box)).toEqual([[Math.fround(0.1)], [410 / 4096], [0.1]]);
    expect(found([-0.1], free, box)).toEqual([[-Math.fround(0.1)], [-410 / 4096], [-0.1]]);
    expect([found([2000.3], free, box), found([-2000.3], free, box)].map((own) => own.length)).toEqual([
      2, 2,
    ]);
    const near = 2 ** -14;
    expect(found([1000 + near], free, box)).toEqual([[1000 + near]]);
    expect(found([1000 - near], free, box)).toEqual([[1000 - near]]);
    expect(found([999.5 + near], free, box)).toEqual([[999.5 + near], [999.5]]);
    // Within the box, its edges included.
    expect(found([0.5 + near], free, region([0.5], [1]))).toEqual([[0.5 + near], [0.5]]);
    expect(found([0.5 + near], free, region([0.5 + near / 2], [1]))).toEqual([[0.5 + near]]);
    expect(found([0.5 - near], free, region([0], [0.5]))).toEqual([[0.5 - near], [0.5]]);
    expect(found([0.5 - near], free, region([0], [0.5 - near / 2]))).toEqual([[0.5 - near]]);
    for (const [x, edge] of [
      [0.5 + near, region([0.5 + near / 2, 0], [1, 1])],
      [0.5 - near, region([0, 0], [0.5 - near / 2, 1])],
    ] as const) {
      expect(found([x, 0.25 + near], free, edge)).toEqual([
        [x, 0.25 + near],
        [x, 0.25],
      ]);
    }
  });

  it("points are moved until they meet the relations; those that do not are left out", () => {
    const [both, square] = [judgedBy([row(1, [1, 1])]), region([0, 0], [1, 1])];
    const moved = found([0.7, 0.6], both, square);
    expect(moved.length).toBeGreaterThan(1);
    for (const [a, b] of moved) expect(a + b).toBeLessThanOrEqual(1);
    expect(found([0.7, 0.6], judgedBy([row(-1, [1, 1])]), square)).toEqual([]);
    expect(found([0.25, 0.5], both, square)).toEqual([[0.25, 0.5]]);
  });

  it("points that meet them as decimals alone come last, and are shown", () => {
    // A tenth, which no double is.
    const tenth = [row(0.1, [1]), row(-0.1, [-1])];
    expect(found([0.1], judgedBy(tenth, true))).toEqual([[0.1]]);
    // What is itself ¾ comes first, though it was found later.
    const sum = judgedBy([row(0.75, [1, 1]), row(-0.75, [-1, -1])], true);
    const shown = found([0.2, 0.7], sum, region([0, 0], [0.2, 1]));
    expect(shown).toEqual([
      [819 / 4096, 0.75 - 819 / 4096],
      [0.2, 0.55],
    ]);
    const judged = sum.judged as NonNullable<OutputCase["judged"]>;
    expect(shown.map((one) => meetsRelations(Float64Array.from(one), judged, "both"))).toEqual([true, false]);
  });
});
