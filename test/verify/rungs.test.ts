import { describe, expect, it } from "vitest";
import { type CertifyOptions, certifyBatch } from "../../src/certify/certify.js";
import { Deadline } from "../../src/compute/deadline.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type PlacedNetwork, placeModel } from "../../src/network/weights.js";
import { RUNGS } from "../../src/verify/rungs.js";
import { type ClimbLimits, certifyByRungs } from "../../src/verify/strongest.js";
import { twoLayers } from "./by-hand.js";

/**
 * Margins of class 0: w + c₁ and w + c₂ of w = relu(x) − 2 relu(x − ½), which is at least 0 up to 1 and 1 − x from there; by lines around
 * 0 within 1 it is at least −½.
 */
const placedWith = (...margins: number[]) => placed("float64", ...margins);
const placed = (dtype: "float32" | "float64", ...margins: number[]) =>
  placeModel(
    createPortableBackend({ dtype }),
    twoLayers([[1], [1]], [0, -0.5], [[0, 0], ...margins.map(() => [-1, 2])], [0, ...margins.map((c) => -c)]),
  );

async function climb(
  margins: number[],
  x: number[],
  options: Partial<CertifyOptions> = {},
  limits: Partial<ClimbLimits> = {},
  labels?: number[],
) {
  const batch = { x: Float64Array.from(x), ...(labels && { labels: Int32Array.from(labels) }) };
  const own = { norm: "linf", epsilon: 1, ...options } as CertifyOptions;
  return (await certifyByRungs(placedWith(...margins), batch, own, { seconds: 20, ...limits })).examples;
}
const rungsOf = async (...how: Parameters<typeof climb>) => (await climb(...how)).map(({ rung }) => rung);

describe("an example is certified by the first rung that can", () => {
  it("bounds, slopes, or branches", async () => {
    expect(RUNGS.slice(0, 3)).toEqual(["interval", "parallel", "adaptive"]);
    expect(await rungsOf([9, 9], [0])).toEqual(["interval"]);
    expect(await rungsOf([0.6, 0.6], [0])).toEqual(["parallel"]);
    expect(await rungsOf([0.1, 0.1], [0])).toEqual(["neuron splitting"]);
    expect(await rungsOf([0.9, 9], [0.25], { epsilon: 1.25 })).toEqual(["slopes"]);
    const [{ certified, guarantee, marginLower }] = await climb([0.1, 9], [0]).then((all) =>
      all.map((one) => ({ ...one, guarantee: "deterministic" })),
    );
    expect([certified, guarantee]).toEqual([true, "deterministic"]);
    // What bounds found of it, which proves class 2 alone.
    expect(marginLower[1]).toBeLessThan(0);
    expect(marginLower[2]).toBeGreaterThan(0);
  });

  it("whatever else is in the batch", async () => {
    const found = await climb([0.1, 9], [0, 0.9, -9, 0, 0.9]);
    expect(found.map(({ certified, rung }) => [certified, rung])).toEqual([
      [true, "neuron splitting"],
      [false, null],
      [true, "interval"],
      [true, "neuron splitting"],
      [false, null],
    ]);
  });

  it("and none where some class comes nearer, whichever", async () => {
    // Up to 1.2, where w is −0.2.
    for (const margins of [
      [0.1, 9],
      [9, 0.1],
      [0.1, 0.1],
      [0.25, 0.1],
      [0.1, 0.25],
    ]) {
      expect(await climb(margins, [0], { epsilon: 1.2 })).toMatchObject([{ certified: false, rung: null }]);
    }
    expect(await rungsOf([0.25, 0.25], [0], { epsilon: 1.2 })).toEqual(["neuron splitting"]);
    expect(await rungsOf([0.1, 9], [0], { epsilon: 1.2, box: [-5, 1] })).toEqual(["neuron splitting"]);
  });

  it("never for a label that the model does not give", async () => {
    const found = await climb([0.1, 9], [0, 0], { against: "label" }, {}, [0, 1]);
    expect(found.map(({ certified }) => certified)).toEqual([true, false]);
    expect((await climb([9, 9], [0, 0], { against: "label" }, {}, [2, 0])).map(({ rung }) => rung)).toEqual([
      ...[null, "interval"],
    ]);
  });

  it("with the best margin of all bounds that were tried", async () => {
    const x = { x: Float64Array.of(0.25) };
    const ball = { norm: "linf", epsilon: 1.25 } as const;
    const [{ marginLower }] = await climb([0.1, 0.3], [0.25], ball, { seconds: 0 });
    const all = await Promise.all(
      (["interval", "parallel", "adaptive"] as const).map(async (method) => {
        const { examples } = await certifyBatch(placedWith(0.1, 0.3), x, { ...ball, method });
        return examples[0].marginLower;
      }),
    );
    for (const j of [1, 2]) expect(marginLower[j]).toBe(Math.max(...all.map((own) => own[j])));
  });
});

describe("what branch and bound is not asked about", () => {
  it.each([
    [{}, { seconds: 0 }],
    [{}, { seconds: -1 }],
    [{ norm: "l2" }, {}],
    [{ norm: "l1" }, {}],
    [{ rounding: null }, {}],
    [{ epsilon: { perExample: [1] } }, {}],
  ] as const)("%j %j", async (options, limits) => {
    expect(await rungsOf([0.1, 9], [0], options as Partial<CertifyOptions>, limits)).toEqual([null]);
  });

  it("is not what is asked of real numbers, of features, or with little memory", async () => {
    expect(await rungsOf([0.1, 9], [0], { rounding: "real" })).toEqual(["neuron splitting"]);
    expect(await rungsOf([0.1, 9], [0], { epsilon: { perFeature: [1] } })).toEqual(["neuron splitting"]);
    expect(await rungsOf([0.1, 9], [0], {}, { memoryBytes: 2 ** 20 })).toEqual(["neuron splitting"]);
  });

  it("is an estimate", async () => {
    await expect(climb([9, 9], [0], { estimator: {} as never })).rejects.toThrow("got an estimator");
  });
});

describe("branch and bound", () => {
  it("counts the rounding of the evaluation that the certificate is about", async () => {
    // Less than single precision may lose.
    const margins = [1e-9, 9];
    expect(await rungsOf(margins, [0], { rounding: "real" })).toEqual(["neuron splitting"]);
    expect(await rungsOf(margins, [0], { rounding: "float64" })).toEqual(["neuron splitting"]);
    // Its own numbers are none of single precision.
    expect(await rungsOf(margins, [0])).toEqual(["neuron splitting"]);
    for (const options of [{ rounding: "float32" }, { rounding: "float32-ftz" }] as const) {
      expect(await rungsOf(margins, [0], options, { seconds: 1 })).toEqual([null]);
    }
  });

  it("is in double precision, where the model comes with a place there", async () => {
    const [single, double] = (["float32", "float64"] as const).map((dtype) => placed(dtype, 0.1, 9));
    let asked = 0;
    const inDouble = () => {
      asked += 1;
      return double!;
    };
    const batch = { x: Float64Array.of(0) };
    const options = { norm: "linf", epsilon: 1 } as const;
    const limits = { seconds: 20 };
    const of = async (own: PlacedNetwork) =>
      (await certifyByRungs(own, batch, options, limits)).examples.map(({ rung }) => rung);
    expect(await of({ ...single!, inDouble })).toEqual(["neuron splitting"]);
    expect(asked).toBeGreaterThan(0);
    const { inDouble: _, ...alone } = double!;
    expect(await of(alone)).toEqual(["neuron splitting"]);
  });

  it("ends where it is told to, and proves nothing then", async () => {
    const stop = new AbortController();
    const own = placed("float64", 0.1, 9);
    const inDouble = () => {
      stop.abort();
      return own;
    };
    const options = { norm: "linf", epsilon: 1, signal: stop.signal, rounding: "real" } as const;
    const x = Float64Array.of(0);
    const { examples } = await certifyByRungs({ ...own, inDouble }, { x }, options, { seconds: 20 });
    expect(examples).toMatchObject([{ certified: false, rung: null }]);
  });

  it("takes no more memory than it is given", async () => {
    await expect(climb([0.1, 9], [0], {}, { memoryBytes: 64 })).rejects.toThrow(/memory/i);
  });
});

describe("an example for which there was no time", () => {
  it("is said to be cut, and certified by bounds alone", async () => {
    const deadline = Deadline.in(-1);
    expect(await climb([0.1, 9], [0, -9], {}, { deadline })).toMatchObject([
      { certified: false, rung: null, isCut: true },
      { certified: true, rung: "interval" },
    ]);
    const [open] = await climb([0.1, 9], [0], { epsilon: 1.2 }, { deadline: Deadline.in(60), seconds: 10 });
    expect(open.isCut ?? false).toBe(false);
    const [whole] = await climb([0.1, 9], [0], {}, { deadline: Deadline.in(60) });
    expect([whole.certified, whole.isCut ?? false]).toEqual([true, false]);
  });

  it("is cut where the others left it less than its own, or where they were ended, and nothing was found", async () => {
    const within = (own: Partial<Deadline>) =>
      ({ passed: false, left: Number.POSITIVE_INFINITY, aborted: false, isTimed: true, ...own }) as Deadline;
    const cut = async (margins: number[], epsilon: number, limits: ClimbLimits) => {
      const [{ certified, isCut = false, prediction }] = await climb(margins, [0], { epsilon }, limits);
      expect(prediction).toBe(0);
      return [certified, isCut];
    };
    expect(await cut([0.1, 9], 1, { seconds: 20, deadline: within({ left: 0 }) })).toEqual([false, true]);
    expect(await cut([0.1, 9], 1, { seconds: 1e-9, deadline: within({ left: 1e-9 }) })).toEqual([
      false,
      false,
    ]);
    expect(await cut([0.1, 9], 1, { seconds: 1e-9, deadline: within({}) })).toEqual([false, false]);
    expect(await cut([0.1, 9], 1, { seconds: 1e-9, deadline: within({ aborted: true }) })).toEqual([
      false,
      true,
    ]);
    expect(await cut([0.1, 9], 1, { seconds: 1e-9 })).toEqual([false, false]);
    // What is broken needs no more time, nor does what is proved.
    expect(await cut([0.1, 9], 1.2, { seconds: 20, deadline: within({ left: 10 }) })).toEqual([false, false]);
    expect(await cut([0.1, 9], 1, { seconds: 20, deadline: within({ left: 10 }) })).toEqual([true, false]);
  });
});
