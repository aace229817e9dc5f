import { describe, expect, it } from "vitest";
import {
  type CertificationWork,
  certificationOf,
  errorsOf,
  type JudgedExample,
} from "../../src/runs/certification-summary.js";
import { RUNGS } from "../../src/verify/rungs.js";

const WORK: CertificationWork = {
  ...{ about: "model", evaluation: "float32", byRungs: false, asked: 4, seconds: 8 },
};

const example = (change: Partial<JudgedExample> = {}): JudgedExample => ({
  ...{ index: 0, label: 0, prediction: 0, certified: true, stage: 0, marginLower: [0, 1] },
  ...{ guarantee: "deterministic", ...change },
});
/** Certified, certified as another class, right and not certified, wrong and not certified. */
const EXAMPLES = [
  example(),
  example({ index: 1, label: 1 }),
  example({ index: 2, certified: false }),
  example({ index: 3, label: 1, certified: false }),
];

describe("the figures of verdicts", () => {
  it("count as robust what is certified as its own label, and nothing else", () => {
    expect(errorsOf(EXAMPLES)).toEqual({ error: 0.5, robustError: 0.75, certified: 0.5 });
    expect(errorsOf(EXAMPLES.map((own) => ({ ...own, certified: true })))).toEqual({
      ...{ error: 0.5, robustError: 0.5, certified: 1 },
    });
    expect(errorsOf(EXAMPLES.slice(1))).toEqual({ error: 2 / 3, robustError: 1, certified: 1 / 3 });
  });

  it("of verdicts that are worth the same say so once", () => {
    const { examples, ...rest } = certificationOf(EXAMPLES, WORK);
    expect(rest).toEqual({
      ...{ about: "model", guarantee: "deterministic", evaluation: "float32" },
      summary: { error: 0.5, robustError: 0.75, certified: 0.5, seconds: 8, examplesPerSecond: 0.5 },
    });
    expect(examples).toEqual(EXAMPLES.map(({ guarantee: _, ...own }) => own));
    expect(examples.some((own) => "guarantee" in own)).toBe(false);
  });

  it("are worth what the weakest verdict is, and then each says its own", () => {
    const judged = [...EXAMPLES, example({ index: 4, guarantee: "probability" })];
    const found = certificationOf(judged, WORK);
    expect([found.guarantee, found.mix]).toEqual(["probability", { deterministic: 4, probability: 1 }]);
    expect(found.examples).toEqual(judged);
    expect("estimatedRobustError" in found.summary).toBe(false);
  });

  it("count what each rung proved, where there were several", () => {
    const judged = ["interval", "slopes", null, "interval"].map((rung, index) => example({ index, rung }));
    const { summary } = certificationOf(judged, { ...WORK, byRungs: true });
    expect(summary.rungs).toEqual({
      ...Object.fromEntries(RUNGS.map((rung) => [rung, 0])),
      ...{ interval: 2, slopes: 1 },
    });
    expect(Object.keys(summary.rungs ?? {})).toEqual([...RUNGS]);
    expect("rungs" in certificationOf(judged, WORK).summary).toBe(false);
  });

  it("say how many examples the time left unbounded, or unanswered", () => {
    const unbounded = certificationOf(EXAMPLES, { ...WORK, unfinished: 2 }).summary;
    expect([unbounded.unfinished, unbounded.examplesPerSecond, "unreached" in unbounded]).toEqual([
      2,
      0.25,
      false,
    ]);
    const none = certificationOf(EXAMPLES, { ...WORK, unfinished: 0 }).summary;
    expect([none.unfinished, none.examplesPerSecond]).toEqual([0, 0.5]);
    expect("unfinished" in certificationOf(EXAMPLES, WORK).summary).toBe(false);
    expect(certificationOf(EXAMPLES, { ...WORK, asked: 5 }).summary.unreached).toBe(1);
  });
});

describe("the robust error that estimates suggest", () => {
  const estimatedOf = (...judged: Partial<JudgedExample>[]) =>
    certificationOf(
      judged.map((change) => example({ certified: false, guarantee: "estimate", ...change })),
      WORK,
    ).summary.estimatedRobustError;

  it("counts as right what is answered rightly, with every margin above 0", () => {
    expect(estimatedOf({ marginLower: [0, 0.1] })).toBe(0);
    expect(estimatedOf({ marginLower: [0, 0.1] }, { marginLower: [0, 0] })).toBe(0.5);
    expect(estimatedOf({ marginLower: [0, 0.1, -0.1] })).toBe(1);
    expect(estimatedOf({ marginLower: [0, Number.NaN] })).toBe(1);
    expect(estimatedOf({ label: 1 })).toBe(1);
    expect(estimatedOf({ label: 1, prediction: 1, marginLower: [0.1, 0] }, {}, {}, { label: 1 })).toBe(0.25);
    // Margins are those of the label, and of the prediction.
    expect(estimatedOf({ label: 1, prediction: 1, marginLower: [0, 1] })).toBe(1);
  });

  it("is said where some are estimates, of all examples", () => {
    const mixed = [EXAMPLES[0], example({ guarantee: "estimate", certified: false, marginLower: [0, -1] })];
    const { summary, guarantee } = certificationOf(mixed, WORK);
    expect([guarantee, summary.estimatedRobustError, summary.robustError]).toEqual(["estimate", 0.5, 0.5]);
    expect("estimatedRobustError" in certificationOf(EXAMPLES, WORK).summary).toBe(false);
  });
});
