import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { generateGlyphs } from "../../src/data/glyphs/glyphs.js";
import { batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights, uploadWeights } from "../../src/network/weights.js";
import { batchWithoutRest, checkBatchNorm } from "../../src/runs/training/check-batch-norm.js";
import { isPatienceOver } from "../../src/runs/training/evaluation.js";
import { checkValidation, holdOut } from "../../src/runs/training/hold-out.js";
import type { EpochRow } from "../../src/train/config.js";
import { withL1 } from "../../src/train/l1.js";
import { stuckInWords } from "../../src/train/stuck.js";
import { WeightAverage } from "../../src/train/weight-average.js";

const DATA = generateGlyphs({ split: "train", count: 60 });
const NETWORK = sequential(
  [1, 28, 28],
  [conv2d(2, { kernel: 7, stride: 7 }), batchNorm(), relu(), flatten(), linear(10)],
);

function row(epoch: number, changes: Partial<EpochRow> = {}): EpochRow {
  const errors = { error: 0.9, robustError: 1, loss: Math.log(10), robustLoss: Math.log(10) };
  return { epoch, epsilon: 0.1, kappa: 1, learningRate: 0.1, ...errors, seconds: 1, test: null, ...changes };
}

function tested(epoch: number, robustError: number): EpochRow {
  return row(epoch, { test: { examples: 10, epsilon: 0.1, error: 0, robustError, heldOut: true } });
}

describe("held-out training examples", () => {
  it("are as many as asked, the same for a seed, and none of those that are trained on", () => {
    const key = ({ pixels }: typeof DATA, i: number): string => pixels.slice(i * 784, (i + 1) * 784).join();
    const all = ({ count, ...data }: typeof DATA): string[] =>
      Array.from({ length: count }, (_, i) => key({ ...data, count }, i));
    const { train, heldOut } = holdOut(DATA, { validation: 20, seed: 3 });
    expect([train.count, heldOut?.count]).toEqual([40, 20]);
    if (!heldOut) return;
    expect([...all(train), ...all(heldOut)].sort()).toEqual(all(DATA).sort());
    expect(all(holdOut(DATA, { validation: 20, seed: 3 }).heldOut as typeof DATA)).toEqual(all(heldOut));
    expect(all(holdOut(DATA, { validation: 20, seed: 4 }).heldOut as typeof DATA)).not.toEqual(all(heldOut));
    expect(holdOut(DATA, { validation: 0, seed: 3 })).toEqual({ train: DATA, heldOut: null });
  });

  it("leave some to train on", () => {
    expect(() => checkValidation({ validation: 60 }, DATA)).toThrow(
      "--validation: expected fewer than the 60 training examples of glyphs, found 60",
    );
    expect(() => checkValidation({ validation: 59 }, DATA)).not.toThrow();
  });

  it("end a training that finds nothing better", () => {
    const config = { epsilon: { start: 0, end: 0.1, epochs: 1 }, warmupEpochs: 0, patience: 2 } as const;
    const rows = [tested(1, 0.5), tested(2, 0.3), tested(3, 0.4), tested(4, 0.3)];
    expect([1, 2, 3, 4].map((n) => isPatienceOver(rows.slice(0, n), config as never))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(isPatienceOver(rows, { ...config, patience: null } as never)).toBe(false);
  });
});

describe("what goes with training", () => {
  const backend = createPortableBackend();

  it("averages weights, and goes on with an average that was kept", async () => {
    const place = (seed: number) =>
      new Map(uploadWeights(backend, { network: NETWORK, weights: initialWeights(NETWORK, seed) }));
    const [average, half] = [new WeightAverage(backend), new WeightAverage(backend)];
    for (const seed of [1, 2]) average.add(place(seed));
    const kept = await average.state();
    expect(kept?.count).toBe(2);
    if (kept) half.restore(kept, place(1));
    for (const own of [average, half]) own.add(place(3));
    const name = "linear1.weight";
    const values = [1, 2, 3].map((seed) => initialWeights(NETWORK, seed).get(name) as Float64Array);
    for (const own of [average, half]) {
      const parameters = place(9);
      own.replace(parameters);
      const mean = await backend.read(parameters.get(name) as NonNullable<ReturnType<typeof parameters.get>>);
      mean.forEach((value, i) => {
        expect(value).toBeCloseTo((values[0][i] + values[1][i] + values[2][i]) / 3, 12);
      });
      expect(await own.state()).toBeNull();
    }
  });

  it("adds the sign of matrices and kernels to their gradients, of nothing else", async () => {
    const parameters = uploadWeights(backend, { network: NETWORK, weights: initialWeights(NETWORK, 1) });
    const zeros = () =>
      new Map([...parameters].map(([name, { features, rows }]) => [name, backend.filled(features, rows, 0)]));
    const gradients = withL1(backend, NETWORK, parameters, zeros(), 0.5);
    for (const { name, shape } of NETWORK.parameters) {
      const [gradient, own] = [gradients.get(name), parameters.get(name)];
      if (!gradient || !own) throw new Error(name);
      const weights = await backend.read(own);
      (await backend.read(gradient)).forEach((value, i) => {
        expect(value).toBe(shape.length > 1 ? 0.5 * Math.sign(weights[i]) : 0);
      });
    }
    const same = zeros();
    expect(withL1(backend, NETWORK, parameters, same, 0)).toBe(same);
  });

  it("says so where a short run never did better than guessing", () => {
    expect(stuckInWords([row(1), row(2)], 10)).toMatch(
      /stayed at that of guessing, ln 10 = 2.30, up to epoch 2 .*more epochs, or .*--warmup-epochs/,
    );
    expect(stuckInWords([row(1, { kappa: 0, robustLoss: null, robustError: null })], 10)).toMatch(
      /try another --rate/,
    );
    expect(stuckInWords([row(1), row(2, { loss: 1 })], 10)).toBeNull();
    expect(stuckInWords([], 10)).toBeNull();
  });

  it("refuses batches of one where there are batch norms", () => {
    expect(() => checkBatchNorm(NETWORK, { batchSize: 1 }, 60)).toThrow(
      /^--batch: expected at least 2 examples in each batch, as batch norm "batch-norm1" needs them, found batches of 1; take 2/,
    );
    expect(() => checkBatchNorm(NETWORK, { batchSize: 20 }, 61)).toThrow(
      /found a last batch of 1, of 61 .*; take 21$/,
    );
    // 3 would leave one of 7 as 2 does.
    expect(() => checkBatchNorm(NETWORK, { batchSize: 2 }, 7)).toThrow(/take 4$/);
    const sizes = [
      [2, 7],
      [20, 61],
      [60, 60],
      [99, 1],
    ].map(([size, count]) => batchWithoutRest(NETWORK, size, count));
    expect(sizes).toEqual([4, 21, 60, 99]);
    expect(batchWithoutRest(sequential([4], [linear(2)]), 2, 7)).toBe(2);
    expect(() => checkBatchNorm(NETWORK, { batchSize: 20 }, 1)).toThrow(
      /found 1; hold out fewer by --validation/,
    );
    expect(() => checkBatchNorm(NETWORK, { batchSize: 20 }, 60)).not.toThrow();
    expect(() => checkBatchNorm(sequential([4], [linear(2)]), { batchSize: 1 }, 5)).not.toThrow();
  });
});
