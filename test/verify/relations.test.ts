import { describe, expect, it } from "vitest";
import type { OutputConstraint } from "../../src/formats/vnnlib/property.js";
import { nextDown, nextUp } from "../../src/threat/outward.js";
import { isRelation, meetsMixedRows, meetsRelations, repaired } from "../../src/verify/relations.js";
import { region } from "./by-hand.js";

const row = (bound: number, inputs: number[], strict = false, outputs: number[] = []): OutputConstraint => ({
  terms: outputs.map((coefficient, output) => ({ output, coefficient })),
  inputs: inputs.map((coefficient, input) => ({ input, coefficient })),
  bound,
  strict,
});
const judged = (constraints: OutputConstraint[], decimal = false) => ({ outputs: 2, constraints, decimal });
const ofOutputs: OutputConstraint = { terms: [{ output: 0, coefficient: 1 }], bound: -9, strict: false };
const [tenth, fifth] = [0.1, 0.2];
const x = Float64Array.of(tenth, fifth);

describe("relations among inputs", () => {
  it("are rows of inputs alone", () => {
    expect(isRelation(row(0, [1]))).toBe(true);
    expect(isRelation(row(0, [1], false, [1]))).toBe(false);
    expect(isRelation(ofOutputs)).toBe(false);
    expect(isRelation({ terms: [], bound: 0, strict: false })).toBe(false);
  });

  it("are met exactly: as decimals, as the doubles, or as both", () => {
    const meets = (bound: number, decimal: boolean, reading: "decimal" | "both", strict = false) =>
      meetsRelations(x, judged([row(bound, [1, 1], strict)], decimal), reading);
    // 0.1 + 0.2 is 0.3 as decimals, and more as doubles, which 0.3 is less than.
    expect([meets(0.3, true, "decimal"), meets(0.3, true, "both"), meets(0.3, false, "both")]).toEqual([
      ...[true, false, false],
    ]);
    expect([meets(0.3, false, "decimal"), meets(0.3, true, "decimal", true)]).toEqual([false, false]);
    expect([
      meets(0.31, true, "both"),
      meets(0.31, true, "both", true),
      meets(0.29, true, "decimal"),
    ]).toEqual([...[true, true, false]]);
    // Decimals are read of coefficients too: three times a tenth of 3 is 0.9.
    const third = judged([row(0.9, [0.3]), row(-0.9, [-0.3])], true);
    expect(meetsRelations(Float64Array.of(3), third, "decimal")).toBe(true);
    expect(meetsRelations(Float64Array.of(3), { ...third, decimal: false }, "both")).toBe(false);
  });

  it("have to be met all of them, and are asked nothing of other rows", () => {
    expect(meetsRelations(x, judged([row(1, [1, 1]), row(-1, [-1, 0])]), "both")).toBe(false);
    expect(meetsRelations(x, judged([ofOutputs, row(-9, [1], false, [1])]), "both")).toBe(true);
  });
});

describe("rows of inputs and outputs", () => {
  const meets = (y: number[], ...constraints: OutputConstraint[]) =>
    meetsMixedRows(x, Float64Array.from(y), judged(constraints));

  it("are met in exact arithmetic", () => {
    // 2 y₀ − y₁ + x₀ ≤ 1 + 0.1.
    const own = (bound: number, strict = false) => row(bound, [1], strict, [2, -1]);
    expect(meets([1, 1], own(1 + tenth))).toBe(true);
    expect(meets([1, 0.5], own(1 + tenth))).toBe(false);
    expect(meets([0.5, 0.5], own(0.5))).toBe(false);
    expect(meets([0.5, 1], own(tenth))).toBe(true);
    expect(meets([0.5, 1], own(tenth, true))).toBe(false);
    expect(meets([0.5, nextUp(1)], own(tenth, true))).toBe(true);
    // A sum of doubles would round this away.
    expect(meets([0.5, 1], own(nextDown(tenth)))).toBe(false);
  });

  it("have to be met all of them, however inputs are read, and are asked nothing of other rows", () => {
    expect(meets([0, 0], row(1, [1], false, [1]), row(-1, [1], false, [1]))).toBe(false);
    expect(meets([5, 5], ofOutputs, row(-9, [1]))).toBe(true);
    // As decimals alone: 0.1 as a double is more than a tenth, −0.1 less.
    for (const sign of [1, -1]) {
      const own = row(sign === 1 ? tenth : -tenth, [sign], false, [1, 1]);
      const at = (decimal: boolean) =>
        meetsMixedRows(Float64Array.of(tenth), Float64Array.of(0, 0), judged([own], decimal));
      expect([at(false), at(true)]).toEqual([true, sign === 1]);
    }
  });
});

describe("a point moved onto relations", () => {
  const square = region([0, 0], [1, 1]);
  const moved = (point: number[], rows: OutputConstraint[], decimal = false, box = square) =>
    Array.from(repaired(Float64Array.from(point), judged(rows, decimal), box));

  it("is as it was where it meets them, or nothing leads there", () => {
    expect(moved([0.25, 0.5], [row(1, [1, 1])])).toEqual([0.25, 0.5]);
    expect(moved([0.25, 0.5], [row(-1, [0, 0])])).toEqual([0.25, 0.5]);
    expect(moved([0, 0], [row(-1, [1, 1])])).toEqual([0, 0]);
    expect(moved([0.25, 0.5], [ofOutputs])).toEqual([0.25, 0.5]);
    const given = Float64Array.of(1, 1);
    repaired(given, judged([row(1, [1, 1])]), square);
    expect(given).toEqual(Float64Array.of(1, 1));
  });

  it("gives way in the input with most room, either way, within the box", () => {
    expect(moved([0.75, 0.5], [row(1, [1, 1])])).toEqual([0.5, 0.5]);
    expect(moved([0.5, 0.75], [row(1, [1, 1])])).toEqual([0.5, 0.5]);
    expect(moved([0.5, 0.5], [row(0.75, [1, 1])])).toEqual([0.25, 0.5]);
    expect(moved([0.5, 0.25], [row(0, [1, 1])], false, region([-1, -1], [1, 1]))).toEqual([-0.25, 0.25]);
    // Twice as far counts twice.
    expect(moved([0.75, 0.5], [row(1, [1, 2])])).toEqual([0.75, 0.125]);
    // x₁ − x₀ ≥ ¼, from a point where x₁ has more room upwards.
    expect(moved([0.5, 0.25], [row(-0.25, [1, -1])])).toEqual([0.5, 0.75]);
    expect(moved([0.75, 0.5], [row(-0.25, [1, -1])])).toEqual([0.25, 0.5]);
    // One is not enough: the other follows.
    expect(moved([0.75, 0.5], [row(0.25, [1, 1])])).toEqual([0, 0.25]);
    expect(moved([0.5, 0.5], [row(-1.25, [-1, -1])], false, region([0, 0], [0.75, 1]))).toEqual([0.5, 0.75]);
  });

  it("meets one after the other", () => {
    expect(moved([1, 1], [row(0.5, [1]), row(0.25, [0, 1])])).toEqual([0.5, 0.25]);
    expect(moved([1, 0.5], [row(0, [1, -1]), row(0, [-1, 1])])).toEqual([0.5, 0.5]);
    // Rows of outputs are none of them.
    expect(moved([0.75, 0.5], [ofOutputs, row(1, [1, 1])])).toEqual([0.5, 0.5]);
    // Where none meets both, after so many times.
    expect(moved([0.5], [row(0.25, [1]), row(-0.75, [-1])])).toEqual([0.75]);
  });

  it("lies beside the edge where it is strict, and where no double is on it", () => {
    expect(moved([0.75, 0], [row(0.5, [1], true)])).toEqual([nextDown(0.5), 0]);
    expect(moved([0.25, 0], [row(-0.5, [-1], true)])).toEqual([nextUp(0.5), 0]);
    // A tenth as a decimal and as a double: 0.1 is above it.
    expect(moved([0.75, 0], [row(0.1, [1])], true)).toEqual([nextDown(0.1), 0]);
    expect(moved([0.1, 0], [row(0.1, [1])], true)).toEqual([nextDown(0.1), 0]);
    expect(moved([0.01, 0], [row(-0.1, [-1])], true)).toEqual([0.1, 0]);
    expect(moved([0.01, 0], [row(-0.3, [-1])], true)).toEqual([nextUp(0.3), 0]);
    expect(moved([0.75, 0], [row(1, [3])])[0] * 3).toBeLessThanOrEqual(1);
  });
});
