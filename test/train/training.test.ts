import { describe, expect, it } from "vitest";
import { attackBatch } from "../../src/attack/attack.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { examples } from "../../src/data/dataset.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import type { BallSpec } from "../../src/dual/ball.js";
import { batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/train/checkpoint.js";
import type { TrainConfig } from "../../src/train/config.js";
import { checkRamp, rampAt, rateAt } from "../../src/train/schedule.js";
import { Trainer, type TrainingState } from "../../src/train/trainer.js";

const NETWORK = sequential(
  [1, 28, 28],
  [conv2d(4, { kernel: 5, stride: 4, padding: 1 }), batchNorm(), relu(), flatten(), linear(10)],
);
const DATA = generateGlyphs({ split: "train", count: 400 });
const BATCH = 20;
const SOURCE = {
  batchesPerEpoch: 20,
  batch: (epoch: number, index: number) =>
    examples(
      DATA,
      Array.from({ length: BATCH }, (_, i) => (index * BATCH + i + 7 * epoch) % 400),
    ),
};
const CONFIG: TrainConfig = {
  data: { name: "glyphs", count: 400, shape: [1, 28, 28], classes: 10, limit: 400, dataDir: null, seed: 0 },
  model: "test",
  norm: "linf",
  epsilon: { start: 0.001, end: 0.02, epochs: 2 },
  box: [0, 1],
  kappa: { start: 0.5, end: 1, epochs: 1 },
  bound: "parallel",
  projections: "exact",
  sketch: "joint",
  epochs: 3,
  testLimit: 100,
  batchSize: BATCH,
  optimizer: { kind: "adam", weightDecay: 0 },
  learningRate: { rate: 0.01, factor: 0.5, every: 1, after: 2 },
  seed: 0,
  backend: "reference",
  dtype: "float64",
};

const backend = createReferenceBackend();

function newTrainer(): Trainer {
  return new Trainer(backend, NETWORK, initialWeights(NETWORK, 0), CONFIG, SOURCE);
}

async function runAll(trainer: Trainer, batches = Number.POSITIVE_INFINITY): Promise<void> {
  const stop = new AbortController();
  let done = 0;
  for await (const event of trainer.run(stop.signal)) {
    if (event.kind !== "batch") continue;
    done += 1;
    if (done >= batches) stop.abort();
  }
}

function comparable(state: TrainingState): unknown {
  const { rows, sums, weights, optimizer, ...position } = state;
  const timeless = rows.map(({ seconds: _, ...row }) => row);
  const { seconds: _, ...counted } = sums;
  return {
    ...position,
    timeless,
    counted,
    weights: [...weights],
    step: optimizer.step,
    moments: [...optimizer.moments],
  };
}

describe("training", () => {
  it("lowers the robust loss, keeps running statistics, and PGD never beats the certificate", async () => {
    const trainer = newTrainer();
    await runAll(trainer);
    const rows = trainer.rows;
    expect(rows.length).toBe(3);
    expect(rows[2].robustLoss as number).toBeLessThan(rows[0].robustLoss as number);
    expect(rows[2].error).toBeLessThan(0.6);
    const { weights } = await trainer.state();
    expect(weights.get("batch-norm1.mean")?.some((value) => value !== 0)).toBe(true);

    const test = generateGlyphs({ split: "test", count: 100 });
    const { x, labels } = examples(
      test,
      Array.from({ length: 100 }, (_, i) => i),
    );
    const parameters = trainer.parameters;
    for (const ball of [
      { norm: "linf", epsilon: 0.015, box: [0, 1] },
      { norm: "l2", epsilon: 0.2 },
      { norm: "l1", epsilon: 0.6 },
    ] satisfies BallSpec[]) {
      const { examples: verdicts } = await certifyBatch(backend, NETWORK, parameters, x, 100, ball, null);
      const attacks = await attackBatch(backend, NETWORK, parameters, x, labels, ball, {
        steps: 15,
        restarts: 1,
      });
      let certified = 0;
      let misled = 0;
      verdicts.forEach((verdict, i) => {
        if (attacks[i].pgd && !attacks[i].wrong) misled += 1;
        if (!verdict.certified) return;
        certified += 1;
        // Certified and right: no attack may succeed.
        if (verdict.prediction === labels[i]) expect(attacks[i].pgd).toBe(false);
      });
      expect(certified).toBeGreaterThan(0);
      expect(misled).toBeGreaterThan(0);
    }
  });

  it.each<readonly [number, "exact" | number]>([
    [1, "exact"],
    [13, "exact"],
    [20, "exact"],
    [33, "exact"],
    [13, 4],
  ])(
    "stopped after %i batches and resumed from its checkpoint gives the same numbers, projections %s",
    async (batches, projections) => {
      const config = { ...CONFIG, projections };
      const newTrainer = () =>
        new Trainer(createReferenceBackend(), NETWORK, initialWeights(NETWORK, 0), config, SOURCE);
      const whole = newTrainer();
      await runAll(whole);
      const first = newTrainer();
      await runAll(first, batches);
      const bytes = encodeCheckpoint(NETWORK, await first.state());
      const state = decodeCheckpoint(NETWORK, bytes, "checkpoint");
      const second = new Trainer(createReferenceBackend(), NETWORK, state.weights, config, SOURCE);
      second.restore(state);
      await runAll(second);
      expect(comparable(await second.state())).toEqual(comparable(await whole.state()));
    },
  );

  it("kappa 0 is standard training: no bounds, and no robust figures that could be taken for measured ones", async () => {
    const config = { ...CONFIG, kappa: { start: 0, end: 0, epochs: 0 } };
    const trainer = new Trainer(backend, NETWORK, initialWeights(NETWORK, 0), config, SOURCE);
    await runAll(trainer);
    expect(trainer.rows[2]).toMatchObject({ robustLoss: null, robustError: null });
    expect(trainer.rows[2].error).toBeLessThan(trainer.rows[0].error);
  });

  it("a loss that is no longer a number stops with advice", async () => {
    const weights = new Map(initialWeights(NETWORK, 0) as Map<string, Float64Array>);
    weights.set(
      "linear1.weight",
      (weights.get("linear1.weight") as Float64Array).map((value) => Math.sign(value) * 1.7e308),
    );
    const trainer = new Trainer(createReferenceBackend(), NETWORK, weights, CONFIG, SOURCE);
    await expect(runAll(trainer)).rejects.toThrow(/no longer a number in epoch 1.*--rate/);
  });
});

describe("schedules", () => {
  it("a ramp goes in a straight line and stays", () => {
    const ramp = { start: 0.01, end: 0.1, epochs: 20 };
    expect(rampAt(ramp, 0)).toBe(0.01);
    expect(rampAt(ramp, 10)).toBeCloseTo(0.055);
    expect(rampAt(ramp, 20)).toBe(0.1);
    expect(rampAt(ramp, 100)).toBe(0.1);
    expect(rampAt({ ...ramp, epochs: 0 }, 0)).toBe(0.1);
  });

  it("the rate halves every ten epochs after the ramp", () => {
    const decay = { rate: 0.001, factor: 0.5, every: 10, after: 20 };
    expect([0, 19, 20, 29, 30, 59].map((epoch) => rateAt(decay, epoch))).toEqual([
      0.001, 0.001, 0.0005, 0.0005, 0.00025, 0.0000625,
    ]);
    expect(rateAt({ ...decay, every: 0 }, 50)).toBe(0.001);
  });

  it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])("epsilon %d is refused", (end) => {
    expect(() => checkRamp("epsilon", { start: 0, end, epochs: 1 })).toThrow(/epsilon end/);
  });
});
