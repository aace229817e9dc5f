import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { leakyRelu, linear, relu, tanh } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type Subject, subjectOf } from "../../src/network/subject.js";
import type { Branch, BranchedBox, NeuronSplit } from "../../src/verify/branch.js";
import { promisingDecision, sidesOf, splitPoint } from "../../src/verify/branch-choice.js";
import type { Question } from "../../src/verify/question.js";
import { waysToSplit } from "../../src/verify/split-ways.js";

const NETWORK = sequential([2], [linear(4), relu(), linear(3), tanh(), linear(2)]);
const f64 = (...values: number[]) => Float64Array.from(values);

/** ReLUs 0, 2 and 3 are unstable, and tanh of the second. */
const BOX = {
  subject: { network: NETWORK },
  bounds: new Map([
    [1, { lower: f64(-1, 1, -3, -2), upper: f64(1, 2, 1, 2) }],
    [3, { lower: f64(0, -1, 0), upper: f64(0, 1, 0) }],
  ]),
  unstable: new Map([
    [2, Int32Array.of(0, 2, 3)],
    [4, Int32Array.of(1)],
  ]),
} as unknown as BranchedBox;

const WHOLE: Branch = { splits: [], bound: -1, warm: null, bounds: null };
const split = (neuron: number, side: "above" | "below", value: number, node = 2): NeuronSplit => ({
  ...{ node, neuron, side, value },
});

/** ν of two branches at both activations; that in column 1 is asked about. */
function chosen(relus: readonly number[], branch: Branch = WHOLE, tanhs?: readonly number[], box = BOX) {
  const both = (own: readonly number[]) => f64(...own.flatMap((value) => [99, value]));
  const nu = new Map([[2, both(relus)], ...(tanhs ? [[4, both(tanhs)] as const] : [])]);
  return promisingDecision(box, branch, nu, 1, 2);
}

/** The gap between the lines of a ReLU over [ℓ, u]: −u ℓ/(u − ℓ). */
const gap = (lower: number, upper: number) => (-upper * lower) / (upper - lower);

describe("the decision that promises most", () => {
  it("is |ν| times the gap between lines", () => {
    expect(chosen([-1, -9, -1, -1])).toEqual({ node: 2, neuron: 3, value: 0, score: gap(-2, 2) });
    expect(chosen([-1, -9, -2, -1])).toMatchObject({ neuron: 2, score: 2 * gap(-3, 1) });
    expect(chosen([-4, -9, -2, -1])).toMatchObject({ neuron: 0, score: 4 * gap(-1, 1) });
    // Of equals the first.
    expect(chosen([-2, 0, 0, -1])).toMatchObject({ neuron: 0, score: 1 });
  });

  it("counts the lower line, whose slope is chosen, but little", () => {
    expect(chosen([1, 0, 0, 0])).toMatchObject({ neuron: 0, score: 0.05 * gap(-1, 1) });
    expect(chosen([10, 0, 0, -1])).toMatchObject({ neuron: 3 });
    expect(chosen([1, 0, -0.1, 0])).toMatchObject({ neuron: 2 });
  });

  it("is none where nothing is left, or nothing depends on it", () => {
    expect(chosen([0, -9, 0, 0])).toBeNull();
    const decided = { ...WHOLE, splits: [split(0, "above", 0), split(2, "below", 0), split(3, "below", -1)] };
    expect(chosen([-1, -1, -1, -1], decided)).toBeNull();
    expect(chosen([-1, 0, 0, 0], WHOLE, [0, -1, 0], { ...BOX, bounds: new Map() })).toBeNull();
  });

  it("is taken in what the branch has left of an interval", () => {
    const own = {
      ...WHOLE,
      splits: [split(3, "above", -1), split(3, "below", 1), split(3, "above", -1.5), split(3, "below", 1.5)],
    };
    expect(chosen([0, 0, 0, -1], own)).toMatchObject({ neuron: 3, score: gap(-1, 1) });
    // Decisions elsewhere do not count.
    const other = { ...WHOLE, splits: [split(3, "above", 0, 4), split(2, "above", 0)] };
    expect(chosen([0, 0, 0, -1], other)).toMatchObject({ neuron: 3, score: gap(-2, 2) });
  });

  it("is taken in the branch's own bounds where it has some", () => {
    const bounds = new Map([[2, { lower: f64(-0.5, 0, -1), upper: f64(0.5, 1, 3) }]]);
    const own = { ...WHOLE, bounds, splits: [split(3, "above", 0)] };
    expect(chosen([0, 0, 0, -1], own)).toMatchObject({ neuron: 3, score: gap(-1, 3) });
    expect(chosen([-1, 0, -9, 0], own)).toMatchObject({ neuron: 0, score: gap(-0.5, 0.5) });
  });

  it("is of any activation, and of one whose ν is not known it is none", () => {
    expect(chosen([-1, 0, 0, 0], WHOLE, [0, -9, 0])).toMatchObject({ node: 4, neuron: 1, value: 0 });
    expect(chosen([-1, 0, 0, 0], WHOLE, [0, -1e-9, 0])).toMatchObject({ node: 2, neuron: 0 });
    expect(chosen([-1, 0, 0, 0])).toMatchObject({ node: 2 });
  });

  it("is none where no number lies between", () => {
    const [lower, upper] = [1, 1 + 2 ** -52];
    const narrow = { ...WHOLE, bounds: new Map([[4, { lower: f64(lower), upper: f64(upper) }]]) };
    expect(splitPoint(tanh(), lower, upper)).toBeNull();
    expect(chosen([0, 0, 0, 0], narrow, [0, -1e30, 0])).toBeNull();
  });

  it("has two sides, after those of the branch", () => {
    const before = [split(0, "below", 0)];
    const decision = { node: 4, neuron: 1, value: 0.5, score: 3 };
    expect(sidesOf({ ...WHOLE, splits: before }, decision)).toEqual([
      [...before, split(1, "above", 0.5, 4)],
      [...before, split(1, "below", 0.5, 4)],
    ]);
  });

  it("cuts at a kink", () => {
    expect(splitPoint(leakyRelu(0.1), -1, 2)).toBe(0);
    expect(splitPoint(relu(), 0, 2)).toBeNull();
    expect(splitPoint(tanh(), 1, 2)).toBe(1.5);
  });
});

describe("what is split", () => {
  const limits: Pick<DualOptions, "budget" | "signal"> = {};
  const ofInputs = (inputs: number) =>
    ({ lower: new Float64Array(inputs), upper: new Float64Array(inputs) }) as unknown as Question;

  it("is what was asked for, and of many inputs neurons alone", async () => {
    const none = {} as Subject;
    for (const split of ["inputs", "neurons"] as const)
      expect(await waysToSplit(none, ofInputs(2), split, limits)).toEqual([{ split, share: 1 }]);
    expect(await waysToSplit(none, ofInputs(21), "auto", limits)).toEqual([{ split: "neurons", share: 1 }]);
    await expect(waysToSplit(none, ofInputs(20), "auto", limits)).rejects.toThrow();
  });

  it.each([
    { neurons: 60, order: ["neurons", "inputs"] },
    { neurons: 61, order: ["inputs", "neurons"] },
  ])("of few inputs is both, few neurons first: $neurons", async ({ neurons, order }) => {
    const network = sequential([1], [linear(neurons), relu(), linear(2)]);
    const weights = new Map([
      ["linear1.weight", new Float64Array(neurons).fill(1)],
      ["linear1.bias", new Float64Array(neurons)],
      ["linear2.weight", new Float64Array(2 * neurons).fill(1)],
      ["linear2.bias", new Float64Array(2)],
    ]);
    const subject = subjectOf(createPortableBackend(), { network, weights });
    const question = { lower: f64(-1), upper: f64(1) } as unknown as Question;
    expect(await waysToSplit(subject, question, "auto", limits)).toEqual([
      { split: order[0], share: 0.6 },
      { split: order[1], share: 1 },
    ]);
  });
});
