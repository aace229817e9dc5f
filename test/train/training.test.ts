import { describe, expect, it } from "vitest";
import { attackBatch } from "../../src/attack/attack.js";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Tensor } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { examples } from "../../src/data/dataset.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import { batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/train/checkpoint.js";
import { clipGradients } from "../../src/train/clip.js";
import { type TrainConfig, trainConfigSchema } from "../../src/train/config.js";
import { checkRamp, rampAt, rateAt } from "../../src/train/schedule.js";
import { configOf, type TrainSubject } from "../../src/train/settings/config-of.js";
import { trainSettings } from "../../src/train/settings/named.js";
import { Sgd } from "../../src/train/sgd.js";
import { Trainer } from "../../src/train/trainer.js";
import type { TrainingState } from "../../src/train/training-state.js";

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
const CONFIG = trainConfigSchema.parse({
  data: {
    name: "glyphs",
    count: 400,
    shape: [1, 28, 28],
    classes: 10,
    limit: 400,
    dataDir: null,
    seed: 0,
    sha256: null,
    listed: false,
  },
  model: "test",
  norm: "linf",
  epsilon: { start: 0.001, end: 0.02, epochs: 2, shape: "linear" },
  box: [0, 1],
  kappa: { start: 0.5, end: 1, epochs: 1, shape: "linear" },
  warmupEpochs: 0,
  bound: "parallel",
  projections: "exact",
  sketch: "joint",
  epochs: 3,
  testLimit: 100,
  evaluation: { every: 0, limit: null },
  augmentation: null,
  gradientClip: null,
  batchSize: BATCH,
  optimizer: { kind: "adam", weightDecay: 0 },
  learningRate: { rate: 0.01, factor: 0.5, every: 1, after: 2 },
  seed: 0,
  backend: "portable",
  dtype: "float64",
});

const SGD: TrainConfig["optimizer"] = { kind: "sgd", momentum: 0.9, weightDecay: 1e-3 };

const backend = createPortableBackend();

function newTrainer(): Trainer {
  return new Trainer(backend, { network: NETWORK, weights: initialWeights(NETWORK, 0) }, CONFIG, SOURCE);
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
    slots: [...optimizer.slots],
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
      const { examples: verdicts } = await certifyBatch(
        { backend, network: NETWORK, parameters },
        { x },
        ball,
      );
      const attacks = await attackBatch(
        { backend, network: NETWORK, parameters },
        { x, labels },
        { ...ball, steps: 15, restarts: 1 },
      );
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

  it.each<readonly [number, string, Partial<TrainConfig>]>([
    [1, "exact", {}],
    [13, "exact", {}],
    [20, "exact", {}],
    [33, "exact", {}],
    [13, "projections", { projections: 4 }],
    [13, "the planner's choice", { projections: "auto" }],
    [33, "averaged weights", { averageEpochs: 2 }],
    [
      45,
      "averaged weights, l1 and intervals",
      { averageEpochs: 3, l1: 1e-4, loss: "ibp", regularization: 0.5 },
    ],
    [33, "an attack", { loss: "mtl-ibp", intervalShare: 0.3, attack: { steps: 2, scale: 1 } }],
    [33, "sgd, clipped, after a warm-up", { optimizer: SGD, gradientClip: 0.5, warmupEpochs: 1 }],
  ])(
    "stopped after %i batches and resumed from its checkpoint gives the same numbers: %s",
    async (batches, _name, settings) => {
      const config = { ...CONFIG, ...settings };
      const newTrainer = () =>
        new Trainer(
          createPortableBackend(),
          { network: NETWORK, weights: initialWeights(NETWORK, 0) },
          config,
          SOURCE,
        );
      const whole = newTrainer();
      await runAll(whole);
      const first = newTrainer();
      await runAll(first, batches);
      const bytes = encodeCheckpoint(NETWORK, await first.state());
      const state = decodeCheckpoint(NETWORK, config.optimizer, bytes, "checkpoint");
      const second = new Trainer(
        createPortableBackend(),
        { network: NETWORK, weights: state.weights },
        config,
        SOURCE,
      );
      second.restore(state);
      await runAll(second);
      expect(comparable(await second.state())).toEqual(comparable(await whole.state()));
    },
  );

  it("trains within a larger ball where it is to overshoot", async () => {
    const run = async (changes: Partial<TrainConfig>) => {
      const weights = initialWeights(NETWORK, 0);
      const trainer = new Trainer(backend, { network: NETWORK, weights }, { ...CONFIG, ...changes }, SOURCE);
      await runAll(trainer, 5);
      return [...(await trainer.state()).weights];
    };
    const { epsilon } = CONFIG;
    const double = { ...epsilon, start: 2 * epsilon.start, end: 2 * epsilon.end };
    expect(await run({ overshoot: 2 })).toEqual(await run({ epsilon: double }));
    expect(await run({ overshoot: 2 })).not.toEqual(await run({}));
  });

  it("averages the weights of the last epochs", async () => {
    const ends: (readonly number[])[] = [];
    const name = "linear1.weight";
    const run = async (averageEpochs: number): Promise<readonly number[]> => {
      const trainer = new Trainer(
        backend,
        { network: NETWORK, weights: initialWeights(NETWORK, 0) },
        { ...CONFIG, averageEpochs },
        SOURCE,
      );
      const weights = async () => Array.from((await trainer.state()).weights.get(name) ?? []);
      for await (const event of trainer.run())
        if (event.kind === "epoch" && averageEpochs === 0) ends.push(await weights());
      return weights();
    };
    await run(0);
    const mean = await run(2);
    mean.forEach((value, i) => {
      expect(value).toBeCloseTo((ends[1][i] + ends[2][i]) / 2, 12);
    });
  });

  it("kappa 0 is standard training: no bounds, and no robust figures that could be taken for measured ones", async () => {
    const config = { ...CONFIG, kappa: { start: 0, end: 0, epochs: 0, shape: "linear" as const } };
    const trainer = new Trainer(
      backend,
      { network: NETWORK, weights: initialWeights(NETWORK, 0) },
      config,
      SOURCE,
    );
    await runAll(trainer);
    expect(trainer.rows[2]).toMatchObject({ robustLoss: null, robustError: null });
    expect(trainer.rows[2].error).toBeLessThan(trainer.rows[0].error);
  });

  it("a warm-up trains on the standard loss; then the ramps begin", async () => {
    const config = { ...CONFIG, warmupEpochs: 2 };
    const trainer = new Trainer(
      backend,
      { network: NETWORK, weights: initialWeights(NETWORK, 0) },
      config,
      SOURCE,
    );
    await runAll(trainer);
    const [first, second, third] = trainer.rows;
    expect([first.kappa, first.robustLoss, second.robustLoss]).toEqual([0, null, null]);
    expect(third.epsilon).toBeCloseTo((0.001 + 0.02) / 2, 12);
    expect(third.robustLoss).not.toBeNull();
  });

  it("a run that stays at guessing stops with advice", async () => {
    // A first step so large that every answer is the same from then on.
    const weights = new Map(initialWeights(NETWORK, 0) as Map<string, Float64Array>);
    weights.set(
      "linear1.weight",
      (weights.get("linear1.weight") as Float64Array).map(() => 0),
    );
    const config = { ...CONFIG, epochs: 60, learningRate: { rate: 1e-12, factor: 1, every: 0, after: 0 } };
    const trainer = new Trainer(backend, { network: NETWORK, weights }, config, SOURCE);
    await expect(runAll(trainer)).rejects.toThrow(
      /stayed at that of guessing, ln 10 = 2.30, up to epoch 20 .*--start-epsilon.*--warmup-epochs/,
    );
    expect(trainer.rows.length).toBe(20);
    const resumed = new Trainer(backend, { network: NETWORK, weights }, config, SOURCE);
    resumed.restore(await trainer.state());
    await expect(runAll(resumed)).rejects.toThrow(/stayed at that of guessing.*in a new run/);
    expect(resumed.rows.length).toBe(20);
  });

  it("a loss that is no longer a number stops with advice", async () => {
    const weights = new Map(initialWeights(NETWORK, 0) as Map<string, Float64Array>);
    weights.set(
      "linear1.weight",
      (weights.get("linear1.weight") as Float64Array).map((value) => Math.sign(value) * 1.7e308),
    );
    const trainer = new Trainer(createPortableBackend(), { network: NETWORK, weights }, CONFIG, SOURCE);
    await expect(runAll(trainer)).rejects.toThrow(/no longer a number in epoch 1.*--rate/);
  });

  it.each([
    // Weights that single precision does not hold, and weights that it holds whose products it does not.
    [1e39, /weights are no longer finite numbers in epoch 1: .* is -?Infinity; .*--rate/],
    [1e30, /answers are no longer finite numbers after epoch 1; .*--rate/],
  ])("a last step of an epoch at rate %d stops with advice", async (rate, words) => {
    const learningRate = { rate, factor: 1, every: 0, after: 0 };
    const single = createPortableBackend({ dtype: "float32" });
    const source = { ...SOURCE, batchesPerEpoch: 1 };
    const config = { ...CONFIG, epochs: 1, learningRate };
    const trainer = new Trainer(
      single,
      { network: NETWORK, weights: initialWeights(NETWORK, 0) },
      config,
      source,
    );
    await expect(runAll(trainer)).rejects.toThrow(words);
    expect(trainer.rows).toEqual([]);
  });

  it("weights that are no longer finite are no state to go on from", async () => {
    const learningRate = { rate: 1e39, factor: 1, every: 0, after: 0 };
    const single = createPortableBackend({ dtype: "float32" });
    const config = { ...CONFIG, learningRate };
    const trainer = new Trainer(
      single,
      { network: NETWORK, weights: initialWeights(NETWORK, 0) },
      config,
      SOURCE,
    );
    await runAll(trainer, 1);
    await expect(trainer.state()).rejects.toThrow(/weights are no longer finite numbers.*--rate/);
  });
});

describe("gradient descent", () => {
  const backend = createPortableBackend();
  const at = (value: number) => new Map([["w", backend.upload(1, 1, [value])]]);
  const read = async (tensors: ReadonlyMap<string, Tensor>) =>
    (await backend.read(tensors.get("w") as Tensor))[0];

  it("has momentum and weight decay", async () => {
    const parameters = at(2);
    const settings = { momentum: 0.5, weightDecay: 0.1 };
    const sgd = new Sgd(backend, parameters, ["w"], settings);
    sgd.update(parameters, at(1), 0.1);
    // v = 1 + 0.1·2 = 1.2
    expect(await read(parameters)).toBeCloseTo(2 - 0.1 * 1.2, 12);
    sgd.update(parameters, at(1), 0.1);
    expect(await read(parameters)).toBeCloseTo(1.88 - 0.1 * (0.5 * 1.2 + 1 + 0.188), 12);
  });

  it("clips gradients by their common norm, and only down", async () => {
    const gradients = () =>
      new Map([
        ["w", backend.upload(1, 2, [3, 0])],
        ["b", backend.upload(2, 1, [0, 4])],
      ]);
    const clipped = await clipGradients(backend, gradients(), 1);
    const values = [...(await backend.read(clipped.get("w") as Tensor))];
    values.push(...(await backend.read(clipped.get("b") as Tensor)));
    for (const [i, expected] of [0.6, 0, 0, 0.8].entries()) expect(values[i]).toBeCloseTo(expected, 12);
    const small = gradients();
    expect(await clipGradients(backend, small, 5)).toBe(small);
    const broken = at(Number.NaN);
    expect(await clipGradients(backend, broken, 1)).toBe(broken);
  });
});

describe("named settings", () => {
  const subject: TrainSubject = {
    data: CONFIG.data,
    model: "small",
    norm: "linf",
    epsilon: 0.1,
    box: [0, 1],
    seed: 0,
    backend: "native",
    dtype: "float32",
  };

  it("are the paper's", () => {
    expect(configOf(trainSettings("paper-mnist"), subject)).toMatchObject({
      epochs: 60,
      batchSize: 50,
      projections: 50,
      optimizer: { kind: "adam" },
      epsilon: { start: 0.01, end: 0.1, epochs: 20 },
      learningRate: { rate: 0.001, factor: 0.5, every: 10, after: 20 },
    });
    expect(configOf(trainSettings("paper-cifar10"), { ...subject, epsilon: 2 / 255 })).toMatchObject({
      epsilon: { start: 0.001 * 0.225, end: 2 / 255, epochs: 20 },
      optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
      learningRate: { rate: 0.05 },
      gradientClip: 1,
      augmentation: { flip: true, crop: 4 },
    });
  });

  it("begin with the same small ball in every norm", () => {
    const l2 = { ...subject, norm: "l2", box: null } as const;
    expect(configOf(trainSettings("paper-mnist"), { ...l2, epsilon: 1.58 }).epsilon).toMatchObject({
      start: 0.01,
      end: 1.58,
    });
    expect(configOf(trainSettings("paper-cifar10"), { ...l2, epsilon: 36 / 255 }).epsilon).toMatchObject({
      start: 0.001 * 0.225,
      end: 36 / 255,
    });
    expect(configOf(trainSettings("paper-mnist"), { ...l2, epsilon: 0.005 }).epsilon.start).toBe(0.005);
  });

  it("keep their proportions in shorter runs, and take what is said otherwise", () => {
    const config = configOf(trainSettings("paper-mnist"), subject, { epochs: 12, projections: 10 });
    expect(config).toMatchObject({
      projections: 10,
      epsilon: { epochs: 4 },
      learningRate: { every: 2, after: 4 },
    });
    expect(() => trainSettings("papers")).toThrow(/settings: expected plain, paper-mnist.*"papers"/);
    expect(() => configOf(trainSettings("plain"), subject, { batch: 0 })).toThrow(
      /^training configuration: batchSize: .*0/,
    );
  });
});

describe("schedules", () => {
  it("a smooth ramp rises slowly at first, without a kink, to the same end", () => {
    const ramp = { start: 0.1, end: 1.1, epochs: 8, shape: "smooth" } as const;
    expect([rampAt(ramp, 0), rampAt(ramp, 8), rampAt(ramp, 9)]).toEqual([0.1, 1.1, 1.1]);
    expect(rampAt(ramp, 1)).toBeLessThan(0.11);
    const slope = (at: number) => (rampAt(ramp, at + 1e-6) - rampAt(ramp, at - 1e-6)) / 2e-6;
    expect(slope(2 - 1e-4)).toBeCloseTo(slope(2 + 1e-4), 3);
    expect(slope(3)).toBeCloseTo(slope(7), 6);
    expect(rampAt(ramp, -3)).toBe(0.1);
  });

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
      0.001, 0.001, 0.001, 0.001, 0.0005, 0.000125,
    ]);
    expect(rateAt({ ...decay, every: 0 }, 50)).toBe(0.001);
  });

  it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])("epsilon %d is refused", (end) => {
    expect(() => checkRamp("epsilon", { start: 0, end, epochs: 1 })).toThrow(/epsilon end/);
  });
});
