import { describe, expect, it } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../src/dual/slopes/tighten.js";
import { OutOfMemoryError } from "../../src/errors.js";
import type { OutputConstraint, PropertyCase } from "../../src/formats/vnnlib/property.js";
import type { Subject } from "../../src/network/subject.js";
import type { CaseProof } from "../../src/verify/proof.js";
import { tightenBox } from "../../src/verify/tighten-box.js";
import { verify } from "../../src/verify/verify.js";
import type { VerifyOptions, VerifyProgress } from "../../src/verify/verify-options.js";
import { countParts, region, subject, threeLayers, twoLayers, unjudged } from "./by-hand.js";

/** relu(x) − 2 relu(x − ½): 0 below 0 and at 1, ½ between. */
const wave = subject(twoLayers([[1], [1]], [0, -0.5], [[1, -2]], [0]));
/** relu(x), between −2 and 1: by the chord's slope at least −⅔, by CROWN's 0. */
const ramp = subject(twoLayers([[1]], [0], [[1]], [0]));

const atMost = (bound: number, strict = false): OutputConstraint => ({
  terms: [{ output: 0, coefficient: 1 }],
  ...{ bound, strict },
});
const within = (lower: number, upper: number, ...constraints: OutputConstraint[]): PropertyCase => ({
  box: region([lower], [upper]),
  constraints,
});
const ask = (own: Subject, cases: PropertyCase[], options: Partial<VerifyOptions> = {}) =>
  verify(own, { inputs: 1, outputs: 1, cases }, { timeout: 30, split: "neurons", ...options });

/** What nobody agrees about as long as it attacks. */
function late(own: Subject): { own: Subject; onProgress: (progress: VerifyProgress) => void } {
  let step = "attack";
  const evaluate: Subject["evaluate"] = (x) =>
    step === "attack" ? Float64Array.of(Number.NaN) : own.evaluate(x);
  return { own: { ...own, evaluate }, onProgress: (progress) => (step = progress.step) };
}

describe("a case is settled by the first step that can", () => {
  it.each([
    ["parallel", ramp, within(-2, 1, atMost(-0.7)), {}, 0],
    ["adaptive", ramp, within(-2, 1, atMost(-0.1)), {}, 0],
    ["slopes", wave, within(-1, 1.5, atMost(-0.9)), {}, 1],
    ["neuron splitting", wave, within(-1, 1, atMost(-0.1)), {}, 2],
    ["input splitting", wave, within(-1, 1, atMost(-0.1)), { split: "inputs" }, 2],
    ["empty box", wave, within(1, -1, atMost(9)), {}, 0],
  ] as const)("%s", async (step, own, one, options, branches) => {
    const { answer, counterexample, cases } = await ask(own, [one], options);
    expect([answer, counterexample]).toEqual(["holds", null]);
    expect(cases).toHaveLength(1);
    expect(cases[0]).toMatchObject({ case: 0, answer: "holds", step });
    if (branches < 2) expect(cases[0].branches).toBe(branches);
    else expect(cases[0].branches).toBeGreaterThan(branches);
    const isBound = step === "parallel" || step === "adaptive";
    if (isBound) expect(cases[0].bound).toBeGreaterThan(0);
    else expect(cases[0].bound).toBeNull();
  });

  it("an attack", async () => {
    const found = await ask(wave, [within(-1, 1, atMost(0.01))]);
    expect(found.answer).toBe("violated");
    expect(found.cases).toEqual([{ case: 0, answer: "violated", step: "attack", bound: null, branches: 0 }]);
    expect(found.counterexample?.output[0]).toBeLessThanOrEqual(0.01);
    expect(Object.keys(found.counterexample ?? {})).toEqual(["input", "output"]);
  });

  it.each(["neurons", "inputs"] as const)("a point that branches come by: %s", async (split) => {
    const { own, onProgress } = late(wave);
    const found = await ask(own, [within(-1, 1, atMost(0.01)), within(-1, 1, atMost(-9))], {
      split,
      onProgress,
    });
    expect(found.answer).toBe("violated");
    expect(found.cases[0]).toMatchObject({ answer: "violated", bound: null });
    expect(["slopes", `${split.slice(0, -1)} splitting`]).toContain(found.cases[0].step);
    expect(found.cases[0].branches).toBeGreaterThan(0);
    expect(found.cases[1].answer).toBe("holds");
  });
});

describe("a property", () => {
  const open = within(-1, 1, atMost(0.01));
  const proved = within(-1, 1, atMost(-9));
  const hard = within(-1, 1, atMost(-0.1));

  it("holds where every case does, in whatever box and order", async () => {
    const own = unjudged(wave);
    for (const cases of [
      [hard, open, proved],
      [within(0, 0.5, atMost(-1)), open, within(1, 0)],
      [within(0, 0.25, atMost(0.01)), within(0, 0.5, atMost(-1))],
    ]) {
      const { answer, cases: found } = await ask(own, cases);
      expect(answer).toBe("unknown");
      const expected = cases.map((one) =>
        one === open || one.constraints[0]?.bound === 0.01 ? "unknown" : "holds",
      );
      expect(found.map((one) => one.answer)).toEqual(expected);
      const [worst] = found.filter((one) => one.answer === "unknown");
      expect(worst).toMatchObject({ bound: expect.closeTo(-0.01, 6) });
    }
    expect((await ask(own, [hard, proved, within(1, 0)])).answer).toBe("holds");
    expect((await ask(own, [])).answer).toBe("holds");
  });

  it("that is met with equality is open, and says so; one that holds does not", async () => {
    const strict = within(-1, 1, atMost(0, true));
    expect(await ask(wave, [strict], { split: "inputs" })).toMatchObject({
      answer: "unknown",
      equality: true,
    });
    expect(await ask(wave, [strict, hard], { split: "inputs" })).toMatchObject({
      ...{ answer: "unknown", equality: true, cases: [{ answer: "unknown" }, { answer: "holds" }] },
    });
    expect(await ask(wave, [hard])).not.toHaveProperty("equality");
    expect(await ask(unjudged(wave), [open])).not.toHaveProperty("equality");
  });

  it("is open without time, and where a signal ends it", async () => {
    const over = await ask(unjudged(wave), [hard, open], { timeout: 0 });
    expect(over).toMatchObject({ answer: "unknown", counterexample: null });
    expect(over.cases.map(({ answer, branches }) => [answer, branches])).toEqual([
      ["unknown", 0],
      ["unknown", 0],
    ]);
    const controller = new AbortController();
    const onProgress = ({ step }: VerifyProgress) => step === "slopes" && controller.abort();
    const ended = await ask(wave, [hard], { signal: controller.signal, onProgress });
    expect(ended.answer).toBe("unknown");
  });

  it("counts the branches of both searches", async () => {
    // Nobody sees that it is met with equality.
    const own = unjudged(subject(twoLayers([[1], [-1]], [-0.25, 0.25], [[1, 1]], [0])));
    const strict = within(-1, 1, atMost(0, true));
    const countOf = async (split: "auto" | "neurons" | "inputs") => {
      const { answer, cases } = await ask(own, [strict], { split });
      expect(answer).toBe("unknown");
      return cases[0].branches;
    };
    expect(await countOf("auto")).toBe((await countOf("neurons")) + (await countOf("inputs")));
  });

  it("says how far it is", async () => {
    const steps: VerifyProgress[] = [];
    await ask(wave, [proved, hard, within(1, 0)], { onProgress: (step) => steps.push(step) });
    const plain = steps.filter(({ bounded }) => bounded === undefined);
    expect(plain).toEqual([
      { step: "attack", settled: 1, cases: 3 },
      { step: "parallel", settled: 1, cases: 3 },
      { step: "adaptive", settled: 2, cases: 3 },
      { step: "slopes", settled: 2, cases: 3 },
    ]);
    expect(steps[plain.length]).toMatchObject({ step: "neuron splitting", settled: 2, cases: 3, bounded: 1 });
  });
});

describe("what proved a case is told", () => {
  it.each([
    ["bounds", within(-1, 1, atMost(-9)), "neurons"],
    ["neurons", within(-1, 1, atMost(-0.1)), "neurons"],
    ["inputs", within(-1, 1, atMost(-0.1)), "inputs"],
  ] as const)("by %s", async (how, one, split) => {
    const proofs: CaseProof[] = [];
    const { answer } = await ask(wave, [one], { split, onProof: (proof) => proofs.push(proof) });
    expect([answer, proofs.length]).toEqual(["holds", 1]);
    const [proof] = proofs;
    expect(proof).toMatchObject({ how, case: { number: 0 } });
    expect([proof.region.lower[0], proof.region.upper[0]]).toEqual([-1, 1]);
    if (proof.how === "bounds") expect(proof.method).toBe("parallel");
    else expect(countParts(proof.tree).leaf).toBeGreaterThan(0);
    if (proof.how === "neurons") expect(Array.from(proof.box.listed.get(2) ?? [])).toEqual([0, 1]);
  });

  it("of proved cases alone", async () => {
    const proofs: CaseProof[] = [];
    await ask(unjudged(wave), [within(-1, 1, atMost(0.01))], { onProof: (proof) => proofs.push(proof) });
    expect(proofs).toEqual([]);
  });
});

describe("where single precision proves nothing for its own rounding", () => {
  // 1000 and its opposite cancel: 10⁻⁶ is left.
  const model = twoLayers([[1], [1]], [1000, 1000], [[1, -1]], [1e-6]);
  const single = subject(model, "float32");

  it("double precision is asked, if there is one", async () => {
    const options = { evaluation: "real", split: "neurons" } as const;
    const one = within(-1, 1, atMost(0));
    expect(await ask(single, [one], options)).toMatchObject({
      answer: "holds",
      cases: [{ step: "parallel" }],
    });
    const { inDouble: _, ...alone } = single;
    expect((await ask(unjudged(alone), [one], options)).answer).toBe("unknown");
    // For the evaluation that the model is made for it does not hold.
    expect((await ask(unjudged(single), [one], { ...options, evaluation: "float32" })).answer).toBe(
      "unknown",
    );
    expect((await ask(unjudged({ ...single, madeFor: "float32" }), [one])).answer).toBe("unknown");
    expect((await ask({ ...single, madeFor: "real" }, [one])).answer).toBe("holds");
    const { madeFor: __, ...unknown } = single;
    expect((await ask(unjudged(unknown), [one])).answer).toBe("unknown");
  });
});

describe("a step that has no room in memory", () => {
  const without = (own: Subject, error: Error): Subject => ({
    ...own,
    backend: new Proxy(own.backend, {
      get(target, name) {
        if (name !== "adaptiveLines") return Reflect.get(target, name, target);
        return () => {
          throw error;
        };
      },
    }),
  });

  it("leaves what is proved as it is, and the rest open", async () => {
    const own = unjudged(without(wave, new OutOfMemoryError("no room")));
    const { answer, cases, outOfMemory } = await ask(own, [
      within(-1, 1, atMost(-0.1)),
      within(-1, 1, atMost(-9)),
    ]);
    expect([answer, outOfMemory?.includes("no room")]).toEqual(["unknown", true]);
    expect(cases.map((one) => one.answer)).toEqual(["unknown", "holds"]);
    const fine = await ask(own, [within(-1, 1, atMost(-9))]);
    expect(fine.answer).toBe("holds");
    expect(fine).not.toHaveProperty("outOfMemory");
  });

  it("is no other error", async () => {
    await expect(ask(without(wave, new Error("a fault")), [within(-1, 1, atMost(-0.1))])).rejects.toThrow(
      "a fault",
    );
  });
});

describe("a box's tightened bounds", () => {
  // r₀ + r₁ − 1 of r = relu(x, 1 − x) is 0 between 0 and 1; by lines at least −½.
  const deep = subject(
    threeLayers([
      [
        [[1], [-1]],
        [0, 1],
      ],
      [
        [
          [1, -1],
          [-1, -1],
        ],
        [0.5, 1.5],
      ],
      [[[1, 1]], [0]],
    ]),
  );
  const box = region([-1], [2]);
  const tighten = async (isRecorded: boolean, deadline = Deadline.in(30), latest = Deadline.in(30)) => {
    using affine = new AffineLayers(deep);
    return await tightenBox(deep, affine, box, "float64", {
      ...{ deadline, latest, isRecorded, budget: new Budget(2 ** 30), pieceBytes: 2 ** 20 },
    });
  };

  it("enclose what neurons can be, no wider than CROWN's, with a record where it is asked for", async () => {
    const crown = await crownBounds(deep, box, "float64");
    const [plain, kept] = [await tighten(false), await tighten(true)];
    expect(plain?.record).toBeNull();
    if (!kept) throw new Error("expected bounds");
    expect(plain?.region).toEqual(kept.region);
    expect(kept.region.rounding?.nodes.size).toBe(crown.rounding?.nodes.size);
    const { lower, upper } = kept.region.bounds.get(3) as { lower: Float64Array; upper: Float64Array };
    const root = crown.bounds.get(3) as { lower: Float64Array; upper: Float64Array };
    const values = (x: number) => {
      const [a, b] = [Math.max(0, x), Math.max(0, 1 - x)];
      return [a - b + 0.5, 1.5 - a - b];
    };
    for (let x = -1; x <= 2; x += 0.125) {
      for (const [i, value] of values(x).entries()) {
        expect(lower[i]).toBeLessThanOrEqual(value);
        expect(upper[i]).toBeGreaterThanOrEqual(value);
      }
    }
    expect(lower.every((low, i) => low >= root.lower[i])).toBe(true);
    expect(Array.from(kept.record?.listed.keys() ?? [])).toEqual([2, 4]);
    expect(Array.from(kept.record?.rows.keys() ?? [])).toEqual([4]);
  });

  it("are CROWN's without time, and none without time for these", async () => {
    const crown = await crownBounds(deep, box, "float64");
    expect((await tighten(false, Deadline.in(-1)))?.region.bounds).toEqual(crown.bounds);
    expect(await tighten(true, Deadline.in(30), Deadline.in(-1))).toBeNull();
  });
});
