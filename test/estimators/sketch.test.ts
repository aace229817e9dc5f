import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualNetwork } from "../../src/dual/dual-network.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { add, flatten, linear, relu, reshape } from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { type BallSpec, makeBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.1, box: [0, 1] },
  { norm: "l2", epsilon: 0.3, box: null },
];
const FORMS = ["joint", "per-term"] as const;
const EXAMPLES = 2;

async function withDual<T>(
  network: Network,
  ballSpec: BallSpec,
  estimator: Estimator | null,
  run: (dual: DualNetwork, read: (node: number, estimator?: Estimator) => Promise<number[]>) => Promise<T>,
): Promise<T> {
  const backend = createPortableBackend({ dtype: "float64" });
  using tape = new Tape(backend, { record: false });
  const parameters = uploadWeights(backend, lively(network, 5));
  const ball = makeBall(backend, randomExamples(network, EXAMPLES, 3), EXAMPLES, ballSpec);
  const options = estimator ? { estimator } : { complete: true };
  const dual = await buildDual(tape, network, fixedBindings(parameters), ball, options);
  return await run(dual, async (node, own) => [...(await backend.read(dual.radiusAt(node, own).value))]);
}

/** The asymptotic deviation of a median of |Cauchy|, and of a root mean square of normals: of their expectation. */
const DEVIATION = { median: Math.PI / 2, normal: Math.SQRT1_2 };

describe("projections of a network", () => {
  describe.each(Object.entries(LAYER_NETWORKS))("%s", (_name, makeNetwork) => {
    const network = makeNetwork();

    it.each(FORMS)("estimate every radius, pushed through every layer: %s", async (form) => {
      const dimension = 1500;
      for (const spec of BALLS) {
        await withDual(network, spec, null, async (dual, radiusAt) => {
          for (const node of dual.preActivation.keys()) {
            const deterministic = await radiusAt(node);
            const estimate = await radiusAt(node, medianEstimator({ dimension, form, seed: 11 }));
            const most = (6 * DEVIATION.median) / Math.sqrt(dimension);
            deterministic.forEach((radius, i) => {
              expect(Math.abs(estimate[i] - radius)).toBeLessThanOrEqual(most * radius + 1e-12);
            });
          }
        });
      }
    });
  });

  it("outlive a reshape that shares them", async () => {
    const network = graph([8], (x, attach) => {
      const a = attach(linear(9), x);
      const b = attach(reshape([3, 3, 1]), a);
      const c = attach(relu(), attach(linear(9), attach(flatten(), b)));
      return attach(linear(3), attach(relu(), attach(linear(9), attach(add(), a, c))));
    });
    const estimator = medianEstimator({ dimension: 5, seed: 1 });
    await withDual(network, BALLS[0], estimator, async (dual) => expect(dual.estimated.length).toBe(2));
  });

  const wide = sequential([6], [linear(30), relu(), linear(40), relu(), linear(20), relu(), linear(3)]);

  it("have the error of a median: deviation (π/2)/√r, little bias", async () => {
    await withDual(wide, BALLS[0], null, async (_dual, radiusAt) => {
      const node = 5;
      const deterministic = await radiusAt(node);
      const deviations: number[] = [];
      for (const dimension of [25, 100]) {
        const errors: number[] = [];
        for (let seed = 0; seed < 300; seed++) {
          const estimate = await radiusAt(node, medianEstimator({ dimension, seed }));
          estimate.forEach((radius, i) => {
            errors.push(radius / deterministic[i] - 1);
          });
        }
        const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
        const deviation = Math.sqrt(errors.reduce((sum, e) => sum + (e - mean) ** 2, 0) / errors.length);
        // Of 300 sketches the mean itself deviates by up to 0.02; with few projections the median's own bias adds to it.
        expect(Math.abs(mean)).toBeLessThan(0.06);
        expect(deviation * Math.sqrt(dimension)).toBeGreaterThan(0.75 * DEVIATION.median);
        expect(deviation * Math.sqrt(dimension)).toBeLessThan(1.35 * DEVIATION.median);
        deviations.push(deviation);
      }
      expect(deviations[0] / deviations[1]).toBeGreaterThan(1.5);
      expect(deviations[0] / deviations[1]).toBeLessThan(2.8);
    });
  });

  it("take the place of deterministic bounds wherever a layer is wider than their dimension, and nowhere else", async () => {
    const guarantee = (dimension: number, form: "joint" | "per-term") =>
      withDual(wide, BALLS[0], medianEstimator({ dimension, form, seed: 1 }), async (dual) => [
        dual.guarantee,
        [...dual.estimated],
      ]);
    expect(await guarantee(10, "joint")).toEqual(["estimate", [3, 5]]);
    expect(await guarantee(20, "joint")).toEqual(["estimate", [3]]);
    expect(await guarantee(40, "joint")).toEqual(["deterministic", []]);
    // Algorithm 1 projects the first layer, too.
    expect(await guarantee(10, "per-term")).toEqual(["estimate", [1, 3, 5]]);
    expect(await guarantee(30, "per-term")).toEqual(["estimate", [3]]);
  });

  it("are chosen by the planner where they cost less than deterministic bounds", async () => {
    const estimated = (dimension: number) =>
      withDual(
        wide,
        BALLS[0],
        medianEstimator({ dimension, when: "cheaper", seed: 1 }),
        async (dual) => dual.estimated.length,
      );
    expect(await estimated(1)).toBeGreaterThan(0);
    expect(await estimated(2000)).toBe(0);
  });

  it("refuse an l1 ball and two slopes", async () => {
    const estimator = medianEstimator({ dimension: 5, seed: 1 });
    const l1: BallSpec = { norm: "l1", epsilon: 0.1, box: null };
    await expect(withDual(wide, l1, estimator, async () => {})).rejects.toThrow(
      /projections: expected an linf/,
    );
    const backend = createPortableBackend();
    using tape = new Tape(backend, { record: false });
    const ball = makeBall(backend, randomExamples(wide, 1, 1), 1, BALLS[0]);
    const bindings = fixedBindings(uploadWeights(backend, lively(wide, 5)));
    await expect(buildDual(tape, wide, bindings, ball, { estimator, method: "adaptive" })).rejects.toThrow(
      /projections: expected the parallel bound/,
    );
  });
});
