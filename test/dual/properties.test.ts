import { describe, expect, it } from "vitest";
import { Tape, type Variable } from "../../src/autodiff/index.js";
import { random } from "../../src/compute/random.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { sizeOf } from "../../src/network/shape.js";
import { trainedBindings, uploadWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { robustLoss } from "../../src/train/losses/cross-entropy.js";
import { Bench, randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";

const NETWORKS = [
  ...Object.entries(LAYER_NETWORKS),
  ...[11, 12, 13, 14].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)] as const),
];
const EXAMPLES = 3;
const LABELS = Int32Array.from([0, 1, 2]);
const SPECS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.08 },
  { norm: "linf", epsilon: 0.15, box: [0, 1] },
  { norm: "l2", epsilon: 0.3 },
  { norm: "l1", epsilon: 0.6 },
];

describe.each(NETWORKS)("%s", (_, makeNetwork) => {
  const network = makeNetwork();
  const bench = new Bench(lively(network, 5));
  const x = randomExamples(network, EXAMPLES, 5);
  const margins = (spec: BallSpec, options: DualOptions = {}) =>
    bench.margins(bench.ball(x, EXAMPLES, spec), LABELS, options);

  it.each(SPECS)("both directions give the same number: $norm $epsilon $box", async (spec) => {
    const backward = await margins(spec, { complete: true });
    const forward = await margins(spec, { direction: "forward" });
    expect(largestRelativeError(forward, backward)).toBeLessThan(1e-10);
    expect(largestRelativeError(await margins(spec), backward)).toBeLessThan(1e-10);
  });

  it("epsilon 0 gives the network itself", async () => {
    const logits = await bench.logits(x, EXAMPLES);
    const differences = Array.from(logits, (_value, i) => {
      const b = i % EXAMPLES;
      return logits[LABELS[b] * EXAMPLES + b] - logits[i];
    });
    for (const method of ["parallel", "adaptive"] as const) {
      for (const norm of ["linf", "l2", "l1"] as const) {
        const bounds = await margins({ norm, epsilon: 0 }, { method });
        expect(largestRelativeError(bounds, differences)).toBeLessThan(1e-10);
      }
    }
  });

  it.each(["linf", "l2", "l1"] as const)("bounds grow with epsilon: %s", async (norm) => {
    const widths = await Promise.all(
      [0, 0.01, 0.03, 0.1, 0.3].map((epsilon) =>
        bench.dual(bench.ball(x, EXAMPLES, { norm, epsilon }), { complete: true }, (dual) =>
          Promise.all(
            [...dual.preActivation.values()].map(async ({ lower, upper }) => {
              const [l, u] = [await bench.values(lower), await bench.values(upper)];
              return l.map((value, i) => u[i] - value);
            }),
          ),
        ),
      ),
    );
    // The first pre-activations are exact, so each interval contains the one before it.
    for (let i = 1; i < widths.length; i++) {
      expect(widths[i][0].every((width, k) => width >= widths[i - 1][0][k] - 1e-12)).toBe(true);
    }
    const totals = widths.map((layers) =>
      layers.flatMap((layer) => [...layer]).reduce((sum, w) => sum + w, 0),
    );
    for (let i = 1; i < totals.length; i++) expect(totals[i]).toBeGreaterThan(totals[i - 1]);
  });

  it("a box makes the first bounds no wider", async () => {
    const first = (spec: BallSpec) =>
      bench.dual(bench.ball(x, EXAMPLES, spec), {}, async (dual) => {
        const [{ lower, upper }] = [...dual.preActivation.values()];
        return { lower: await bench.values(lower), upper: await bench.values(upper) };
      });
    const free = await first({ norm: "linf", epsilon: 0.3 });
    const boxed = await first({ norm: "linf", epsilon: 0.3, box: [0, 1] });
    expect(boxed.lower.every((value, i) => value >= free.lower[i] - 1e-12)).toBe(true);
    expect(boxed.upper.every((value, i) => value <= free.upper[i] + 1e-12)).toBe(true);
  });

  it("one epsilon an example or a feature, all alike, is the scalar epsilon", async () => {
    const plain = await margins({ norm: "linf", epsilon: 0.07 });
    const perExample = await margins({ norm: "linf", epsilon: { perExample: [0.07, 0.07, 0.07] } });
    const perFeature = new Float64Array(sizeOf(network.inputShape)).fill(0.07);
    expect(largestRelativeError(perExample, plain)).toBeLessThan(1e-12);
    const byFeature = await margins({ norm: "linf", epsilon: { perFeature } });
    expect(largestRelativeError(byFeature, plain)).toBeLessThan(1e-12);
  });

  it.each([
    ["parallel", { norm: "linf", epsilon: 0.06, box: [0, 1] }, {}],
    ["parallel, l2, in pieces", { norm: "l2", epsilon: 0.2 }, { pieceBytes: 1 }],
    ["parallel, l1", { norm: "l1", epsilon: 0.4 }, {}],
    ["parallel, forward", { norm: "linf", epsilon: 0.06 }, { direction: "forward" }],
    ["adaptive", { norm: "linf", epsilon: 0.06 }, { method: "adaptive" }],
  ] as const)("gradients follow finite differences: %s", async (_name, spec, options) => {
    const { backend } = bench;
    const model = lively(network, 5);
    const ball = bench.ball(x, EXAMPLES, spec);
    const lossAt = async (weights: typeof model.weights): Promise<number> => {
      const shifted = new Bench({ network, weights });
      const labels = LABELS;
      const value = await shifted.dual(shifted.ball(x, EXAMPLES, spec), options, (dual, tape) =>
        shifted.values(robustLoss(tape, dual.margins(labels), labels)),
      );
      return value[0];
    };
    using tape = new Tape(backend, { record: true });
    const parameters = uploadWeights(backend, model);
    const bindings = trainedBindings(network, parameters);
    const names = [...bindings].flatMap(([name, { tracked }]) => (tracked ? [name] : []));
    const dual = await buildDual(tape, network, bindings, ball, options);
    const loss = robustLoss(tape, dual.margins(LABELS), LABELS);
    const gradients = tape.gradients(
      loss,
      names.map((name) => bindings.get(name) as Variable),
    );
    // Along random directions in the space of all weights. The loss has kinks, where a neuron changes its case; a
    // direction that happens to cross one within the step differs, so one in five may.
    let agreeing = 0;
    for (let k = 0; k < 5; k++) {
      const source = random(k, "direction");
      let slope = 0;
      const direction = new Map<string, Float64Array>();
      for (const [i, name] of names.entries()) {
        const step = (model.weights.get(name) as Float64Array).map(() => source.normal());
        const gradient = gradients[i];
        const values = gradient ? await backend.read(gradient) : undefined;
        step.forEach((value, j) => {
          slope += value * (values?.[j] ?? 0);
        });
        direction.set(name, step);
      }
      const at = (t: number) =>
        lossAt(
          new Map(
            [...model.weights].map(([name, values]) => {
              const step = direction.get(name);
              return [name, step ? values.map((value, j) => value + t * step[j]) : values];
            }),
          ),
        );
      const h = 2e-7;
      const difference = ((await at(h)) - (await at(-h))) / (2 * h);
      if (Math.abs(difference - slope) < 1e-5 * Math.max(1, Math.abs(slope))) agreeing += 1;
    }
    expect(agreeing).toBeGreaterThanOrEqual(4);
  });
});
