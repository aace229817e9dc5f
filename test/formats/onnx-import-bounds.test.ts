import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import type { BoundMethod } from "../../src/dual/dual-options.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import type { Model } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { Bench, randomExamples, samplePoints } from "../support/bounds.js";
import { GALLERY } from "./onnx-example-graphs.js";
import { fileOf } from "./onnx-import-oracle.js";
import { randomOnnxGraph } from "./onnx-random-graph.js";

const EXAMPLES = 2;
const POINTS = 60;
const ROUNDING = 1e-9;
const RANDOM = 60;

const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.05 },
  { norm: "l2", epsilon: 0.3 },
];

/** The largest magnitude, 1 at least. */
function largest(values: ArrayLike<number>): number {
  let most = 1;
  for (let i = 0; i < values.length; i++) most = Math.max(most, Math.abs(values[i]));
  return most;
}

/** How far values at sampled points leave the bounds; at most 0 when sound, −∞ where there are no bounds. */
async function worstViolation(model: Model, method: BoundMethod, seed: number): Promise<number> {
  const bench = new Bench(model);
  const { network } = model;
  const x = randomExamples(network, EXAMPLES, seed);
  const source = random(seed, "points");
  let worst = Number.NEGATIVE_INFINITY;
  const note = (violation: number): void => {
    if (!(violation <= worst)) worst = violation;
  };
  for (const spec of BALLS) {
    const ball = bench.ball(x, EXAMPLES, spec);
    await bench.dual(ball, { method }, async (dual) => {
      const { classes } = network;
      const labels = Int32Array.from({ length: EXAMPLES }, () => source.integer(classes));
      const margins = classes > 1 ? await bench.values(dual.margins(labels)) : [];
      for (let b = 0; b < EXAMPLES; b++) {
        const points = await samplePoints(bench, ball, b, POINTS, source);
        const values = await bench.nodeValues(points, POINTS);
        for (const [node, bounds] of dual.preActivation) {
          const [lower, upper] = [await bench.values(bounds.lower), await bench.values(bounds.upper)];
          const scale = largest(values[node]);
          values[node].forEach((value, i) => {
            const entry = Math.floor(i / POINTS) * EXAMPLES + b;
            note((lower[entry] - value) / scale);
            note((value - upper[entry]) / scale);
          });
        }
        const outputs = values[network.output];
        const scale = largest(outputs);
        margins.forEach((margin, entry) => {
          const j = Math.floor(entry / EXAMPLES);
          if (entry % EXAMPLES !== b) return;
          for (let i = 0; i < POINTS; i++) {
            note((margin - (outputs[labels[b] * POINTS + i] - outputs[j * POINTS + i])) / scale);
          }
        });
      }
    });
  }
  return worst;
}

const modelOf = (one: Parameters<typeof fileOf>[0]): Model => importOnnx(fileOf(one), "m.onnx");

describe.each(["parallel", "adaptive"] as const)(
  "no value of an imported network leaves its %s bounds",
  (method) => {
    it.each(GALLERY.map((one) => [one.name, one] as const))("%s", async (_, one) => {
      const violation = await worstViolation(modelOf(one), method, 3);
      expect(violation).toBeLessThan(ROUNDING);
      expect(violation).toBeGreaterThan(Number.NEGATIVE_INFINITY);
    });

    it(`${RANDOM} random graphs`, async () => {
      let bounded = 0;
      for (let seed = 0; seed < RANDOM; seed++) {
        const violation = await worstViolation(modelOf(randomOnnxGraph(seed)), method, seed);
        expect(violation, `random graph ${seed}`).toBeLessThan(ROUNDING);
        if (violation > Number.NEGATIVE_INFINITY) bounded++;
      }
      expect(bounded).toBeGreaterThan(RANDOM * 0.8);
    });
  },
);
