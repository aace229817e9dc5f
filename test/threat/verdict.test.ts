import { describe, expect, it } from "vitest";
import {
  guaranteeSchema,
  mixOf,
  mixSchema,
  weakest,
  worthBesideEstimates,
} from "../../src/threat/guarantee.js";
import { isProof } from "../../src/threat/proof.js";
import { type Evidence, isCertified, provesAllMargins } from "../../src/threat/verdict.js";

describe("a bound", () => {
  it("proves what it is about above 0 alone, and as a number", () => {
    expect([Number.MIN_VALUE, 1, Number.MAX_VALUE].map(isProof)).toEqual([true, true, true]);
    const none = [
      0,
      -0,
      -Number.MIN_VALUE,
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ];
    expect(none.filter(isProof)).toEqual([]);
  });
});

describe("an example", () => {
  const proved: Evidence = {
    guarantee: "deterministic",
    prediction: 1,
    reference: 1,
    marginLower: [0.5, 0, 2],
  };

  it("is certified where every other class's margin is proved", () => {
    expect(isCertified(proved)).toBe(true);
    expect(isCertified({ ...proved, guarantee: "probability" })).toBe(true);
    expect(provesAllMargins({ reference: 1, marginLower: [1, Number.NaN, 1] })).toBe(true);
  });

  it.each<[string, Partial<Evidence>]>([
    ["its bounds are estimates", { guarantee: "estimate" }],
    ["the model answers something else", { prediction: 0 }],
    ["the model has no answer", { prediction: -1 }],
    ["one margin is 0", { marginLower: [0.5, 0, 0] }],
    ["one margin is below 0", { marginLower: [-0.5, 0, 2] }],
    ["one margin is no number", { marginLower: [0.5, 0, Number.NaN] }],
    ["one margin is infinite", { marginLower: [Number.POSITIVE_INFINITY, 0, 2] }],
    ["one margin was never bounded", { marginLower: [0.5, 0, null] }],
  ])("is not certified where %s", (_, change) => {
    expect(isCertified({ ...proved, ...change })).toBe(false);
  });

  it("has unproved margins whatever else is known of it", () => {
    expect(provesAllMargins({ reference: 0, marginLower: [5, 0] })).toBe(false);
    expect(provesAllMargins({ reference: 0, marginLower: [0, null] })).toBe(false);
  });
});

describe("what bounds are worth", () => {
  it("together is what the weakest are worth", () => {
    expect(weakest(["deterministic", "estimate", "probability"])).toBe("estimate");
    expect(weakest(["deterministic", "probability"])).toBe("probability");
    expect(weakest(["deterministic", "deterministic"])).toBe("deterministic");
    expect(weakest([])).toBe("deterministic");
  });

  it("is counted where it differs", () => {
    expect(mixOf(["probability", "deterministic", "probability"])).toEqual({
      probability: 2,
      deterministic: 1,
    });
    expect(mixOf(["estimate", "deterministic"])).toEqual({ estimate: 1, deterministic: 1 });
    expect([mixOf([]), mixOf(["estimate", "estimate"])]).toEqual([null, null]);
  });

  it("beside estimates is a probability where any are", () => {
    expect(worthBesideEstimates({ estimate: 1, probability: 1, deterministic: 3 })).toBe("probability");
    expect(worthBesideEstimates({ estimate: 1, deterministic: 3 })).toBe("deterministic");
  });

  it("is read from files, those of earlier versions too, and nothing else is", () => {
    expect(
      ["exact", "deterministic", "probability", "estimate"].map((word) => guaranteeSchema.parse(word)),
    ).toEqual(["deterministic", "deterministic", "probability", "estimate"]);
    expect(guaranteeSchema.safeParse("proved").success).toBe(false);
    expect(mixSchema.parse({ estimate: 1 })).toEqual({ estimate: 1 });
    for (const bad of [{ estimate: 0 }, { estimate: 0.5 }, { proved: 1 }]) {
      expect(mixSchema.safeParse(bad).success).toBe(false);
    }
  });
});
