import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { predict } from "../../src/network/predict.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import { placeModel, uploadWeights } from "../../src/network/weights.js";
import { RUNGS } from "../../src/verify/rungs.js";
import { certifyByRungs } from "../../src/verify/strongest.js";
import { livelyWeights } from "../support/networks.js";

const NETWORK = sequential([4], [linear(12), relu(), linear(10), relu(), linear(3)]);
const EXAMPLES = 24;
const backend = createPortableBackend();

function subject(seed: number) {
  const model = { network: NETWORK, weights: livelyWeights(NETWORK, seed) };
  return {
    placed: { backend, network: NETWORK, parameters: uploadWeights(backend, model) },
    own: subjectOf(backend, model),
  };
}

function points(seed: number): Float64Array {
  const source = random(seed, "examples");
  return Float64Array.from({ length: 4 * EXAMPLES }, () => source.uniform());
}

describe("what proves an example first", () => {
  it("is the cheapest that can, and no point of the ball contradicts it", async () => {
    const seen = new Set<string>();
    for (const seed of [1, 2, 3]) {
      const { placed, own } = subject(seed);
      const x = points(seed);
      for (const epsilon of [0.02, 0.08, 0.16]) {
        const ball = { norm: "linf", epsilon, box: [0, 1] } as const;
        const { examples } = await certifyByRungs(placed, { x }, ball, { seconds: 5 });
        for (const method of ["interval", "parallel", "adaptive"] as const) {
          const { examples: single } = await certifyBatch(placed, { x }, { ...ball, method });
          single.forEach(({ certified, marginLower }, b) => {
            if (certified)
              expect(RUNGS.indexOf(examples[b].rung as never)).toBeLessThanOrEqual(RUNGS.indexOf(method));
            const isTried =
              examples[b].rung === null || RUNGS.indexOf(examples[b].rung as never) >= RUNGS.indexOf(method);
            if (!isTried) return;
            for (const [j, bound] of marginLower.entries()) {
              expect(examples[b].marginLower[j]).toBeGreaterThanOrEqual(bound);
            }
          });
        }
        const source = random(seed, "points");
        for (const [b, { certified, rung, prediction }] of examples.entries()) {
          seen.add(String(rung));
          expect(certified).toBe(rung !== null);
          if (!certified) continue;
          const near = Float64Array.from({ length: 4 * 200 }, (_, i) => {
            const value = x[Math.floor(i / 200) * EXAMPLES + b];
            const step =
              source.uniform() < 0.5 ? Math.sign(source.uniform() - 0.5) : 2 * source.uniform() - 1;
            return Math.min(1, Math.max(0, value + epsilon * step));
          });
          const answers = predict(await outputsAt(own, near, 200), 200);
          expect(new Set(answers)).toEqual(new Set([prediction]));
        }
      }
    }
    expect(seen.has("interval")).toBe(true);
    expect(seen.has("null")).toBe(true);
    expect([...seen].some((rung) => ["slopes", "input splitting", "neuron splitting"].includes(rung))).toBe(
      true,
    );
  });

  it("ends with bounds where there is no time, in other norms, and without rounding", async () => {
    const { placed } = subject(1);
    const bounds = ["interval", "parallel", "adaptive", null];
    for (const [ball, seconds] of [
      [{ norm: "linf", epsilon: 0.1 }, 0],
      [{ norm: "l2", epsilon: 0.2 }, 5],
      [{ norm: "linf", epsilon: 0.1, rounding: null }, 5],
    ] as const) {
      const { examples } = await certifyByRungs(placed, { x: points(1) }, ball, { seconds });
      for (const { rung } of examples) expect(bounds).toContain(rung);
    }
  });

  it("is looked for in double precision, where the rounding of single precision would be more than what is left", async () => {
    // Two units of 65,536 and more cancel in the next layer: single precision has steps of 1/128 there.
    const single = createPortableBackend({ dtype: "float32" });
    const weights = new Map(livelyWeights(NETWORK, 1));
    const [w1, b1, w2] = ["linear1.weight", "linear1.bias", "linear2.weight"].map((name) =>
      Float64Array.from(weights.get(name) as Float64Array),
    );
    for (const unit of [0, 1]) b1[unit] = 65_536;
    for (let feature = 0; feature < 4; feature++) w1[4 + feature] = w1[feature];
    for (let unit = 0; unit < 10; unit++) w2[12 * unit + 1] = -w2[12 * unit];
    const rounded = [
      ...[...weights, ["linear1.weight", w1], ["linear1.bias", b1], ["linear2.weight", w2]],
    ] as const;
    const model = {
      network: NETWORK,
      weights: new Map(
        rounded.map(([name, values]) => [name as string, Float32Array.from(values as Float64Array)]),
      ),
    };
    using placed = placeModel(single, model);
    const { backend, network, parameters } = placed;
    const ball = { norm: "linf", epsilon: 0.05, box: [0, 1], rounding: "real" } as const;
    const x = points(1);
    const count = async (of: Parameters<typeof certifyByRungs>[0]) => {
      const { examples } = await certifyByRungs(of, { x }, ball, { seconds: 0.2 });
      return examples.filter(({ certified }) => certified).length;
    };
    const [proved, without] = [await count(placed), await count({ backend, network, parameters })];
    expect(proved).toBeGreaterThan(without);
  });

  it("proves no label that the model does not give", async () => {
    const { placed } = subject(2);
    const x = points(2);
    const labels = new Int32Array(EXAMPLES);
    const ball = { norm: "linf", epsilon: 0.01, against: "label" } as const;
    const { examples } = await certifyByRungs(placed, { x, labels }, ball, { seconds: 1 });
    for (const { prediction, certified } of examples) if (prediction !== 0) expect(certified).toBe(false);
    expect(examples.some(({ certified }) => certified)).toBe(true);
  });
});
