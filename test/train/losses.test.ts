import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { undividedBatch } from "../../src/distributed/whole-batch.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { forward } from "../../src/network/forward.js";
import { sequential } from "../../src/network/network.js";
import { trainedBindings, uploadWeights, type Weights } from "../../src/network/weights.js";
import { LOSS_NAMES, LOSSES, type LossName } from "../../src/train/losses/index.js";
import { configOf } from "../../src/train/settings/config-of.js";
import { trainSettings } from "../../src/train/settings/named.js";
import { trainingStep } from "../../src/train/step.js";
import { randomExamples } from "../support/bounds.js";
import { lively, livelyWeights } from "../support/networks.js";

const NETWORK = sequential([1, 4, 4], [conv2d(2, { kernel: 2, stride: 2 }), relu(), flatten(), linear(3)]);
const X = randomExamples(NETWORK, 3, 1);
const BATCH = { x: X, labels: Int32Array.of(0, 2, 1) };
const BALL = { norm: "linf", epsilon: 0.05, box: [0, 1] } as const;

/** Every loss passes what stands here; one with settings of its own finds them here as they are where no flag is given. */
const CONFIG = configOf(trainSettings("plain"), {
  data: {
    ...{ name: "random", count: 3, shape: [1, 4, 4], classes: 3, limit: null, dataDir: null },
    ...{ seed: 0, sha256: null, listed: false },
  },
  ...{ model: "random", norm: "linf", epsilon: BALL.epsilon, box: [0, 1], seed: 0 },
  ...{ backend: "portable", dtype: "float64" },
});
const backend = createPortableBackend();

function lossOf(name: LossName) {
  return LOSSES[name].of(CONFIG);
}

async function lossAt(name: LossName, weights: Weights): Promise<number> {
  const parameters = uploadWeights(backend, { network: NETWORK, weights });
  const step = await trainingStep({ backend, network: NETWORK, parameters }, BATCH, {
    ...{ ball: BALL, kappa: 1, loss: lossOf(name) },
  });
  return step.outcome.robustLoss / 3;
}

describe.each(LOSS_NAMES)("the robust loss %s", (name) => {
  // The margins of `sabr` are those of a part of the ball.
  it.skipIf(name === "sabr")(
    "is one number, with margins of every class that no point of the ball falls below",
    async () => {
      using tape = new Tape(backend, { record: true });
      const parameters = uploadWeights(backend, lively(NETWORK, 1));
      const bindings = trainedBindings(NETWORK, parameters);
      const x = tape.own(backend.upload(16, 3, X));
      const { output: logits } = forward(tape, NETWORK, bindings, x);
      const loss = lossOf(name);
      const found = await loss({
        ...{
          tape,
          network: NETWORK,
          bindings,
          batch: { ...BATCH, values: x.value },
          ball: BALL,
          logits,
          dual: {},
          regularization: 0,
          stream: random(0, "loss"),
          whole: undividedBatch(3),
        },
      });
      expect((await backend.read(found.loss.value)).length).toBe(1);
      const margins = await backend.read(found.margins.value);
      expect(margins.length).toBe(9);
      const source = random(0, "points");
      for (let i = 0; i < 100; i++) {
        const near = X.map((value) =>
          Math.min(1, Math.max(0, value + BALL.epsilon * (2 * source.uniform() - 1))),
        );
        const { output } = forward(tape, NETWORK, bindings, tape.own(backend.upload(16, 3, near)));
        const z = await backend.read(output.value);
        for (let j = 0; j < 9; j++) {
          const label = BATCH.labels[j % 3];
          expect(z[label * 3 + (j % 3)] - z[j]).toBeGreaterThan(margins[j] - 1e-9);
        }
      }
    },
  );

  it("gives every trained parameter its gradient, as finite differences find it", async () => {
    const weights = livelyWeights(NETWORK, 1);
    const parameters = uploadWeights(backend, { network: NETWORK, weights });
    const { gradients } = await trainingStep({ backend, network: NETWORK, parameters }, BATCH, {
      ...{ ball: BALL, kappa: 1, loss: lossOf(name) },
    });
    for (const { name: parameter } of NETWORK.parameters) {
      const gradient = gradients.get(parameter);
      expect(gradient).toBeDefined();
      if (!gradient) continue;
      const found = (await backend.read(gradient))[0];
      const [up, down] = await Promise.all(
        [1e-6, -1e-6].map((step) => lossAt(name, moved(weights, parameter, step))),
      );
      expect(found).toBeCloseTo((up - down) / 2e-6, 5);
    }
  });
});

function moved(weights: Weights, parameter: string, step: number): Weights {
  return new Map(
    [...weights].map(([name, values]) => [
      name,
      name === parameter ? values.map((value, i) => (i === 0 ? value + step : value)) : values,
    ]),
  );
}

describe("trainingStep", () => {
  it("mixes whatever loss it is given by kappa, and counts by its margins", async () => {
    const parameters = uploadWeights(backend, lively(NETWORK, 1));
    const settings = { ball: BALL, kappa: 0.25 };
    const own = await trainingStep({ backend, network: NETWORK, parameters }, BATCH, settings);
    const named = await trainingStep({ backend, network: NETWORK, parameters }, BATCH, {
      ...settings,
      loss: LOSSES.dual.of(CONFIG),
    });
    expect(named.outcome).toEqual(own.outcome);
    const { outcome } = await trainingStep({ backend, network: NETWORK, parameters }, BATCH, {
      ...settings,
      // Everything is certified by as much as its logits say, at a loss of nothing.
      loss: async ({ tape, logits }) => ({
        loss: tape.own(backend.upload(1, 1, Float64Array.of(0))),
        margins: constant(tape, logits),
      }),
    });
    expect(outcome).toMatchObject({ robustLoss: 0, bounded: 3, notCertified: 0, loss: own.outcome.loss });
  });
});

function constant(tape: Tape, like: Variable): Variable {
  const { features, rows } = like.value;
  return tape.own(backend.upload(features, rows, new Float64Array(features * rows).fill(1)));
}
