import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import type { SketchForm } from "../../src/dual/estimator.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { releaseParameters, uploadWeights, type Weights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { trainingStep } from "../../src/train/step.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const EXAMPLES = 2;
const LINF: BallSpec = { norm: "linf", epsilon: 0.06, box: [0, 1] };
const L2: BallSpec = { norm: "l2", epsilon: 0.2, box: null };

const flat = sequential([5], [linear(9), relu(), linear(8), relu(), linear(3)]);
const image = sequential(
  [1, 5, 5],
  [
    conv2d(2, { kernel: 3 }),
    relu(),
    conv2d(3, { kernel: 2 }),
    relu(),
    flatten(),
    linear(6),
    relu(),
    linear(3),
  ],
);

/** The robust loss and its gradient, weights one after the other. */
async function step(network: Network, weights: Weights, ball: BallSpec, dual: DualOptions) {
  const backend = createPortableBackend({ dtype: "float64" });
  const parameters = uploadWeights(backend, { network, weights });
  const x = randomExamples(network, EXAMPLES, 3);
  const labels = Int32Array.from({ length: EXAMPLES }, (_, b) => b % network.classes);
  const { outcome, gradients } = await trainingStep(
    { backend, network, parameters },
    { x, labels },
    { ball, kappa: 1, dual },
  );
  const gradient: number[] = [];
  for (const { name } of network.parameters) {
    const found = gradients.get(name);
    if (found) gradient.push(...(await backend.read(found)));
  }
  releaseParameters(parameters);
  return { loss: outcome.robustLoss / EXAMPLES, gradient };
}

const weightsOf = (network: Network): Weights => lively(network, 5).weights;

describe("the gradient through projections", () => {
  it.each<[string, Network, BallSpec, SketchForm]>([
    ["flat, joint", flat, LINF, "joint"],
    ["flat, per-term", flat, LINF, "per-term"],
    ["convolutions, joint", image, LINF, "joint"],
    ["convolutions, per-term", image, LINF, "per-term"],
    ["l2, joint", flat, L2, "joint"],
    ["l2, per-term", flat, L2, "per-term"],
  ])("is that of the selected entries: %s", async (_name, network, ball, form) => {
    // The same random numbers each time: between two selections the loss is smooth.
    const dual = { estimator: medianEstimator({ dimension: 5, form, seed: 4 }) };
    const weights = weightsOf(network);
    const { gradient } = await step(network, weights, ball, dual);
    const scale = Math.max(...gradient.map(Math.abs));
    let at = 0;
    for (const { name } of network.parameters) {
      const values = [...(weights.get(name) as ArrayLike<number> & Iterable<number>)];
      for (let i = 0; i < values.length; i += 1 + (values.length >> 3)) {
        const lossAt = async (shift: number) => {
          const moved = values.slice();
          moved[i] += shift;
          return (await step(network, new Map([...weights, [name, Float64Array.from(moved)]]), ball, dual))
            .loss;
        };
        const numeric = ((await lossAt(1e-6)) - (await lossAt(-1e-6))) / 2e-6;
        expect(Math.abs(gradient[at + i] - numeric) / scale).toBeLessThan(2e-5);
      }
      at += values.length;
    }
  });

  it("follows the gradient of deterministic bounds in the mean", async () => {
    const weights = weightsOf(flat);
    const deterministic = await step(flat, weights, LINF, {});
    const mean = deterministic.gradient.map(() => 0);
    const sketches = 400;
    for (let seed = 0; seed < sketches; seed++) {
      const estimator = medianEstimator({ dimension: 7, seed });
      const { gradient } = await step(flat, weights, LINF, { estimator });
      gradient.forEach((entry, i) => {
        mean[i] += entry / sketches;
      });
    }
    const dot = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, entry, i) => sum + entry * b[i], 0);
    const size = Math.sqrt(dot(deterministic.gradient, deterministic.gradient));
    expect(dot(mean, deterministic.gradient) / (size * Math.sqrt(dot(mean, mean)))).toBeGreaterThan(0.99);
    expect(dot(mean, deterministic.gradient) / size ** 2).toBeGreaterThan(0.9);
    expect(dot(mean, deterministic.gradient) / size ** 2).toBeLessThan(1.1);
  });
});
