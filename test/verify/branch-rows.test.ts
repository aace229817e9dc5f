import { describe, expect, it } from "vitest";
import { boundOnce } from "../../src/dual/slopes/dual-rows.js";
import {
  concat,
  conv2d,
  flatten,
  hardtanh,
  leakyRelu,
  linear,
  maxPool,
  relu,
  tanh,
} from "../../src/network/build-layer.js";
import { graph, type Network } from "../../src/network/network.js";
import type { Branch, BranchedBox } from "../../src/verify/branch.js";
import { BranchRows } from "../../src/verify/branch-rows.js";
import { caseValue } from "../../src/verify/question.js";
import { LAYER_NETWORKS, randomGraph } from "../support/networks.js";
import {
  branchedBox,
  decisionsAt,
  pointsMeeting,
  randomBranch,
  randomCase,
  type Scene,
  sceneOf,
} from "./subjects.js";

/** Activations of several kinds, whose kinks differ, and a pool that all read the same neurons. */
const readersOfOneNode = (): Network =>
  graph([2, 4, 4], (x, attach) => {
    const z = attach(conv2d(2, { kernel: 3 }), x);
    const pooled = attach(flatten(), attach(maxPool({ kernel: 2 }), z));
    const flat = attach(flatten(), z);
    const joined = attach(
      concat(),
      attach(relu(), flat),
      attach(tanh(), flat),
      attach(hardtanh(-0.2, 0.3), flat),
      pooled,
    );
    const y = attach(linear(6), joined);
    return attach(linear(3), attach(concat(), attach(relu(), y), attach(leakyRelu(1.3), y), y));
  });

const NETWORKS: Readonly<Record<string, () => Network>> = {
  linear: LAYER_NETWORKS.linear,
  "batch-norm": LAYER_NETWORKS["batch-norm"],
  "max-pool": LAYER_NETWORKS["max-pool"],
  add: LAYER_NETWORKS.add,
  concat: LAYER_NETWORKS.concat,
  "leaky-relu": LAYER_NETWORKS["leaky-relu"],
  hardtanh: LAYER_NETWORKS.hardtanh,
  tanh: LAYER_NETWORKS.tanh,
  sigmoid: LAYER_NETWORKS.sigmoid,
  "several readers of one node": readersOfOneNode,
  ...Object.fromEntries([1, 2, 3, 4, 5, 6].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)])),
};

const ROUNDING = 1e-9;
const BRANCHES = 5;

/** Branches of random decisions that some sampled point meets; the first decides nothing. */
async function randomBranches(name: string, seed: number) {
  const scene = await sceneOf(NETWORKS[name](), seed, 0.25);
  const box = branchedBox(scene, randomCase(3, 1 + (seed % 3), scene.source));
  const branches = Array.from({ length: BRANCHES }, (_, i) => {
    const splits = decisionsAt(box, scene, scene.source.integer(scene.count), i === 0 ? 0 : 1 + 3 * i);
    return randomBranch(box, splits, scene.source);
  });
  return { scene, box, branches };
}

/**
 * How far values at points that meet a branch's decisions leave its bounds, the case's and those of pre-activations: at most
 * 0 where all hold. +∞ for a branch without such a point, or one that is said to be empty.
 */
async function worstViolation(
  scene: Scene,
  box: BranchedBox,
  branches: readonly Branch[],
  batch: BranchRows,
) {
  const bounds = await boundOnce(batch.rows);
  const own = await batch.bounds.read();
  const { nodes, output } = scene.subject.network;
  let worst = Number.NEGATIVE_INFINITY;
  const note = (violation: number): void => {
    if (!(violation <= worst)) worst = violation;
  };
  for (const [column, { splits }] of branches.entries()) {
    const points = pointsMeeting(scene, splits);
    if (points.length === 0 || batch.bounds.empty.has(column)) note(Number.POSITIVE_INFINITY);
    for (const point of points) {
      note(bounds[column] - caseValue(box.case, scene.values[output], point, scene.count).value);
      for (const [activation, neurons] of box.unstable) {
        const values = scene.values[nodes[activation].inputs[0] as number];
        const tight = own[column].get(activation);
        for (let i = 0; tight && i < neurons.length; i++) {
          const z = values[neurons[i] * scene.count + point];
          note(tight.lower[i] - z);
          note(z - tight.upper[i]);
        }
      }
    }
  }
  return worst;
}

describe.each(Object.keys(NETWORKS))("branches of %s", (name) => {
  it.each([false, true])(
    "bound every point that meets their decisions, whatever their variables; refresh %s",
    async (refresh) => {
      const { scene, box, branches } = await randomBranches(name, refresh ? 4 : 5);
      using batch = await BranchRows.of(box, branches, { refresh });
      expect(await worstViolation(scene, box, branches, batch)).toBeLessThan(ROUNDING);
    },
  );

  it("pass bounds and variables on to children, which bound what is left", async () => {
    const { scene, box, branches } = await randomBranches(name, 7);
    using parents = await BranchRows.of(box, branches, { refresh: true });
    const bounds = await parents.bounds.read();
    const warm = await parents.warmStarts();
    const children = branches.map(({ splits, bound }, column) => {
      const [point] = pointsMeeting(scene, splits);
      const more = decisionsAt(box, scene, point, 2);
      const multipliers = Float32Array.from([...warm[column].multipliers, 0.5, 0]);
      return {
        splits: [...splits, ...more],
        bound,
        warm: { ...warm[column], multipliers: multipliers.slice(0, splits.length + more.length) },
        bounds: bounds[column],
      };
    });
    for (const refresh of [false, true]) {
      using batch = await BranchRows.of(box, children, { refresh });
      expect(await worstViolation(scene, box, children, batch)).toBeLessThan(ROUNDING);
    }
  });

  it("give back the variables that they were given", async () => {
    const { box, branches } = await randomBranches(name, 8);
    using batch = await BranchRows.of(box, branches, { refresh: false });
    const warm = await batch.warmStarts();
    for (const [column, branch] of branches.entries()) {
      const { weights, shares } = warm[column];
      expect([...shares]).toEqual([...(branch.warm?.shares ?? [])]);
      for (const [key, values] of weights) expect(values, key).toEqual(branch.warm?.weights.get(key));
    }
  });
});
