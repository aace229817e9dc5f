import { describe, expect, it } from "vitest";
import type { ExampleVerdict } from "../../src/certify/certify.js";
import { BATCH_RUNGS, better, type ClimbedVerdict, mayBeProved, RUNGS } from "../../src/verify/rungs.js";

const verdict = (marginLower: number[], own: Partial<ExampleVerdict> = {}): ExampleVerdict => ({
  ...{ prediction: 0, reference: 0, certified: false, marginLower },
  ...own,
});
const earlier = (marginLower: number[], own: Partial<ExampleVerdict> = {}): ClimbedVerdict => ({
  ...verdict(marginLower, own),
  rung: null,
});

describe("rungs", () => {
  it("are bounds, the cheapest first, and then branch and bound", () => {
    expect(BATCH_RUNGS).toEqual(["interval", "parallel", "adaptive"]);
    expect(RUNGS).toEqual([...BATCH_RUNGS, "slopes", "input splitting", "neuron splitting"]);
  });
});

describe("of two verdicts on an example", () => {
  it("each margin has its better bound, and together they may prove it", () => {
    const found = better(earlier([0, 2, -1]), verdict([0, -3, 0.5]), "parallel");
    expect(found).toEqual({ ...verdict([0, 2, 0.5]), certified: true, rung: "parallel" });
    const open = better(earlier([0, 2, -1]), verdict([0, -3, -0.5]), "parallel");
    expect(open).toEqual({ ...verdict([0, 2, -0.5]), rung: null });
    // 0 is no proof.
    expect(better(earlier([0, 2, 0]), verdict([0, 2, -1]), "adaptive").certified).toBe(false);
  });

  it("the first stands as it is", () => {
    expect(better(undefined, verdict([0, -1, 2]), "interval")).toEqual({
      ...verdict([0, -1, 2]),
      rung: null,
    });
    const proved = verdict([0, 1, 2], { certified: true });
    expect(better(undefined, proved, "interval")).toEqual({ ...proved, rung: "interval" });
  });

  it("margins of another class are not taken over: a near tie may be answered otherwise", () => {
    const other = earlier([5, 0, 5], { prediction: 1, reference: 1 });
    const found = better(other, verdict([0, -1, 5]), "parallel");
    expect(found).toEqual({ ...verdict([0, -1, 5]), rung: null });
    // All three of the other class would be above 0.
    expect(better(earlier([3, 9, 3], { reference: 2 }), verdict([0, -1, -1]), "parallel").certified).toBe(
      false,
    );
  });

  it("no margins prove an answer that is wrong, or none", () => {
    for (const own of [{ prediction: 1 }, { prediction: -1 }, { reference: 2 }]) {
      expect(better(undefined, verdict([1, 1, 1], own), "interval")).toMatchObject({
        certified: false,
        rung: null,
      });
    }
  });

  it("what is no number proves nothing, whatever the other says", () => {
    expect(better(earlier([0, 1, 2]), verdict([0, Number.NaN, 2]), "parallel").certified).toBe(false);
    expect(better(earlier([0, Number.NaN, 2]), verdict([0, 1, 2]), "parallel").certified).toBe(false);
    // A class against itself is not asked about.
    expect(better(undefined, verdict([Number.NaN, 1, 2]), "parallel").certified).toBe(true);
  });
});

describe("further bounds", () => {
  it("may prove right answers alone", () => {
    expect(mayBeProved(verdict([0, -1]))).toBe(true);
    expect(mayBeProved(verdict([0, -1], { prediction: 1 }))).toBe(false);
    expect(mayBeProved(verdict([0, -1], { prediction: -1 }))).toBe(false);
    expect(mayBeProved(verdict([0, -1], { prediction: -1, reference: -1 }))).toBe(false);
  });
});
