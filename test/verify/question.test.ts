import { describe, expect, it } from "vitest";
import type { OutputConstraint, Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import {
  caseValue,
  emptyCases,
  isBroken,
  isWorthALook,
  type OutputCase,
  questionsOf,
  rowValue,
} from "../../src/verify/question.js";
import { openCase } from "../../src/verify/verdict.js";

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

describe("boxes of a property", () => {
  const rows = [constraint(1, false, 1, 0)];
  const upTo = (
    upper: number[],
    open: { lowerStrict?: boolean[]; upperStrict?: boolean[] } = {},
  ): PropertyCase => {
    const { box, constraints } = caseOf(rows, [0, 0], upper);
    return { box: { ...box, ...open }, constraints };
  };

  it("without points have no counterexample, and are asked nothing", () => {
    const own = property(
      upTo([1, 1]),
      upTo([1, -1]),
      upTo([1, 0], { upperStrict: [false, true] }),
      upTo([2, 2]),
    );
    expect(emptyCases(own)).toEqual([1, 2]);
    expect(questionsOf(own).map(({ cases }) => cases.map(({ number }) => number))).toEqual([[0], [3]]);
    expect(emptyCases(property(upTo([0, 0])))).toEqual([]);
  });

  it("are handed on as they were asked where they are open, or of decimals", () => {
    const [closed, below, above] = questionsOf(
      property(
        upTo([1, 1]),
        upTo([1, 1], { upperStrict: [true, false] }),
        upTo([1, 1], { lowerStrict: [true, false] }),
      ),
    );
    expect([closed.inputs, closed.cases[0].inputs, "inputs" in closed]).toEqual([
      undefined,
      undefined,
      false,
    ]);
    expect(below.inputs).toMatchObject({ upperStrict: [true, false], decimal: false });
    expect(above.inputs).toMatchObject({ lowerStrict: [true, false], decimal: false });
    expect(below.cases[0].inputs).toBe(below.inputs);
    // Bounds are about a closed box.
    expect([below.lower, below.upper]).toEqual([closed.lower, closed.upper]);
    const [decimal] = questionsOf({ ...property(upTo([1, 0.1]), upTo([1, 0.1])), decimal: true });
    expect(decimal.inputs).toMatchObject({ decimal: true });
    expect(decimal.cases.map(({ inputs }) => inputs?.decimal)).toEqual([true, true]);
    // The double 0.1 is above a tenth, and 0.3 below three tenths.
    expect(decimal.upper).toEqual(Float64Array.of(1, 0.1));
    const [wider] = questionsOf({ ...property(upTo([1, 0.3])), decimal: true });
    expect(wider.upper[1]).toBeGreaterThan(0.3);
  });
});

describe("a point that is worth a look", () => {
  const box = { lower: Float64Array.of(4, -2), upper: Float64Array.of(5, 1) };

  it("breaks the case, as it was computed, equality included", () => {
    const own = only(constraint(1, false, 1, 0), constraint(0, true, 1, -1));
    expect([0.5, 1, 1.5].map((y) => isWorthALook(own, box, [y, y]))).toEqual([true, true, false]);
    expect(isWorthALook(own, box, [Number.NaN, 0])).toBe(false);
    expect(isWorthALook(own, box, [9, 1, 9, 1], 1, 2)).toBe(true);
  });

  it("may lie a fiftieth of its inputs' widths beside a relation of them, and no other row", () => {
    const relation: OutputConstraint = {
      ...{ terms: [], bound: 0, strict: false },
      inputs: [
        { input: 0, coefficient: 2 },
        { input: 1, coefficient: -1 },
      ],
    };
    const row = constraint(1, false, 0, 1);
    const own: OutputCase = {
      ...only(constraint(0, false, 1, 0), row),
      judged: { outputs: 1, constraints: [relation, row], decimal: false },
    };
    // Of 2 · 1 + 1 · 3 a fiftieth is 0.1.
    const looks = [-1, 0.05, 0.1, 0.11, 5].map((value) => isWorthALook(own, box, [value, 1]));
    expect(looks).toEqual([true, true, true, false, false]);
    expect(isWorthALook(own, box, [0, 1.01])).toBe(false);
  });
});

describe("a case that nothing is known of", () => {
  it("is open", () => {
    expect(openCase(3)).toEqual({ case: 3, answer: "unknown", step: "attack", bound: null, branches: 0 });
  });
});

describe("caseValue", () => {
  const own = only(constraint(1, false, 1, 0), constraint(0, false, 1, -1));

  it("is the largest row's C y − d, with the row, of equal ones the first", () => {
    expect(caseValue(own, [3, 1])).toEqual({ value: 2, row: 0 });
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
