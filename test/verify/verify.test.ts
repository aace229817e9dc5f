import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { OutOfMemoryError } from "../../src/errors.js";
import type { OutputConstraint, Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import { verify } from "../../src/verify/verify.js";
import type { VerifyOptions, VerifyProgress } from "../../src/verify/verify-options.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";
import { randomModel, randomProperty } from "./random-questions.js";

/** y₀ = |x₀| + |x₁|, y₁ = 1 − y₀. */
const network = sequential([2], [linear(4), relu(), linear(2)]);
const diamondWeights = new Map([
  ["linear1.weight", Float64Array.of(1, 0, -1, 0, 0, 1, 0, -1)],
  ["linear1.bias", new Float64Array(4)],
  ["linear2.weight", Float64Array.of(1, 1, 1, 1, -1, -1, -1, -1)],
  ["linear2.bias", Float64Array.of(0, 1)],
]);
const diamond = subjectOf(createPortableBackend(), { network, weights: diamondWeights });

const atMost = (bound: number, coefficients: number[], strict = false): OutputConstraint => ({
  terms: coefficients.map((coefficient, output) => ({ output, coefficient })),
  bound,
  strict,
});
const within = (lower: number[], upper: number[], ...constraints: OutputConstraint[]): PropertyCase => ({
  box: { lower: Float64Array.from(lower), upper: Float64Array.from(upper) },
  constraints,
});
const wide = (...constraints: OutputConstraint[]) => within([-1, -1], [1, 1], ...constraints);
const ask = (cases: PropertyCase[], options: Partial<VerifyOptions> = {}, subject: Subject = diamond) =>
  verify(subject, { inputs: 2, outputs: 2, cases }, { timeout: 20, ...options });

describe.each(["auto", "inputs", "neurons"] as const)("split %s", (split) => {
  const answerOf = async (...cases: PropertyCase[]) => (await ask(cases, { split })).answer;

  it("holds and is violated to either side of the true least value", async () => {
    expect(await answerOf(wide(atMost(-0.01, [1, 0])))).toBe("holds");
    expect(await answerOf(wide(atMost(0, [1, 0])))).toBe("violated");
    expect(await answerOf(wide(atMost(-2.01, [-1, 0])))).toBe("holds");
    expect(await answerOf(wide(atMost(-2, [-1, 0])))).toBe("violated");
    const strict = await ask([wide(atMost(-2, [-1, 0], true))], { split, timeout: 0.7 });
    expect(strict.answer).not.toBe("violated");
  });

  it("needs all rows of a conjunction, also where none alone refutes", async () => {
    // y₀ ≤ 0.9 and y₁ ≤ 0.05: y₀ + y₁ = 1 everywhere.
    expect(await answerOf(wide(atMost(0.9, [1, 0]), atMost(0.05, [0, 1])))).toBe("holds");
    expect(await answerOf(wide(atMost(0.9, [1, 0]), atMost(0.15, [0, 1])))).toBe("violated");
  });

  it("needs one case of a disjunction, in whichever box it is", async () => {
    const never = wide(atMost(-0.5, [1, 0]));
    const corner = within([0.9, 0.9], [1, 1], atMost(-1.95, [-1, 0]));
    expect(await answerOf(never, within([2, 2], [3, 3], atMost(3.9, [1, 0])), never)).toBe("holds");
    const verdict = await ask([never, corner, never], { split });
    expect(verdict.answer).toBe("violated");
    expect(verdict.cases.map(({ answer }) => answer)).toEqual(["unknown", "violated", "unknown"]);
    expect(verdict.counterexample?.input.every((x) => x >= 0.9 && x <= 1)).toBe(true);
  });

  it("answers for a box that is a point, or has fixed inputs", async () => {
    const point = (...constraints: OutputConstraint[]) => within([0.25, 0.5], [0.25, 0.5], ...constraints);
    expect(await answerOf(point(atMost(0.75, [1, 0])))).toBe("violated");
    expect(await answerOf(point(atMost(0.7499, [1, 0])))).toBe("holds");
    // Nothing of a point is left to split, so that this takes no time.
    const began = performance.now();
    expect(await answerOf(point(atMost(0.75, [1, 0], true)))).toBe("unknown");
    expect((performance.now() - began) / 1000).toBeLessThan(15);
    expect(await answerOf(within([-1, 0.5], [1, 0.5], atMost(0.499, [1, 0])))).toBe("holds");
    expect(await answerOf(within([-1, 0.5], [1, 0.5], atMost(0.501, [1, 0])))).toBe("violated");
  });
});

describe("verify", () => {
  it.each(["auto", "inputs", "neurons"] as const)(
    "does not halve what has no number within, or overflows at every point: %s",
    async (split) => {
      const next = 0.3 + 2 ** -54;
      expect(next).toBeGreaterThan(0.3);
      const least = atMost(0.6, [1, 0], true);
      for (const box of [within([0.3, 0.3], [0.3, 0.3], least), within([0.3, 0.3], [next, next], least)]) {
        const { answer, cases } = await ask([box], { split, timeout: 5 });
        expect(answer).toBe("unknown");
        expect(cases[0].branches).toBeLessThan(8);
      }
      const weights = new Map([
        ["linear1.weight", new Float64Array(8).fill(1e200)],
        ["linear1.bias", new Float64Array(4)],
        ["linear2.weight", Float64Array.of(1, -1, 1, -1, 1, -1, 1, -1).map((value) => 1e200 * value)],
        ["linear2.bias", new Float64Array(2)],
      ]);
      const huge = subjectOf(createPortableBackend(), { network, weights });
      const verdict = await ask([wide(atMost(0, [1, 0]))], { split, timeout: 5 }, huge);
      expect(verdict.cases[0].branches).toBeLessThan(8);
    },
  );

  it("finds a case without constraints violated by any input", async () => {
    const verdict = await ask([within([3, 3], [3, 3])]);
    expect([verdict.answer, ...(verdict.counterexample?.input ?? [])]).toEqual(["violated", 3, 3]);
  });

  it("says which step settled each case, how far it is, and how many branches that took", async () => {
    const progress: VerifyProgress[] = [];
    const cases = [wide(atMost(-9, [1, 0])), wide(atMost(0.9, [1, 0]), atMost(0.05, [0, 1]))];
    const verdict = await ask(cases, { split: "neurons", onProgress: (state) => progress.push(state) });
    expect(verdict.cases.map(({ case: number, answer }) => [number, answer])).toEqual([
      [0, "holds"],
      [1, "holds"],
    ]);
    expect(verdict.cases[0]).toMatchObject({ step: "parallel", branches: 0 });
    expect(verdict.cases[0].bound).toBeGreaterThan(0);
    expect(progress[0]).toEqual({ step: "attack", settled: 0, cases: 2 });
    expect(progress.some(({ settled }) => settled === 1)).toBe(true);
    expect(verdict.seconds).toBeGreaterThan(0);
  });

  it("refuses a property over other numbers of inputs or outputs", async () => {
    const property: Property = { inputs: 3, outputs: 2, cases: [within([0, 0, 0], [1, 1, 1])] };
    await expect(verify(diamond, property, { timeout: 1 })).rejects.toThrow(
      "over 3 inputs and 2 outputs, the network has 2 and 2",
    );
  });

  it("gives the same verdict for the same seed", async () => {
    for (const seed of [1, 4, 9]) {
      const model = randomModel(seed);
      const subject = subjectOf(createPortableBackend(), model);
      const run = async () => {
        const options = { timeout: 20, seed: 5 };
        const { answer, counterexample } = await verify(subject, randomProperty(model, seed), options);
        return { answer, counterexample };
      };
      expect(await run()).toEqual(await run());
    }
  });
});

/** Bounds of this one are hopeless within any time that a test has. */
function hopeless(): { subject: Subject; property: Property } {
  const big: Network = sequential(
    [40],
    [linear(60), relu(), linear(60), relu(), linear(60), relu(), linear(1)],
  );
  const subject = subjectOf(createPortableBackend(), lively(big, 1));
  const box = { lower: new Float64Array(40).fill(-2), upper: new Float64Array(40).fill(2) };
  // Below what the network reaches, −0.5, and above what bounds say, −25 at first.
  const constraints = [atMost(-4, [1])];
  return { subject, property: { inputs: 40, outputs: 1, cases: [{ box, constraints }] } };
}

describe("time and memory", () => {
  it.each([0.001, 0.3, 2])("%d seconds are kept, and what is open claims nothing", async (timeout) => {
    const { subject, property } = hopeless();
    const began = performance.now();
    const verdict = await verify(subject, property, { timeout });
    expect((performance.now() - began) / 1000).toBeLessThan(timeout + 8);
    expect(verdict).toMatchObject({ answer: "unknown", counterexample: null });
    expect(verdict.cases).toMatchObject([{ answer: "unknown" }]);
    expect(verdict.cases[0].bound ?? -1).toBeLessThan(1e-6);
  });

  it("a signal ends it, before or while it runs", async () => {
    const { subject, property } = hopeless();
    const stopped = new AbortController();
    stopped.abort();
    const began = performance.now();
    const options = { timeout: 600, signal: stopped.signal };
    expect((await verify(subject, property, options)).answer).toBe("unknown");
    const later = new AbortController();
    setTimeout(() => later.abort(), 700);
    expect((await verify(subject, property, { timeout: 600, signal: later.signal })).answer).toBe("unknown");
    expect((performance.now() - began) / 1000).toBeLessThan(20);
  });

  it("little memory changes no verdict", async () => {
    for (const seed of [2, 3, 6]) {
      const model = randomModel(seed);
      const property = randomProperty(model, seed);
      const subject = subjectOf(createPortableBackend(), model);
      const [much, little] = [2 ** 30, 2 ** 14].map((memoryBytes) =>
        verify(subject, property, { timeout: 20, split: "neurons", memoryBytes }),
      );
      expect((await little).answer).toBe((await much).answer);
    }
  });
});

describe("steps that have no room in memory", () => {
  const portable = createPortableBackend();
  const full = new Proxy(portable, {
    get(target, name) {
      if (name !== "parallelLines" && name !== "adaptiveLines") return Reflect.get(target, name, target);
      return () => {
        throw new OutOfMemoryError("no room");
      };
    },
  });
  const subject = subjectOf(full, { network, weights: diamondWeights });

  it("prove nothing, and leave the others to the rest", async () => {
    const open = wide(atMost(-0.01, [1, 0]));
    const { answer, outOfMemory } = await ask([open], { split: "neurons", timeout: 2 }, subject);
    expect([answer, outOfMemory]).toEqual(["unknown", 'layer "relu1" (relu): no room']);
    expect((await ask([open, wide(atMost(0, [1, 0]))], {}, subject)).answer).toBe("violated");
  });
});

describe("numbers beyond arithmetic", () => {
  it.each([1e155, 1e200, 1e300, 1.7e308])("weights of %d never make a property hold", async (size) => {
    for (const name of ["linear", "hardtanh", "leaky-relu", "max-pool", "tanh"]) {
      for (const target of [0, 2]) {
        const { network, weights } = lively(LAYER_NETWORKS[name](), 2);
        const names = [...weights.keys()].filter((key) => key.endsWith("weight"));
        const large = new Map(
          [...weights].map(([key, values]) => [
            key,
            // The last layer brings what is left back to ordinary numbers.
            key === names[Math.min(target, names.length - 2)]
              ? values.map((value) => Math.max(-1.7e308, Math.min(1.7e308, value * size)))
              : key === names.at(-1)
                ? values.map((value) => value / size)
                : values,
          ]),
        );
        const subject = subjectOf(createPortableBackend(), { network, weights: large });
        const features = sizeOf(network.inputShape);
        const box = { lower: new Float64Array(features), upper: new Float64Array(features).fill(1) };
        const cases = [1, -1].flatMap((sign) =>
          [-1e-6, -1, -1e9].map((bound) => ({
            box,
            constraints: [{ terms: [{ output: 0, coefficient: sign }], bound, strict: false }],
          })),
        );
        const verdict = await verify(subject, { inputs: features, outputs: 3, cases }, { timeout: 0.4 });
        expect(verdict.answer, `${name}, layer ${target}`).not.toBe("holds");
      }
    }
  });
});
