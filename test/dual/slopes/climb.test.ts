import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { climb } from "../../../src/dual/slopes/dual-rows.js";
import { AffineLayers } from "../../../src/dual/slopes/relaxation.js";
import { crownBounds, tightenBounds } from "../../../src/dual/slopes/tighten.js";
import { subjectOf } from "../../../src/network/subject.js";
import { BranchRows } from "../../../src/verify/branch-rows.js";
import { questionsOf } from "../../../src/verify/question.js";
import { LAYER_NETWORKS, randomGraph } from "../../support/networks.js";
import { leastValues } from "../../verify/milp.js";
import { randomModel, randomProperty } from "../../verify/random-questions.js";
import { branchedBox, noHurry, randomCase, sceneOf } from "../../verify/subjects.js";

const ROUNDING = 1e-9;
const ROOT = { splits: [], bound: Number.NEGATIVE_INFINITY, warm: null, bounds: null };
const NEVER = Number.POSITIVE_INFINITY;

describe("climb", () => {
  it("never lowers its best bound, and gives a bound of the MILP's least value", async () => {
    let [climbed, reached] = [0, 0];
    for (let seed = 1; seed <= 12; seed++) {
      const model = randomModel(seed);
      const property = randomProperty(model, seed);
      const least = await leastValues(model, property);
      const subject = subjectOf(createPortableBackend(), model);
      using affine = new AffineLayers(subject);
      for (const question of questionsOf(property)) {
        const found = await crownBounds(subject, question, "float64");
        for (const own of question.cases) {
          const box = { subject, affine, region: question, ...found, case: own, unstable: new Map() };
          const after: number[] = [];
          for (const iterations of [1, 4, 16]) {
            using rows = await BranchRows.of(box, [ROOT], { refresh: false });
            const [best] = await climb(rows.rows, { iterations, deadline: noHurry(), target: NEVER });
            after.push(best);
          }
          expect(after[1]).toBeGreaterThanOrEqual(after[0]);
          expect(after[2]).toBeGreaterThanOrEqual(after[1]);
          expect(after[2]).toBeLessThanOrEqual(least[own.number] + 1e-6);
          if (after[2] > after[0] + 1e-6) climbed += 1;
          if (after[2] > least[own.number] - 1e-3) reached += 1;
        }
      }
    }
    expect(climbed).toBeGreaterThan(3);
    expect(reached).toBeGreaterThan(0);
  });

  it("ends when all rows are above the target, and at the deadline", async () => {
    const scene = await sceneOf(LAYER_NETWORKS.linear(), 3, 0.2, 1);
    const box = branchedBox(scene, randomCase(3, 1, scene.source));
    const first = async (target: number, iterations: number) => {
      using rows = await BranchRows.of(box, [ROOT], { refresh: false });
      return (await climb(rows.rows, { iterations, deadline: noHurry(), target }))[0];
    };
    const once = await first(NEVER, 1);
    expect(await first(once - 1, 30)).toBe(once);
    expect(await first(NEVER, 30)).toBeGreaterThan(once);
  });
});

describe("tightenBounds", () => {
  const NETWORKS = {
    ...LAYER_NETWORKS,
    ...Object.fromEntries([1, 2, 3].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)])),
  };

  it.each([
    ...["linear", "batch-norm", "max-pool", "add", "concat", "leaky-relu", "hardtanh", "tanh", "sigmoid"],
    ...["random graph 1", "random graph 2", "random graph 3"],
  ])("is sound at sampled points and never wider than what it was given: %s", async (name) => {
    const scene = await sceneOf(NETWORKS[name](), 6, 0.25);
    const { subject, region, bounds, rounding, values, count } = scene;
    using affine = new AffineLayers(subject);
    const tight = await tightenBounds(
      subject,
      affine,
      region,
      { bounds, rounding },
      {
        iterations: 6,
        deadline: noHurry(),
        pieceBytes: 2 ** 18,
      },
    );
    let [worst, wider] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const [node, { lower, upper }] of tight) {
      const before = bounds.get(node) as { lower: Float64Array; upper: Float64Array };
      for (let f = 0; f < lower.length; f++) {
        wider = Math.max(wider, before.lower[f] - lower[f], upper[f] - before.upper[f]);
        for (let i = 0; i < count; i++) {
          const z = values[node][f * count + i];
          worst = Math.max(worst, lower[f] - z, z - upper[f]);
        }
      }
    }
    expect(worst).toBeLessThan(ROUNDING);
    expect(wider).toBeLessThanOrEqual(ROUNDING);
  });

  it("leaves bounds as they are when there is no time", async () => {
    const { subject, region, bounds, rounding } = await sceneOf(LAYER_NETWORKS.linear(), 6, 0.25, 1);
    using affine = new AffineLayers(subject);
    const { Deadline } = await import("../../../src/compute/deadline.js");
    const options = { iterations: 6, deadline: Deadline.in(-1), pieceBytes: 2 ** 20 };
    expect(await tightenBounds(subject, affine, region, { bounds, rounding }, options)).toEqual(bounds);
  });
});
