import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type Dataset, examples } from "../../src/data/dataset.js";
import { trainingEstimator } from "../../src/estimators/training.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { certifyDataset } from "../../src/runs/certification.js";
import { estimationOf } from "../../src/runs/estimation.js";
import { batchSource } from "../../src/runs/training/batch-source.js";
import { configOf, type TrainSubject } from "../../src/train/settings/config-of.js";
import { trainSettings } from "../../src/train/settings/named.js";
import { trainingStep } from "../../src/train/step.js";
import { Trainer } from "../../src/train/trainer.js";
import { lively } from "../support/networks.js";

const NETWORK = sequential([4], [linear(220), relu(), linear(210), relu(), linear(3)]);
const MODEL = lively(NETWORK, 3);
const backend = createPortableBackend({ dtype: "float64" });
const placed = { backend, network: NETWORK, parameters: uploadWeights(backend, MODEL) };
const COUNT = 7;
/** Examples 2 and 5 are the same. */
const PIXELS = Float64Array.from({ length: 4 * COUNT }, (_, i) => ((7 * (i < 20 ? i : i - 12)) % 11) / 11);
const DATA: Dataset = {
  ...{ name: "points", split: "test", count: COUNT, shape: [4], classes: 3, source: "this test" },
  ...{ pixels: PIXELS, labels: new Int32Array(COUNT) },
};

describe.each([
  ["estimates", undefined],
  ["bounds of probability 1 − δ", 0.05],
] as const)("%s of a certification", (_, delta) => {
  const dimension = delta === undefined ? 6 : 200;
  const margins = async (batch: number, seed = 1) => {
    const wanted = { projections: dimension, sketch: "joint", sketches: 1, seed } as const;
    const estimation = estimationOf({ ...wanted, ...(delta !== undefined && { delta }) }, NETWORK);
    const { examples: found, guarantee } = await certifyDataset([placed], DATA, {
      ...{ ball: { norm: "linf", epsilon: 0.1, box: null }, method: "parallel", against: "prediction" },
      ...{ batch, estimation },
    });
    expect(guarantee).toBe(delta === undefined ? "estimate" : "probability");
    return found.map(({ marginLower }) => Array.from(marginLower ?? []));
  };

  it("do not depend on what stands beside an example", async () => {
    const together = await margins(COUNT);
    for (const batch of [1, 2, 3, 5]) {
      const apart = (await margins(batch)).flat();
      // To the rounding of sums in another order.
      for (const [i, margin] of together.flat().entries()) expect(apart[i]).toBeCloseTo(margin, 9);
    }
  });

  it("are drawn anew for each example and each seed", async () => {
    const [own, other] = [await margins(COUNT), await margins(COUNT, 2)];
    expect(Math.abs(own[2][1] - own[5][1])).toBeGreaterThan(1e-4);
    expect(Math.abs(own[2][1] - other[2][1])).toBeGreaterThan(1e-4);
  });
});

describe("projections of training", () => {
  const BALL = { norm: "linf", epsilon: 0.05, box: null } as const;
  const stepOf = async (places: readonly number[], step: number) => {
    const chosen = Int32Array.from(places);
    const { x, labels } = examples(DATA, chosen);
    const estimator = trainingEstimator(6, { form: "joint", seed: 0, path: [step], examples: chosen });
    const { outcome, gradients } = await trainingStep(
      placed,
      { x, labels, places: chosen },
      { ball: BALL, kappa: 1, ...(estimator && { dual: { estimator } }) },
    );
    for (const gradient of gradients.values()) gradient.dispose();
    return outcome.robustLoss;
  };

  it("are those of the example and the step, whatever the batch", async () => {
    const alone: number[] = [];
    for (const place of [0, 3, 2]) alone.push(await stepOf([place], 4));
    const together = await stepOf([0, 3, 2], 4);
    expect(together).toBeCloseTo(
      alone.reduce((sum, loss) => sum + loss, 0),
      9,
    );
    expect(await stepOf([2, 0, 3], 4)).toBeCloseTo(together, 9);
    expect(await stepOf([0, 3, 2], 5)).not.toBeCloseTo(together, 4);
    // The same example at two places.
    expect(await stepOf([5], 4)).not.toBeCloseTo(alone[2], 4);
  });

  it("are functions of the seed: a second training of a process comes to the same weights, of another seed to others", async () => {
    const subject: TrainSubject = {
      data: {
        ...{ name: "points", count: COUNT, shape: [4], classes: 3, limit: null, dataDir: null },
        ...{ seed: 0, sha256: null, listed: false },
      },
      ...{
        model: "random",
        norm: "linf",
        epsilon: 0.05,
        box: null,
        seed: 0,
        backend: "portable",
        dtype: "float64",
      },
    };
    const config = configOf(trainSettings("plain"), subject, { epochs: 2, batch: 3, projections: 6 });
    const trained = async (seed: number) => {
      const own = { ...config, seed };
      const trainer = new Trainer(backend, MODEL, own, batchSource(DATA, { ...own, seed: 0 }));
      for await (const _ of trainer.run(new AbortController().signal));
      const { weights } = await trainer.state();
      return [...weights].map(([name, values]) => [name, Array.from(values)]);
    };
    const first = await trained(0);
    expect(await trained(0)).toEqual(first);
    expect(await trained(1)).not.toEqual(first);
  });
});
