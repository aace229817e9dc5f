import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { boundedNeurons, countEstimates } from "../../src/estimators/count.js";
import { geometricMeanEstimator } from "../../src/estimators/geometric-mean.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { dimensionFor, logLowerTail, MOST_TAIL_EPSILON, tailBound } from "../../src/estimators/tail.js";
import { trainingEstimator } from "../../src/estimators/training.js";
import {
  add,
  averagePool,
  batchNorm,
  conv2d,
  flatten,
  identity,
  linear,
  maxPool,
  pad,
  relu,
  reshape,
  scaleShift,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, sequential } from "../../src/network/network.js";

describe("the tail bound", () => {
  it("is Chernoff's at the exponent where that is smallest, which no other exponent passes", () => {
    for (const epsilon of [0.01, 0.2, 0.5, 0.9, 0.99]) {
      // E|C|^(−s) = 1/cos(πs/2), so that any s of these bounds P(ĝ ≤ 1 − ε).
      const at = (s: number) => s * Math.log(1 - epsilon) - Math.log(Math.cos((Math.PI * s) / 2));
      let [low, high] = [0, 1 - 1e-9];
      for (let i = 0; i < 200; i++) {
        const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
        if (at(a) <= at(b)) high = b;
        else low = a;
      }
      const best = at(low);
      expect(logLowerTail(1, epsilon)).toBeCloseTo(best, 12);
      expect(logLowerTail(7, epsilon)).toBeCloseTo(7 * best, 11);
      // Of one projection the probability is known: P(|C| ≤ 1 − ε).
      expect(Math.exp(logLowerTail(1, epsilon))).toBeGreaterThan((2 / Math.PI) * Math.atan(1 - epsilon));
    }
  });

  it("spends no more than δ on all estimates, and hardly less", () => {
    for (const [r, m, delta, n] of [
      [50, 5, 0.01, 1000],
      [200, 10, 1e-6, 6572],
      [20, 3, 0.5, 7],
      [10, 10, 0.999, 1],
    ]) {
      const { epsilon, ...given } = tailBound(r, m, delta, n);
      expect(given).toEqual({ dimension: r, sketches: m, delta, estimates: n });
      const logSpent = (at: number) => Math.log(n) + m * logLowerTail(r, at);
      expect(logSpent(epsilon)).toBeLessThanOrEqual(Math.log(delta) + 1e-12 * m);
      expect(logSpent(epsilon * (1 - 1e-9))).toBeGreaterThan(Math.log(delta));
    }
    expect(tailBound(1, 1, 0.5, 0).epsilon).toBe(0);
    // Where half spends all of it to the last digit, half will do.
    const all = [1, 2, 3, 4, 5, 6, 7, 8].map((r) => [r, logLowerTail(r, 0.5)] as const);
    const exact = all.filter(([, own]) => Math.log(Math.exp(own)) === own);
    expect(exact.length).toBeGreaterThan(0);
    for (const [r, own] of exact) expect(tailBound(r, 1, Math.exp(own), 1).epsilon).toBeLessThanOrEqual(0.5);
  });

  it("reaches as far as a widening tenfold, and no farther", () => {
    expect(MOST_TAIL_EPSILON).toBe(0.9);
    const most = Math.exp(logLowerTail(3, 0.9));
    expect(tailBound(3, 1, most * 1.0001, 1).epsilon).toBeCloseTo(0.9, 4);
    expect(() => tailBound(3, 1, most * 0.9999, 1)).toThrow(/cannot be reached/);
    // Where it is reached to the last digit it is reached.
    const exact = Array.from({ length: 60 }, (_, i) => i + 1).filter((r) => {
      const own = logLowerTail(r, 0.9);
      return Math.log(Math.exp(own)) === own;
    });
    expect(exact.length).toBeGreaterThan(0);
    for (const r of exact) expect(tailBound(r, 1, Math.exp(logLowerTail(r, 0.9)), 1).epsilon).toBe(0.9);
  });

  it("says which dimension or how many sketches would do, the fewest", () => {
    const messageOf = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    const message = messageOf(() => tailBound(2, 3, 1e-9, 500));
    const [, r, m] = (/; (\d+) projections or (\d+) sketches/.exec(message) ?? []).map(Number);
    const fits = (dimension: number, sketches: number) =>
      500 * Math.exp(sketches * logLowerTail(dimension, 0.9)) <= 1e-9;
    expect([fits(r, 3), fits(r - 1, 3), fits(2, m), fits(2, m - 1)]).toEqual([true, false, true, false]);
    expect(dimensionFor(0.9, 3, 1e-9, 500)).toBe(r);
    expect(dimensionFor(0.3, 2, 0.05, 40)).toBe(Math.ceil(Math.log(0.05 / 40) / 2 / logLowerTail(1, 0.3)));
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN])("knows no probability of %s", (delta) => {
    expect(() => tailBound(50, 10, delta, 100)).toThrow(/delta: expected a probability above 0 and below 1/);
  });
});

describe("the union bound", () => {
  const joint = (before: readonly Layer[], inputShape: readonly number[] = [1, 4, 4]): number => {
    const network = sequential(inputShape, [...before, relu(), flatten(), linear(2)]);
    return countEstimates(network, 1, "joint");
  };

  it("counts the neurons before every activation, in order", () => {
    const network = sequential(
      [1, 4, 4],
      [conv2d(2, { kernel: 3 }), relu(), maxPool({ kernel: 2 }), flatten(), linear(5), relu(), linear(2)],
    );
    expect(boundedNeurons(network)).toEqual([8, 8, 5]);
    // 8 + 2 · 8 + 3 · 5 by terms; jointly the first layer's radius is exact.
    expect(countEstimates(network, 1, "per-term")).toBe(39);
    expect(countEstimates(network, 1, "joint")).toBe(8 + 5);
    // Layers no wider than the projection dimension are bounded by rows.
    expect(countEstimates(network, 5, "per-term")).toBe(24);
    expect(countEstimates(network, 4, "per-term")).toBe(39);
    expect([countEstimates(network, 7, "joint"), countEstimates(network, 8, "joint")]).toEqual([8, 0]);
  });

  it("leaves out what is exact: behind one sum at most, and layers that take each input by itself", () => {
    expect(joint([])).toBe(0);
    expect(joint([flatten(), linear(3)])).toBe(0);
    expect(joint([conv2d(2, { kernel: 3 })])).toBe(0);
    expect(joint([averagePool({ kernel: 2 })])).toBe(0);
    expect(joint([identity(), scaleShift(2, 1), conv2d(2, { kernel: 3 }), batchNorm(), reshape([8])])).toBe(
      0,
    );
  });

  it("counts what is not, or not known to be", () => {
    expect(joint([averagePool({ kernel: 2 }), flatten(), linear(3)])).toBe(3);
    expect(joint([flatten(), linear(3), linear(4)])).toBe(4);
    expect(joint([pad([0, 1, 1], [0, 1, 1], 0)])).toBe(36);
    expect(joint([flatten(), linear(3), relu(), linear(6)])).toBe(6);
    // Sums of one input on two ways are not independent.
    const network = graph([4], (input, attach) =>
      attach(linear(2), attach(relu(), attach(add(), attach(linear(4), input), input))),
    );
    expect(countEstimates(network, 1, "joint")).toBe(4);
  });
});

const backend = createPortableBackend({ dtype: "float64" });
const tape = new Tape(backend, { record: false });
/** Two features, three projections of each of two examples. */
const PROJECTIONS = [
  [1, -2, 4, 8, 1, -1],
  [-3, 3, 3, 0.5, -0.5, 4],
];
const projections = () => tape.own(backend.upload(2, 6, Float64Array.from(PROJECTIONS.flat())));

describe("the estimator of bounds that hold with probability 1 − δ", () => {
  const tail = { dimension: 3, sketches: 4, delta: 0.1, estimates: 17, epsilon: 0.2 };

  it("widens geometric means by what may be short of them", async () => {
    const { estimate } = geometricMeanEstimator({ tail, seed: 1 });
    const found = await backend.read(estimate(tape, projections(), 1).value);
    for (const [i, exact] of [2, 2, 3, 1].entries()) expect(found[i] / (exact / 0.8)).toBeCloseTo(1, 12);
    expect(() => estimate(tape, projections(), 2)).toThrow(/expected an linf ball/);
  });

  it("is worth what its tail bound counts", () => {
    const { noise: _noise, estimate: _estimate, ...joint } = geometricMeanEstimator({ tail, seed: 1 });
    expect(joint).toEqual({
      ...{ dimension: 3, form: "joint", when: "wider", firstLayer: false, guarantee: "probability" },
      ...{ sketches: 4, budget: 17, independent: true },
    });
    const perTerm = geometricMeanEstimator({ tail, seed: 1, form: "per-term" });
    expect([perTerm.form, perTerm.firstLayer]).toEqual(["per-term", true]);
  });

  it("draws anew for every node that arises and is bounded, every sketch, path and seed", () => {
    const own = geometricMeanEstimator({ tail, seed: 1 });
    const drawn = [
      own.noise("cauchy", 0, 3, 0),
      own.noise("cauchy", 2, 3, 0),
      own.noise("cauchy", 0, 4, 0),
      own.noise("cauchy", 0, 3, 1),
      geometricMeanEstimator({ tail, seed: 2 }).noise("cauchy", 0, 3, 0),
      geometricMeanEstimator({ tail, seed: 1, path: [7] }).noise("cauchy", 0, 3, 0),
      medianEstimator({ dimension: 3, seed: 1 }).noise("cauchy", 0, 3, 0),
    ].map(({ key, stream }) => JSON.stringify([key, stream]));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(own.noise("cauchy", 0, 3, 0)).toEqual(own.noise("cauchy", 0, 3, 0));
    const unnamed = geometricMeanEstimator({ tail, seed: 1, path: [] }).noise("cauchy", 0, 3, 0);
    expect(own.noise("cauchy", 0, 3, 0)).toEqual(unnamed);
    expect(own.noise("cauchy", 0, 3, 0)).not.toHaveProperty("examples");
    const examples = [5, 9];
    const named = geometricMeanEstimator({ tail, seed: 1, examples }).noise("cauchy", 0, 3, 0);
    expect(named.examples).toBe(examples);
    expect(named.distribution).toBe("cauchy");
  });
});

describe("the estimator of medians", () => {
  it("takes the median of |Cauchy projections|, and of normal ones the root of the mean square", async () => {
    const { estimate } = medianEstimator({ dimension: 3, seed: 1 });
    expect([...(await backend.read(estimate(tape, projections(), 1).value))]).toEqual([2, 1, 3, 0.5]);
    const roots = await backend.read(estimate(tape, projections(), 2).value);
    for (const [i, squares] of [1 + 4 + 16, 64 + 1 + 1, 27, 0.25 + 0.25 + 16].entries()) {
      expect(roots[i] / Math.sqrt(squares / 3)).toBeCloseTo(1, 12);
    }
  });

  it("is an estimate, whatever is asked of it", () => {
    const { noise: _noise, estimate: _estimate, ...own } = medianEstimator({ dimension: 3, seed: 1 });
    expect(own).toEqual({
      ...{ dimension: 3, form: "joint", when: "wider", firstLayer: false, guarantee: "estimate" },
      ...{ sketches: 1, independent: false },
    });
    const paper = medianEstimator({ dimension: 3, seed: 1, form: "per-term", when: "always" });
    expect([paper.form, paper.when, paper.firstLayer]).toEqual(["per-term", "always", true]);
    expect(medianEstimator({ dimension: 3, seed: 1, form: "per-term", firstLayer: false }).firstLayer).toBe(
      false,
    );
  });

  it("draws anew for every node that arises, path and seed", () => {
    const drawn = [
      medianEstimator({ dimension: 3, seed: 1 }).noise("normal", 0, -1, 0),
      medianEstimator({ dimension: 3, seed: 1 }).noise("normal", 2, -1, 0),
      medianEstimator({ dimension: 3, seed: 2 }).noise("normal", 0, -1, 0),
      medianEstimator({ dimension: 3, seed: 1, path: ["step"] }).noise("normal", 0, -1, 0),
    ];
    expect(new Set(drawn.map(({ key, stream }) => JSON.stringify([key, stream]))).size).toBe(4);
    expect(medianEstimator({ dimension: 3, seed: 1, path: [] }).noise("normal", 0, -1, 0)).toEqual(drawn[0]);
    expect(drawn[0]).not.toHaveProperty("examples");
    const examples = [3];
    expect(medianEstimator({ dimension: 3, seed: 1, examples }).noise("normal", 0, -1, 0).examples).toBe(
      examples,
    );
  });
});

describe("the estimator of training", () => {
  const settings = { seed: 5, path: [1], form: "per-term" } as const;

  it("is none, the paper's, or whatever is cheaper", () => {
    expect(trainingEstimator("exact", settings)).toBeNull();
    const few = trainingEstimator(7, settings);
    expect([few?.dimension, few?.when, few?.form, few?.guarantee]).toEqual([
      7,
      "wider",
      "per-term",
      "estimate",
    ]);
    const auto = trainingEstimator("auto", settings);
    expect([auto?.dimension, auto?.when, auto?.form]).toEqual([50, "cheaper", "per-term"]);
    const same = medianEstimator({ ...settings, dimension: 7 });
    expect(few?.noise("cauchy", 0, -1, 0)).toEqual(same.noise("cauchy", 0, -1, 0));
    expect(auto?.noise("cauchy", 0, -1, 0)).toEqual(same.noise("cauchy", 0, -1, 0));
  });
});
