import { describe, expect, it } from "vitest";
import type { Subject } from "../../src/network/subject.js";
import type { CaseProof, ProofPart } from "../../src/verify/proof.js";
import type { VerifyProgress } from "../../src/verify/verify-options.js";
import { ask, atMost, ramp, wave, within } from "./ask.js";
import { countParts, subject, threeLayers, twoLayers, unjudged } from "./by-hand.js";

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
    // In the midst of bounds.
    for (const at of [1, 2, 3]) {
      const within = new AbortController();
      let calls = 0;
      const backend = new Proxy(wave.backend, {
        get(target, name) {
          if (/^(parallel|adaptive)Lines$/.test(String(name)) && ++calls === at) within.abort();
          return Reflect.get(target, name, target);
        },
      });
      const cut = await ask({ ...unjudged(wave), backend }, [hard], { signal: within.signal });
      expect([cut.answer, cut.cases[0].answer]).toEqual(["unknown", "unknown"]);
    }
  });

  it("is not looked at further once it is broken, and tells the seconds that it took", async () => {
    const { own, onProgress } = late(wave);
    const began = performance.now();
    const found = await ask(own, [open, within(0, 0.5, atMost(-9))], { onProgress });
    expect(found.seconds).toBeGreaterThan(0);
    expect(found.seconds).toBeLessThanOrEqual((performance.now() - began) / 1000);
    expect(found.cases.map((one) => one.answer)).toEqual(["violated", "unknown"]);
  });

  it("is broken by one case: others are not searched, by either way", async () => {
    for (const split of ["auto", "inputs", "neurons"] as const) {
      const { own, onProgress } = late(wave);
      const found = await ask(own, [open, within(-1, 1, atMost(0.02))], { split, onProgress });
      expect(found.cases.map((one) => one.answer).sort()).toEqual(["unknown", "violated"]);
    }
    // And where none is, all are.
    for (const split of ["inputs", "neurons"] as const)
      expect((await ask(wave, [hard, within(-1, 1, atMost(-0.2))], { split })).answer).toBe("holds");
  });

  it("is proved by inputs first where there are many neurons", async () => {
    const small = Array.from({ length: 61 }, (_, i) => i / 70 - 0.43);
    const w1 = [[1], [1], ...small.map(() => [1])];
    const own = subject(twoLayers(w1, [0, -0.5, ...small], [[1, -2, ...small.map(() => 1e-6)]], [0]));
    const found = await ask(own, [hard], { split: "auto" });
    expect(found).toMatchObject({ answer: "holds", cases: [{ step: "input splitting" }] });
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

  it("with slopes of the neurons that were unstable before bounds were tightened", async () => {
    // t = (w + 0.7, w) of w = relu(x) − 2 relu(x − ½): CROWN's lines leave the first open, better slopes do not.
    const deep = subject(
      threeLayers([
        [
          [[1], [1]],
          [0, -0.5],
        ],
        [
          [
            [1, -2],
            [1, -2],
          ],
          [0.7, 0],
        ],
        [[[1, 0.125]], [0]],
      ]),
    );
    const proofs: CaseProof[] = [];
    await ask(deep, [within(-1, 1, atMost(0.65))], { onProof: (proof) => proofs.push(proof) });
    const [proof] = proofs;
    if (proof?.how !== "neurons") throw new Error("expected branches over neurons");
    expect(proof.box.listed.get(4)).toEqual(Int32Array.of(0, 1));
    const lengths = new Set<number | undefined>();
    const look = ({ outcome }: ProofPart): void => {
      if (outcome?.kind === "leaf") lengths.add(outcome.slopes?.get(4)?.lower.length);
      if (outcome?.kind === "neuron") [outcome.below, outcome.above].forEach(look);
    };
    look(proof.tree);
    expect([...lengths]).toEqual([2]);
  });

  it("once, by what proved it first", async () => {
    const proofs: CaseProof[] = [];
    const { cases } = await ask(wave, [within(-1, 1, atMost(-0.1))], {
      split: "auto",
      onProof: (proof) => proofs.push(proof),
    });
    expect([proofs.length, cases[0].step]).toEqual([1, "neuron splitting"]);
  });

  it("of proved cases alone", async () => {
    const proofs: CaseProof[] = [];
    await ask(unjudged(wave), [within(-1, 1, atMost(0.01))], { onProof: (proof) => proofs.push(proof) });
    expect(proofs).toEqual([]);
  });
});
