import { describe, expect, it } from "vitest";
import type { OutputConstraint, Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import { caseValue, isBroken, type OutputCase, questionsOf, rowValue } from "../../src/verify/question.js";

const constraint = (bound: number, strict: boolean, ...coefficients: number[]): OutputConstraint => ({
  terms: coefficients.map((coefficient, output) => ({ output, coefficient })),
  bound,
  strict,
});

const caseOf = (constraints: readonly OutputConstraint[], lower = [0, 0], upper = [1, 1]): PropertyCase => ({
  box: { lower: Float64Array.from(lower), upper: Float64Array.from(upper) },
  constraints,
});

const property = (...cases: PropertyCase[]): Property => ({ inputs: 2, outputs: 2, cases });
const only = (...constraints: OutputConstraint[]): OutputCase =>
  questionsOf(property(caseOf(constraints)))[0].cases[0];

describe("questionsOf", () => {
  it("puts cases of equal boxes together, however far apart, and keeps their numbers", () => {
    const questions = questionsOf(
      property(
        caseOf([constraint(1, false, 1, 0)]),
        caseOf([constraint(2, false, 1, 0)], [0, 0.5]),
        caseOf([constraint(3, false, 1, 0)]),
        caseOf([constraint(4, false, 1, 0)], [0, 0.5], [1, 2]),
        caseOf([constraint(5, false, 1, 0)], [0, 0.5]),
      ),
    );
    expect(questions.map(({ cases }) => cases.map(({ number }) => number))).toEqual([[0, 2], [1, 4], [3]]);
    expect(questions[2].upper).toEqual(Float64Array.of(1, 2));
  });

  it("writes rows as a matrix and adds up terms of the same output", () => {
    const terms = [
      { output: 1, coefficient: 2 },
      { output: 1, coefficient: -0.5 },
    ];
    const own = only({ terms, bound: 3, strict: true }, constraint(-1, false, 4, 0));
    expect([...own.coefficients]).toEqual([0, 1.5, 4, 0]);
    expect([...own.bounds]).toEqual([3, -1]);
    expect(own.strict).toEqual([true, false]);
  });
});

describe("caseValue", () => {
  const own = only(constraint(1, false, 1, 0), constraint(0, false, 1, -1));

  it("is the largest row's C y − d, with the row", () => {
    expect(caseValue(own, [3, 0])).toEqual({ value: 3, row: 1 });
    expect(caseValue(own, [3, 5])).toEqual({ value: 2, row: 0 });
  });

  it("reads outputs that lie apart", () => {
    expect(caseValue(own, [9, 3, 9, 0], 1, 2)).toEqual({ value: 3, row: 1 });
    expect(rowValue(own, 1, [9, 3, 9, 5], 1, 2)).toBe(-2);
  });

  it("is NaN where any row is, wherever it stands", () => {
    expect(caseValue(own, [Number.NaN, 0]).value).toBeNaN();
    expect(caseValue(own, [3, Number.NaN])).toEqual({ value: Number.NaN, row: 1 });
    expect(caseValue(own, [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]).value).toBeNaN();
  });

  it("leaves out outputs with coefficient 0", () => {
    expect(caseValue(only(constraint(1, false, 1, 0)), [3, Number.NaN]).value).toBe(2);
  });

  it("of a case without rows is −∞", () => {
    expect(caseValue(only(), [1, 2])).toEqual({ value: Number.NEGATIVE_INFINITY, row: 0 });
  });
});

describe("isBroken", () => {
  it("takes ≤ at its word, and <", () => {
    const [loose, strict] = [only(constraint(1, false, 1, 0)), only(constraint(1, true, 1, 0))];
    expect([0.5, 1, 1.5].map((y) => isBroken(loose, [y, 0]))).toEqual([true, true, false]);
    expect([0.5, 1, 1.5].map((y) => isBroken(strict, [y, 0]))).toEqual([true, false, false]);
  });

  it("needs every row", () => {
    const own = only(constraint(1, false, 1, 0), constraint(1, true, 0, 1));
    expect(isBroken(own, [1, 0.9])).toBe(true);
    expect(isBroken(own, [1, 1])).toBe(false);
    expect(isBroken(own, [1.1, 0])).toBe(false);
  });

  it("never takes NaN for a counterexample, and every output for one of a case without rows", () => {
    expect(isBroken(only(constraint(1, false, 1, 0)), [Number.NaN, 0])).toBe(false);
    expect(isBroken(only(), [7, -7])).toBe(true);
  });
});
