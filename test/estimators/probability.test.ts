import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { countEstimates } from "../../src/estimators/count.js";
import { geometricMeanEstimator } from "../../src/estimators/geometric-mean.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { type TailBound, tailBound } from "../../src/estimators/tail.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { type BallSpec, makeBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const BALL: BallSpec = { norm: "linf", epsilon: 0.05, box: [0, 1] };
const DIMENSION = 6;
const SKETCHES = 2;
const SEEDS = 2000;

/** Two layers are projected, the second over lines that the first's projections shaped. */
const network = sequential([5], [linear(12), relu(), linear(9), relu(), linear(8), relu(), linear(3)]);
const model = lively(network, 5);
const x = randomExamples(network, 1, 3);

/** How many of the seeds give an example whose radius at any node falls below the dual network's own over the same lines. */
async function failures(tail: TailBound, form: "joint" | "per-term"): Promise<number> {
  const backend = createPortableBackend({ dtype: "float64" });
  const bindings = fixedBindings(uploadWeights(backend, model));
  const ball = makeBall(backend, x, 1, BALL);
  let failed = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    using tape = new Tape(backend, { record: false });
    const estimator = geometricMeanEstimator({ tail, form, seed });
    const dual = await buildDual(tape, network, bindings, ball, { estimator });
    let short = false;
    for (const node of dual.estimated) {
      const bounds = dual.preActivation.get(node);
      if (!bounds) throw new Error(`node ${node} was not bounded`);
      const [lower, upper, own] = await Promise.all(
        [bounds.lower, bounds.upper, dual.radiusAt(node)].map(({ value }) => backend.read(value)),
      );
      short ||= own.some((radius, i) => (upper[i] - lower[i]) / 2 < radius * (1 - 1e-9));
    }
    if (short) failed += 1;
  }
  return failed;
}

/** The least k with P(Bin(n, p) ≥ k) below one in a thousand. */
function binomialLimit(n: number, p: number): number {
  let term = (1 - p) ** n;
  let below = 0;
  for (let k = 0; k <= n; k++) {
    if (1 - below < 1e-3) return k;
    below += term;
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return n + 1;
}

describe("certificates that hold with probability 1 − δ", () => {
  it.each(["joint", "per-term"] as const)(
    "fail no more often than δ allows over 2,000 seeds: %s",
    { timeout: 120_000 },
    async (form) => {
      const estimates = countEstimates(network, DIMENSION, form);
      expect(estimates).toBe(form === "joint" ? 17 : 12 + 2 * 9 + 3 * 8);
      for (const delta of [0.1, 0.01]) {
        const failed = await failures(tailBound(DIMENSION, SKETCHES, delta, estimates), form);
        expect(failed).toBeLessThan(binomialLimit(SEEDS, delta));
      }
      // What was counted can be seen to fail: without the widening it does, far more often than any δ.
      const none = { dimension: DIMENSION, sketches: SKETCHES, delta: 0.1, estimates, epsilon: 0 };
      expect(await failures(none, form)).toBeGreaterThan(0.2 * SEEDS);
    },
  );

  it("say what they are worth, and an estimate certifies nothing", async () => {
    const backend = createPortableBackend({ dtype: "float64" });
    const parameters = uploadWeights(backend, model);
    const tiny: BallSpec = { norm: "linf", epsilon: 1e-6, box: [0, 1] };
    const tail = tailBound(DIMENSION, SKETCHES, 0.01, countEstimates(network, DIMENSION, "joint"));
    const verdict = (dual: DualOptions) =>
      certifyBatch({ backend, network, parameters }, { x }, { ...tiny, ...dual });
    const deterministic = await verdict({});
    const probable = await verdict({ estimator: geometricMeanEstimator({ tail, seed: 1 }) });
    const estimate = await verdict({ estimator: medianEstimator({ dimension: DIMENSION, seed: 1 }) });
    expect([deterministic.guarantee, deterministic.examples[0].certified]).toEqual(["deterministic", true]);
    expect([probable.guarantee, probable.examples[0].certified]).toEqual(["probability", true]);
    expect([estimate.guarantee, estimate.examples[0].certified]).toEqual(["estimate", false]);
    expect(estimate.examples[0].marginLower.some((margin) => margin > 0)).toBe(true);
  });

  it("stop at more estimates than the union bound counted", async () => {
    const backend = createPortableBackend({ dtype: "float64" });
    const parameters = uploadWeights(backend, model);
    const tail = tailBound(DIMENSION, SKETCHES, 0.01, 10);
    const options = { estimator: geometricMeanEstimator({ tail, seed: 1 }) };
    await expect(
      certifyBatch({ backend, network, parameters }, { x }, { ...BALL, ...options }),
    ).rejects.toThrow(/17 estimates, where the guarantee has room for 10/);
  });
});
