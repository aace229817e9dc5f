import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { Bench, randomExamples, samplePoints } from "../support/bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";

const EXAMPLES = 2;
const POINTS = 840;
const ROUNDING = 1e-9;

/** Six balls with two examples each: over 10,000 points per network and bound. */
function ballsFor(features: number, seed: number): readonly BallSpec[] {
  const source = random(seed, "epsilon");
  const perFeature = Float64Array.from({ length: features }, () => 0.15 * source.uniform());
  return [
    { norm: "linf", epsilon: 0.05 + 0.1 * source.uniform() },
    { norm: "linf", epsilon: 0.3, box: [0, 1] },
    { norm: "linf", epsilon: { perFeature } },
    { norm: "linf", epsilon: { perExample: [0.02, 0.2] }, box: [0, 1] },
    { norm: "l2", epsilon: 0.1 + 0.4 * source.uniform() },
    { norm: "l1", epsilon: 0.3 + source.uniform() },
  ];
}

const BOUNDS: readonly (readonly [string, DualOptions])[] = [
  ["parallel", {}],
  ["parallel, every neuron", { complete: true }],
  ["parallel, forward", { direction: "forward" }],
  ["adaptive", { method: "adaptive" }],
  ["interval", { method: "interval" }],
];

/** How far sampled values leave the bounds, pre-activations and margins; at most 0 when sound. */
async function worstViolation(network: Network, seed: number, options: DualOptions): Promise<number> {
  const bench = new Bench(lively(network, seed));
  const features = sizeOf(network.inputShape);
  const x = randomExamples(network, EXAMPLES, seed);
  const source = random(seed, "points");
  let worst = Number.NEGATIVE_INFINITY;
  const note = (violation: number): void => {
    if (!(violation <= worst)) worst = violation;
  };
  for (const spec of ballsFor(features, seed)) {
    const ball = bench.ball(x, EXAMPLES, spec);
    const labels = Int32Array.from([seed % 3, (seed + 1) % 3]);
    await bench.dual(ball, options, async (dual) => {
      const margins = await bench.values(dual.margins(labels));
      for (let b = 0; b < EXAMPLES; b++) {
        const points = await samplePoints(bench, ball, b, POINTS, source);
        const values = await bench.nodeValues(points, POINTS);
        for (const [node, bounds] of dual.preActivation) {
          const lower = await bench.values(bounds.lower);
          const upper = await bench.values(bounds.upper);
          values[node].forEach((value, i) => {
            const entry = Math.floor(i / POINTS) * EXAMPLES + b;
            note(lower[entry] - value);
            note(value - upper[entry]);
          });
        }
        const logits = values[network.output];
        for (let j = 0; j < 3; j++) {
          for (let i = 0; i < POINTS; i++) {
            note(margins[j * EXAMPLES + b] - (logits[labels[b] * POINTS + i] - logits[j * POINTS + i]));
          }
        }
      }
    });
  }
  return worst;
}

describe.each(BOUNDS)("sampled points never leave the bounds: %s", (_, options) => {
  it.each(Object.keys(LAYER_NETWORKS))("%s", async (name) => {
    expect(await worstViolation(LAYER_NETWORKS[name](), 7, options)).toBeLessThan(ROUNDING);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])("random graph %i", async (seed) => {
    expect(await worstViolation(randomGraph(seed), seed, options)).toBeLessThan(ROUNDING);
  });
});
