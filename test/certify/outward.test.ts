import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Dtype } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import type { Network } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const EXAMPLES = 3;
const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.1 },
  { norm: "linf", epsilon: 0.1, box: [0, 1] },
  { norm: "l2", epsilon: 0.3 },
  { norm: "l1", epsilon: 0.3 },
  { norm: "linf", epsilon: 0 },
];
const METHODS: readonly DualOptions[] = [{}, { method: "adaptive" }, { direction: "forward" }];
/** What counting rounding may take from a margin, in units of the largest. */
const COST: Readonly<Record<Dtype, number>> = { float32: 1e-2, float64: 1e-9 };

async function margins(dtype: Dtype, network: Network, options: BallSpec & DualOptions): Promise<number[]> {
  const backend = createPortableBackend({ dtype });
  const model = lively(network, 7);
  const labels = Int32Array.from({ length: EXAMPLES }, (_, b) => b % network.classes);
  const { examples } = await certifyBatch(
    { backend, network, parameters: uploadWeights(backend, model) },
    { x: randomExamples(network, EXAMPLES, 3).map(Math.fround), labels },
    { ...options, against: "label" },
  );
  return examples.flatMap(({ marginLower }, b) => marginLower.filter((_, j) => j !== labels[b]));
}

describe("outward rounding", () => {
  it.each(Object.entries(LAYER_NETWORKS))("only lowers margins, and by little: %s", async (_name, make) => {
    const network = make();
    for (const ball of BALLS) {
      for (const method of METHODS) {
        const plain = await margins("float64", network, { ...ball, ...method, rounding: null });
        const scale = Math.max(1, ...plain.map(Math.abs));
        for (const dtype of ["float32", "float64"] as const) {
          const outward = await margins(dtype, network, { ...ball, ...method, rounding: "real" });
          for (const [i, margin] of outward.entries()) {
            // Other lines may be chosen where two are as good, and they may turn out better or worse.
            if (method.method === "adaptive") {
              expect(Math.abs(plain[i] - margin)).toBeLessThan(0.2 * scale);
              continue;
            }
            if (dtype === "float64") expect(margin).toBeLessThan(plain[i]);
            expect(Math.abs(plain[i] - margin)).toBeLessThan(COST[dtype] * scale);
          }
        }
      }
    }
  });

  it.each(Object.entries(LAYER_NETWORKS))(
    "takes the more the coarser the evaluation is: %s",
    async (_n, make) => {
      const network = make();
      for (const method of METHODS) {
        const found = new Map<string, number[]>();
        for (const evaluation of EVALUATIONS) {
          const options = { ...BALLS[0], ...method, rounding: evaluation };
          found.set(evaluation, await margins("float64", network, options));
        }
        const [single, flushed, double, real] = EVALUATIONS.map((name) => found.get(name) as number[]);
        for (let i = 0; i < real.length; i++) {
          expect(flushed[i]).toBeLessThan(single[i]);
          expect(single[i]).toBeLessThan(double[i]);
          expect(double[i]).toBeLessThanOrEqual(real[i]);
        }
      }
    },
  );
});
