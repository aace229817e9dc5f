import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Dtype } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { add, flatten, linear, relu, reshape } from "../../src/network/build-layer.js";
import { graph, type Network } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { EVALUATIONS } from "../../src/threat/evaluation.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively, livelyWeights } from "../support/networks.js";

const EXAMPLES = 3;
const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.1 },
  { norm: "linf", epsilon: 0.1, box: [0, 1] },
  { norm: "l2", epsilon: 0.3 },
  { norm: "l1", epsilon: 0.3 },
  { norm: "linf", epsilon: 0 },
];
const METHODS: readonly DualOptions[] = [
  {},
  { method: "adaptive" },
  { direction: "forward" },
  { method: "interval" },
];
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
  it.each(["with flatten", "where several layers read the ReLUs"])(
    "costs nothing for terms that are 0, whatever their number: %s",
    async (kind) => {
      const hidden = 2048;
      const used = 16;
      // Nothing is read of the other units, whether they are on or off.
      const lost = async (bias: number): Promise<number> => {
        const source = random(1, "alive");
        const head = graph([2, 3, 3], (input, attach) => {
          const units = attach(reshape([hidden, 1, 1]), attach(linear(hidden), attach(flatten(), input)));
          const on = attach(flatten(), attach(relu(), units));
          const out = () => attach(relu(), attach(linear(3), on));
          return kind === "with flatten" ? out() : attach(add(), out(), out());
        });
        const weights = new Map(
          [...livelyWeights(head, 4)].map(([name, values]) => {
            if (name === "linear1.bias") return [name, values.map((_, i) => (i < used ? 1 : bias))] as const;
            const isRead = (i: number): boolean => name === "linear1.weight" || i % hidden < used;
            return [name, values.map((_, i) => (isRead(i) ? source.uniform() - 0.5 : 0))] as const;
          }),
        );
        const backend = createPortableBackend({ dtype: "float32" });
        const model = {
          backend,
          network: head,
          parameters: uploadWeights(backend, { network: head, weights }),
        };
        const batch = { x: randomExamples(head, 1, 3).map(Math.fround), labels: Int32Array.of(0) };
        const found = await Promise.all(
          [null, "float32" as const].map((rounding) =>
            certifyBatch(model, batch, { norm: "linf", epsilon: 0.01, rounding, against: "label" }),
          ),
        );
        const [plain, outward] = found.map(({ examples: [{ marginLower }] }) => marginLower[1]);
        return plain - outward;
      };
      expect(await lost(-50)).toBeLessThan(0.75 * (await lost(50)));
    },
  );

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
