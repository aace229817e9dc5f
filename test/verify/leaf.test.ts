import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { AffineLayers } from "../../src/dual/slopes/relaxation.js";
import { crownBounds } from "../../src/dual/slopes/tighten.js";
import { isActivation } from "../../src/network/network.js";
import { subjectOf } from "../../src/network/subject.js";
import type { BranchedBox, NeuronSplit } from "../../src/verify/branch.js";
import { BranchRows } from "../../src/verify/branch-rows.js";
import { settleLeaf } from "../../src/verify/leaf.js";
import { caseValue, questionsOf } from "../../src/verify/question.js";
import { leastValue } from "./milp.js";
import { outputsOf, randomModel, randomProperty } from "./random-questions.js";

/** Every unstable neuron decided, by random signs: most such branches hold no input. */
async function randomLeaf(seed: number) {
  const model = randomModel(seed);
  const property = randomProperty(model, seed);
  const subject = subjectOf(createPortableBackend(), model);
  const [question] = questionsOf(property);
  const [own] = question.cases;
  const { bounds, rounding } = await crownBounds(subject, question, "float64");
  const unstable = new Map<number, Int32Array>();
  const splits: NeuronSplit[] = [];
  const source = random(seed, "signs");
  for (const [node, { inputs, layer }] of model.network.nodes.entries()) {
    if (layer === null || !isActivation(model.network.nodes[node])) continue;
    const { lower, upper } = bounds.get(inputs[0] as number) as { lower: Float64Array; upper: Float64Array };
    const neurons = Int32Array.from(lower.keys()).filter((n) => lower[n] < 0 && upper[n] > 0);
    unstable.set(node, neurons);
    for (const neuron of neurons) {
      splits.push({ node, neuron, side: source.uniform() < 0.5 ? "above" : "below", value: 0 });
    }
  }
  const box: BranchedBox = {
    ...{ subject, region: question, bounds, rounding, case: own, unstable },
    affine: new AffineLayers(subject),
  };
  const least = await leastValue(model, property.cases[own.number], splits);
  return { model, box, splits, least };
}

describe("settleLeaf", () => {
  it("gives the linear program's optimum where everything is decided, and proves empty branches", async () => {
    const counts = { met: 0, empty: 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const { model, box, splits, least } = await randomLeaf(seed);
      const branch = { splits, bound: Number.NEGATIVE_INFINITY, warm: null, bounds: null };
      using batch = await BranchRows.of(box, [branch], { refresh: false });
      const { bound, point } = await settleLeaf(box, branch, batch);
      if (least === Number.POSITIVE_INFINITY) {
        expect(bound, `seed ${seed}: no input meets the decisions`).toBeGreaterThan(1e-6);
        counts.empty += 1;
        continue;
      }
      expect(Math.abs(bound - least), `seed ${seed}`).toBeLessThan(1e-6);
      const input = point as Float64Array;
      expect(caseValue(box.case, outputsOf(model, input)).value).toBeCloseTo(least, 5);
      expect(input.every((x, f) => x >= box.region.lower[f] && x <= box.region.upper[f])).toBe(true);
      counts.met += 1;
    }
    expect(counts.met).toBeGreaterThan(3);
    expect(counts.empty).toBeGreaterThan(3);
  });
});
