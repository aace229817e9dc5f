import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { boundDrift, type RoundedEvaluation } from "../../src/drift/bound.js";
import { randomPoint } from "../../src/drift/observe.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { type Model, placeModel } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { FloatNetwork } from "../support/float-orders/evaluate.js";
import { evaluationsOf } from "../support/float-orders/evaluations.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { plainNetwork } from "../support/plain-network.js";

const EXAMPLES = 2;
const POINTS = 3;
const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0 },
  { norm: "linf", epsilon: 0.05 },
  { norm: "linf", epsilon: 0.6, box: [0, 1] },
  { norm: "l2", epsilon: 0.3 },
  { norm: "l1", epsilon: 0.5 },
];
const EVALUATIONS: readonly RoundedEvaluation[] = ["float32", "float32-ftz", "float64"];
const NETWORKS: readonly (readonly [string, () => Network])[] = [
  ...Object.entries(LAYER_NETWORKS),
  ...Array.from({ length: 8 }, (_, seed) => [`random graph ${seed}`, () => randomGraph(seed)] as const),
];

const backend = createPortableBackend({ dtype: "float64" });

function column(x: Float64Array, examples: number, b: number): Float64Array {
  return Float64Array.from({ length: x.length / examples }, (_, f) => x[f * examples + b]);
}

/** The largest share of the bound that evaluations of about twenty kinds differ by, at points of the ball. */
async function largestShare(
  model: Model,
  x: Float64Array,
  spec: BallSpec,
  evaluation: RoundedEvaluation,
  seed: number,
): Promise<number> {
  using placed = placeModel(backend, model);
  const bounds = await boundDrift(placed, { x }, { ...spec, evaluation });
  const plain = plainNetwork(model);
  const networks = evaluationsOf(evaluation).map(
    (way) => new FloatNetwork(plain, way, random(seed, way.name)),
  );
  const source = random(seed, "points");
  let share = 0;
  for (const [b, { logits }] of bounds.entries()) {
    const own = column(x, bounds.length, b);
    for (let i = 0; i < POINTS; i++) {
      const point = i === 0 ? own : randomPoint(own, spec, source);
      const outputs = networks.map((network) => network.outputs(point, new Float64Array(point.length)));
      for (const [k, bound] of logits.entries()) {
        const values = outputs.map((output) => output[k]);
        const found = Math.max(...values) - Math.min(...values);
        expect(Number.isFinite(bound)).toBe(true);
        share = Math.max(share, found / bound);
      }
    }
  }
  return share;
}

describe.each(EVALUATIONS)("evaluations in %s", (evaluation) => {
  it.each(NETWORKS)("never differ by more than the bound: %s", async (_name, make) => {
    const network = make();
    const model = lively(network, 5);
    const x = randomExamples(network, EXAMPLES, 9).map(Math.fround);
    for (const [i, spec] of BALLS.entries()) {
      const share = await largestShare(model, x, spec, evaluation, i);
      expect(share).toBeLessThanOrEqual(1);
      // At a point the bound is not far from what is seen.
      if (spec.epsilon === 0 && evaluation === "float32") expect(share).toBeGreaterThan(2e-3);
    }
  });
});

/** Neurons of every sign, and some so close to 0 that evaluations disagree about it. */
function onTheVerge(seed: number): { readonly model: Model; readonly x: Float64Array } {
  const network = sequential([16], [linear(24), relu(), linear(24), relu(), linear(3)]);
  const { weights } = lively(network, seed);
  const x = randomExamples(network, 1, seed).map(Math.fround);
  const shifted = new Map(weights);
  const scale = 2 ** (seed % 12);
  const first = (weights.get("linear1.weight") as Float64Array).map((value) => Math.fround(value * scale));
  const bias = Float64Array.from({ length: 24 }, (_, i) => {
    let sum = 0;
    for (let f = 0; f < 16; f++) sum += first[i * 16 + f] * x[f];
    return Math.fround(-sum);
  });
  shifted.set("linear1.weight", first);
  shifted.set("linear1.bias", bias);
  return { model: { network, weights: shifted }, x };
}

describe("the bound on drift", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("holds where all neurons are on the verge (%i)", async (seed) => {
    const { model, x } = onTheVerge(seed);
    for (const evaluation of EVALUATIONS) {
      for (const spec of BALLS) {
        expect(await largestShare(model, x, spec, evaluation, seed)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("grows with the ball and with the rounding, and stays far below what logits vary by", async () => {
    const network = LAYER_NETWORKS.conv2d();
    const model = lively(network, 2);
    const x = randomExamples(network, 1, 2).map(Math.fround);
    using placed = placeModel(backend, model);
    const bound = async (epsilon: number, evaluation: RoundedEvaluation) =>
      (await boundDrift(placed, { x }, { norm: "linf", epsilon, evaluation }))[0].logits;
    const [point, small, large] = await Promise.all(
      [0, 0.01, 0.3].map((epsilon) => bound(epsilon, "float32")),
    );
    const flushed = await bound(0, "float32-ftz");
    const double = await bound(0, "float64");
    for (const [k, own] of point.entries()) {
      expect(small[k]).toBeGreaterThan(own);
      expect(large[k]).toBeGreaterThan(small[k]);
      expect(flushed[k]).toBeGreaterThan(own);
      expect(double[k]).toBeLessThan(own * 2 ** -26);
      // A ball's logits vary by far more than evaluations of one input do.
      expect(large[k]).toBeLessThan(1e-3);
    }
  });

  it("is infinite where a sum may overflow", async () => {
    const network = sequential([2], [linear(2), relu(), linear(2)]);
    const huge = new Map(
      network.parameters.map(({ name, shape }) => [name, new Float32Array(sizeOf(shape)).fill(3e38)]),
    );
    using placed = placeModel(backend, { network, weights: huge });
    const x = Float64Array.of(1, 1);
    const [{ logits }] = await boundDrift(placed, { x }, { norm: "linf", epsilon: 0, evaluation: "float32" });
    expect(logits).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  });

  it("tells whether all evaluations give the same answer", async () => {
    const network = sequential([1], [linear(2)]);
    const answers = async (second: number) => {
      const weights = new Map([
        ["linear1.weight", Float32Array.of(1, second)],
        ["linear1.bias", Float32Array.of(0.1, 0.1)],
      ]);
      using placed = placeModel(backend, { network, weights });
      const x = Float64Array.of(0.3);
      return (await boundDrift(placed, { x }, { norm: "linf", epsilon: 0, evaluation: "float32" }))[0];
    };
    expect(await answers(0.5)).toMatchObject({ prediction: 0, sameAnswer: true });
    expect(await answers(1 - 2 ** -23)).toMatchObject({ prediction: 0, sameAnswer: false });
  });
});
