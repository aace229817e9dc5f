import { afterEach, describe, expect, it, vi } from "vitest";
import { Budget } from "../../src/compute/budget.js";
import { Deadline } from "../../src/compute/deadline.js";
import type { Dataset } from "../../src/data/dataset.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { medianEstimator } from "../../src/estimators/median.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type PlacedNetwork, uploadWeights } from "../../src/network/weights.js";
import { type CertificationSettings, certifyDataset, evaluationOf } from "../../src/runs/certification.js";
import type { JudgedExample } from "../../src/runs/certification-summary.js";
import type { Figures, Observer, Work } from "../../src/runs/observer.js";
import { livelyWeights } from "../support/networks.js";
import { BENT, CONSTANT, IDENTITY, pointsOf } from "../support/two-neurons.js";

afterEach(() => void vi.restoreAllMocks());

const POINTS = [
  { x: [0.75, 0.25], label: 0 },
  { x: [0.5, 0.375], label: 0 },
  { x: [0.25, 0.75], label: 0 },
  { x: [0.25, 0.75], label: 1 },
];

const dataset = (points = POINTS) => pointsOf(points);

/** z₀ − z₁ is known to ± 0.25. */
const SETTINGS: CertificationSettings = {
  ...{ ball: { norm: "linf", epsilon: 0.125, box: null }, method: "parallel", against: "prediction" },
  batch: 2,
};
const certify = (change: Partial<CertificationSettings> = {}, data: Dataset = dataset()) =>
  certifyDataset([IDENTITY], data, { ...SETTINGS, ...change });

/** A clock that stands still, and is moved by hand: seconds. */
function stoppedClock(): { seconds: number } {
  const clock = { seconds: 1000 };
  vi.spyOn(performance, "now").mockImplementation(() => 1000 * clock.seconds);
  return clock;
}

/** Does something whenever examples were judged: so many by then. */
const atUpdate = (run: (done: number) => void): Observer => ({
  begin: () => ({ update: run, end: () => {} }),
});

const verdictsOf = (examples: readonly Pick<JudgedExample, "prediction" | "certified">[]) =>
  examples.map(({ prediction, certified }) => [prediction, certified]);

describe("a certification", () => {
  it("counts an example as right only if it is certified and rightly answered", async () => {
    const { examples, summary, ...rest } = await certify();
    expect(verdictsOf(examples)).toEqual([
      [0, true],
      [0, false],
      [1, true],
      [1, true],
    ]);
    expect(examples.map(({ index, label, stage }) => [index, label, stage])).toEqual(
      POINTS.map(({ label }, i) => [i, label, 0]),
    );
    const margins = examples.map(({ marginLower }) => marginLower);
    for (const [i, exact] of [
      [0, 0.25],
      [-0.125, 0],
      [0.25, 0],
      [0.25, 0],
    ].entries()) {
      const j = i < 2 ? 1 : 0;
      const bound = i === 0 ? exact[1] : exact[0];
      expect(margins[i][1 - j]).toBe(0);
      expect(margins[i][j]).toBeLessThan(bound);
      expect(margins[i][j]).toBeCloseTo(bound, 5);
    }
    expect(summary).toEqual({
      ...{ error: 0.25, robustError: 0.5, certified: 0.75 },
      ...{ seconds: expect.any(Number), examplesPerSecond: expect.any(Number) },
    });
    expect(rest).toEqual({ about: "model", guarantee: "deterministic", evaluation: "float32" });
    expect("rung" in examples[0]).toBe(false);
  });

  it("takes so many examples at a time, fewer where memory is scarce, and those asked for alone", async () => {
    const sizes = async (change: Partial<CertificationSettings>) => {
      const kept: number[][] = [];
      const keep = async (judged: readonly JudgedExample[]) =>
        void kept.push(judged.map(({ index }) => index));
      const { examples } = await certify({ ...change, keep });
      expect(examples.map(({ index }) => index)).toEqual(kept.flat());
      return kept;
    };
    expect(await sizes({})).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(await sizes({ batch: 3 })).toEqual([[0, 1, 2], [3]]);
    expect(await sizes({ budget: new Budget(1) })).toEqual([[0], [1], [2], [3]]);
    expect(await sizes({ budget: new Budget(2 ** 30) })).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const among = Int32Array.of(3, 1, 0);
    expect(await sizes({ among })).toEqual([[3, 1], [0]]);
    const { summary, examples } = await certify({ among });
    expect(verdictsOf(examples)).toEqual([
      [1, true],
      [0, false],
      [0, true],
    ]);
    expect("unreached" in summary).toBe(false);
  });

  it("waits for whoever keeps verdicts", async () => {
    let [begun, done] = [0, 0];
    const keep = async () => {
      expect(done).toBe(begun++);
      await new Promise((resolve) => setTimeout(resolve, 5));
      done += 1;
    };
    await certify({ keep });
    expect([begun, done]).toEqual([2, 2]);
  });

  it("tells its observer how far it is, and the robust error so far", async () => {
    const works: Work[] = [];
    const told: [number, Figures][] = [];
    const begin = (work: Work) => {
      works.push(work);
      return { update: (...update: [number, Figures]) => void told.push(update), end: () => {} };
    };
    await certifyDataset([IDENTITY], dataset(), SETTINGS, { observer: { begin } });
    expect(works).toEqual([{ name: "certify", total: 4, about: "model" }]);
    expect(told).toEqual([
      [2, { robustError: 0.5 }],
      [4, { robustError: 0.5 }],
    ]);
  });

  it("holds for the evaluation that the model's numbers are made for, unless it is told another", async () => {
    const double = { ...IDENTITY, madeFor: "float64" } as const;
    const evaluation = async (stage: PlacedNetwork, change: Partial<CertificationSettings> = {}) =>
      (await certifyDataset([stage], dataset(), { ...SETTINGS, ...change })).evaluation;
    expect(await evaluation(IDENTITY)).toBe("float32");
    expect(await evaluation(double)).toBe("float64");
    expect(await evaluation(double, { rounding: "float32-ftz" })).toBe("float32-ftz");
    expect(await evaluation(double, { rounding: null })).toBeNull();
    expect(evaluationOf([IDENTITY, double])).toBe("float64");
    expect(evaluationOf([IDENTITY, IDENTITY])).toBe("float32");
    // That of float32 leaves more room for rounding.
    const margin = async (stage: PlacedNetwork, change: Partial<CertificationSettings> = {}) =>
      (await certifyDataset([stage], dataset(), { ...SETTINGS, ...change })).examples[0].marginLower[1];
    expect(0.25 - (await margin(IDENTITY))).toBeGreaterThan(1e-8);
    expect(0.25 - (await margin(double))).toBeLessThan(1e-12);
    expect(await margin(IDENTITY, { rounding: null })).toBe(0.25);
  });

  it("of stages is that of the first that certifies, else of the last, which is not certified", async () => {
    const { about, examples } = await certifyDataset([IDENTITY, CONSTANT], dataset(), SETTINGS);
    expect(about).toBe("stage that answers");
    expect(examples.map(({ stage, prediction, certified }) => [stage, prediction, certified])).toEqual([
      [0, 0, true],
      [1, 1, true],
      [0, 1, true],
      [0, 1, true],
    ]);
  });

  it("asks for an estimator by the examples' numbers, and takes no estimate for a certificate", async () => {
    const network = sequential([4], [linear(12), relu(), linear(9), relu(), linear(3)]);
    const { backend } = IDENTITY;
    const lively = livelyWeights(network, 3);
    const stage = { backend, network, parameters: uploadWeights(backend, { network, weights: lively }) };
    const points = Array.from({ length: 3 }, (_, i) =>
      [0, 1, 2, 3].map((k) => ((7 * (4 * i + k)) % 11) / 11),
    );
    const data = { ...dataset(points.map((x) => ({ x, label: 0 }))), shape: [4], classes: 3 };
    const asked: number[][] = [];
    const estimatorFor = (indices: Int32Array): Estimator => {
      asked.push([...indices]);
      // With more dimensions than any layer it is not asked.
      const dimension = indices.includes(0) ? 3 : 500;
      return { ...medianEstimator({ dimension, seed: 1, when: "wider" }), guarantee: "estimate" };
    };
    const { guarantee, mix, examples } = await certifyDataset([stage], data, {
      ...SETTINGS,
      ...{ ball: { norm: "linf", epsilon: 1e-4, box: null }, among: Int32Array.of(2, 0, 1) },
      estimation: { guarantee: "estimate", dimension: 3, form: "joint", tail: null, estimatorFor },
    });
    expect(asked).toEqual([[2, 0], [1]]);
    expect([guarantee, mix]).toEqual(["estimate", { estimate: 2, deterministic: 1 }]);
    expect(examples.map((own) => [own.guarantee, own.certified])).toEqual([
      ["estimate", false],
      ["estimate", false],
      ["deterministic", true],
    ]);
  });

  it("says how long it took, and how many examples that is a second", async () => {
    const clock = stoppedClock();
    const observer = atUpdate(() => {
      clock.seconds += 4;
    });
    const { summary } = await certifyDataset([IDENTITY], dataset(), SETTINGS, { observer });
    expect([summary.seconds, summary.examplesPerSecond]).toEqual([8, 0.5]);
  });
});

describe("a certification by whatever proves an example first", () => {
  it("says what that was, and null where nothing did", async () => {
    for (const each of [0, 5]) {
      const { examples, summary } = await certify({ each });
      expect(verdictsOf(examples)).toEqual(verdictsOf((await certify()).examples));
      expect(examples.map(({ rung }) => rung)).toEqual(["interval", null, "interval", "interval"]);
      expect(summary.rungs).toMatchObject({ interval: 3, parallel: 0, "neuron splitting": 0 });
    }
  });

  /** Stops the work when branch and bound takes the first example, or gives it a minute. */
  const climbed = (isStopped: boolean, change: Partial<CertificationSettings>) => {
    const stop = new AbortController();
    const inDouble = () => {
      if (isStopped) stop.abort();
      return BENT;
    };
    const settings = { ...SETTINGS, each: 60, deadline: Deadline.at(stop.signal), ...change };
    const ball = { norm: "linf", epsilon: 1, box: null } as const;
    const points = [2, 0, 0, -3].map((x) => ({ x: [x, 0], label: 0 }));
    return certifyDataset([{ ...BENT, inDouble }], dataset(points), { ...settings, ball });
  };

  it("keeps nothing from the first on that a stop cuts short", async () => {
    const kept: number[] = [];
    const keep = async (judged: readonly JudgedExample[]) =>
      void kept.push(...judged.map(({ index }) => index));
    const { examples, summary } = await climbed(true, { keep, batch: 4 });
    expect(kept).toEqual([0]);
    expect(examples.map(({ index, certified, rung }) => [index, certified, rung])).toEqual([
      [0, true, "interval"],
    ]);
    expect(summary.unreached).toBe(3);
    kept.length = 0;
    // The first of its batch: nothing of that batch, and of none after it.
    expect(
      (await climbed(true, { keep, among: Int32Array.of(0, 3, 1, 0, 3), batch: 2 })).summary,
    ).toMatchObject({
      unreached: 3,
    });
    expect(kept).toEqual([0, 3]);
  });

  it("gives what is known where nobody goes on later", async () => {
    const rungs = async (isStopped: boolean) => {
      const { examples, summary } = await climbed(isStopped, { batch: 4 });
      expect("unreached" in summary).toBe(false);
      return examples.map(({ certified, rung }) => (certified ? rung : null));
    };
    const [first, , , last] = await rungs(false);
    expect(await rungs(false)).toEqual([first, "slopes", "slopes", last]);
    expect(await rungs(true)).toEqual([first, null, null, last]);
  });

  it("keeps nothing after what is cut short, whatever the clock says later", async () => {
    const clock = stoppedClock();
    const inDouble = () => {
      clock.seconds += 1e6;
      return BENT;
    };
    const kept: number[] = [];
    const keep = async (judged: readonly JudgedExample[]) => {
      kept.push(...judged.map(({ index }) => index));
      clock.seconds = 1000;
    };
    const points = [2, 0, 2].map((x) => ({ x: [x, 0], label: 0 }));
    const { summary } = await certifyDataset([{ ...BENT, inDouble }], dataset(points), {
      ...{ ...SETTINGS, ball: { norm: "linf", epsilon: 1, box: null }, batch: 1 },
      ...{ each: 1e4, deadline: Deadline.in(1e3), keep },
    });
    expect([kept, summary.unreached]).toEqual([[0], 2]);
  });

  it("gives branch and bound what memory there is", async () => {
    const { examples } = await certify({ each: 5, budget: new Budget(2 ** 30) });
    expect(examples.map(({ certified }) => certified)).toEqual([true, false, true, true]);
  });
});
