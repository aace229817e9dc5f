import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { Team } from "../../src/distributed/team.js";
import { batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { initialWeights, type Weights } from "../../src/network/weights.js";
import { type TrainConfig, trainConfigSchema } from "../../src/train/config.js";
import { Trainer } from "../../src/train/trainer.js";
import type { BatchSource } from "../../src/train/training-state.js";
import { ranksInMemory } from "../support/ranks.js";

const LAYERS = [conv2d(3, { kernel: 3, stride: 2 }), relu(), flatten(), linear(6), relu(), linear(3)];
const PLAIN = sequential([1, 6, 6], LAYERS);
const [first, ...rest] = LAYERS;
const NORMED = sequential([1, 6, 6], [first, batchNorm(), ...rest]);
const PIXELS = Array.from({ length: 18 * 36 }, (_, i) => random(1, "pixels").fork(i).uniform());
/** Of four ranks, one has no example of the last batch of 3. */
const SOURCE: BatchSource = {
  batchesPerEpoch: 3,
  batch(epoch, index) {
    const count = index === 2 ? 3 : 7;
    const places = Int32Array.from({ length: count }, (_, i) => (7 * index + i + 5 * epoch) % 18);
    const x = new Float64Array(36 * count);
    for (let i = 0; i < x.length; i++) x[i] = PIXELS[36 * places[i % count] + Math.floor(i / count)];
    return { x, labels: places.map((place) => place % 3), places };
  },
};
const CONFIG = trainConfigSchema.parse({
  data: {
    ...{ name: "glyphs", count: 18, shape: [1, 6, 6], classes: 3, limit: 18, dataDir: null },
    ...{ seed: 0, sha256: null, listed: false },
  },
  ...{ model: "test", norm: "linf", box: [0, 1], warmupEpochs: 0, bound: "parallel" },
  epsilon: { start: 0.01, end: 0.05, epochs: 2, shape: "linear" },
  kappa: { start: 0.5, end: 1, epochs: 2, shape: "linear" },
  ...{ projections: "exact", sketch: "joint", epochs: 2, testLimit: 100, batchSize: 7 },
  evaluation: { every: 0, limit: null },
  ...{ augmentation: null, gradientClip: 1, l1: 1e-4 },
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
  learningRate: { rate: 0.05, factor: 0.5, every: 1, after: 2 },
  ...{ seed: 0, backend: "portable", dtype: "float64" },
});

interface Trained {
  readonly losses: readonly number[];
  readonly weights: Weights;
}

/** On so many ranks, each of which must end with the same numbers. */
async function trained(network: Network, changes: Partial<TrainConfig>, size: number): Promise<Trained> {
  const teams = size === 1 ? [new Team()] : ranksInMemory(size).map((ranks) => new Team(ranks));
  const all = await Promise.all(teams.map((team) => trainedBy(team, network, changes)));
  for (const other of all) expect(other).toEqual(all[0]);
  return all[0];
}

async function trainedBy(team: Team, network: Network, changes: Partial<TrainConfig>): Promise<Trained> {
  const backend = createPortableBackend({ dtype: "float64" });
  const model = { network, weights: initialWeights(network, 0) };
  const trainer = new Trainer(backend, model, { ...CONFIG, ...changes }, SOURCE, team);
  const losses: number[] = [];
  for await (const event of trainer.run(team.signal)) {
    if (event.kind !== "epoch") continue;
    const { loss, robustLoss, error, robustError } = event.row;
    losses.push(loss, robustLoss ?? 0, error, robustError ?? 0);
  }
  const { weights } = await trainer.state();
  trainer.dispose();
  return { losses, weights };
}

function largestDifference(a: Trained, b: Trained): number {
  const numbers = ({ losses, weights }: Trained) => [
    ...losses,
    ...[...weights.values()].flatMap((own) => [...own]),
  ];
  const [first, second] = [numbers(a), numbers(b)];
  return Math.max(...first.map((value, i) => Math.abs(value - second[i])));
}

const CASES: readonly (readonly [string, Network, Partial<TrainConfig>])[] = [
  ["the paper's loss", PLAIN, {}],
  ["the paper's loss with batch norms", NORMED, {}],
  ["the paper's loss by projections", NORMED, { projections: 5 }],
  ["interval bounds and their regularisers", NORMED, { loss: "ibp", regularization: 0.5 }],
  ["CROWN-IBP", NORMED, { loss: "crown-ibp", regularization: 0.5 }],
  ["MTL-IBP", NORMED, { loss: "mtl-ibp", attack: { steps: 2, scale: 1 }, regularization: 0.5 }],
  ["SABR", PLAIN, { loss: "sabr", attack: { steps: 2, scale: 1 }, regularization: 0.5 }],
  ["weights averaged over epochs", PLAIN, { loss: "ibp", averageEpochs: 2 }],
];

describe("a training whose batches several ranks share", () => {
  it.each(CASES)(
    "gives the numbers of one rank: %s",
    async (_name, network, changes) => {
      const alone = await trained(network, changes, 1);
      for (const size of [2, 4]) {
        expect(largestDifference(await trained(network, changes, size), alone)).toBeLessThan(1e-9);
      }
    },
    60_000,
  );

  it("ends on all ranks after the same batch, whichever is to stop", async () => {
    const stop = new AbortController();
    const teams = ranksInMemory(3).map((ranks, i) => new Team(ranks, i === 1 ? stop.signal : undefined));
    const backend = createPortableBackend();
    const batches = await Promise.all(
      teams.map(async (team, rank) => {
        const model = { network: PLAIN, weights: initialWeights(PLAIN, 0) };
        const trainer = new Trainer(backend, model, { ...CONFIG, loss: "ibp" }, SOURCE, team);
        let done = 0;
        for await (const { kind } of trainer.run(team.signal)) {
          if (kind === "batch") done += 1;
          if (rank === 1 && done === 2) stop.abort();
        }
        trainer.dispose();
        return done;
      }),
    );
    expect(batches).toEqual([3, 3, 3]);
    expect(teams.every(({ signal }) => signal?.aborted)).toBe(true);
  });

  it("ends where the ranks' weights differ", async () => {
    const teams = ranksInMemory(2).map((ranks) => new Team(ranks));
    const runs = teams.map((team, rank) => {
      const model = { network: PLAIN, weights: initialWeights(PLAIN, rank) };
      const trainer = new Trainer(createPortableBackend(), model, { ...CONFIG, loss: "ibp" }, SOURCE, team);
      return (async () => {
        for await (const { kind } of trainer.run(team.signal)) if (kind === "epoch") return "an epoch";
      })();
    });
    await expect(runs[1]).rejects.toThrow("rank 1 has other weights than rank 0 after epoch 1");
  });
});
