import { afterEach, describe, expect, it, vi } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { predictions } from "../../src/certify/predictions.js";
import { certifiedRadii, nextEpsilon, type RadiusOptions } from "../../src/certify/radius.js";
import { Deadline } from "../../src/compute/deadline.js";
import { ShapeError } from "../../src/errors.js";
import { backend, CONSTANT, IDENTITY, twoNeurons } from "../support/two-neurons.js";

afterEach(() => void vi.restoreAllMocks());

/** Feature-major. */
const batchOf = (...points: [number, number][]) => ({
  x: Float64Array.from([...points.map(([x]) => x), ...points.map(([, y]) => y)]),
});
/** No logits, where both inputs are large. */
const OVERFLOWING = twoNeurons([1e308, -1e308, 0, 0]);

const OPTIONS: RadiusOptions = {
  ...{ norm: "linf", box: null, method: "parallel", most: 1, tolerance: 1e-3 },
};
/** Of z₀ − z₁ = x₀ − x₁, which an ε changes by 2 ε. */
const POINTS: [number, number][] = [
  [0.9, 0.4],
  [0.3, 0.37],
  [0.5, 0.499],
  [8, 5],
];
const EXACT = [0.25, 0.035, 0.0005, 1.5];
/** A search that would never end is ended: none here has more than some hundred tries, of two layers each. */
function radii(change: Partial<RadiusOptions> = {}, points = POINTS, placed = IDENTITY) {
  let layers = 0;
  const onLayer = () => {
    layers += 1;
    if (layers > 400) throw new Error("the search does not end");
  };
  return certifiedRadii(placed, batchOf(...points), { ...OPTIONS, onLayer, ...change });
}

describe("the answers of a network", () => {
  it("are its largest logits', the first of equal ones, and none where logits are no numbers", async () => {
    expect(await predictions(IDENTITY, batchOf([2, 1], [1, 2], [1, 1]))).toEqual(Int32Array.of(0, 1, 0));
    expect(await predictions(CONSTANT, batchOf([9, 0]))).toEqual(Int32Array.of(1));
    expect(await predictions(OVERFLOWING, batchOf([0, 0], [10, 10]))).toEqual(Int32Array.of(0, -1));
  });

  it("are asked of examples as large as its input, and leave nothing on the backend", async () => {
    await expect(predictions(IDENTITY, { x: Float64Array.of(1, 2, 3) })).rejects.toThrow(ShapeError);
    const { liveBytes } = backend.memory();
    let most = 0;
    const read = backend.read.bind(backend);
    vi.spyOn(backend, "read").mockImplementation((tensor) => {
      most = Math.max(most, backend.memory().liveBytes - liveBytes);
      return read(tensor);
    });
    await predictions(IDENTITY, batchOf([2, 1], [1, 2]));
    expect(backend.memory().liveBytes).toBe(liveBytes);
    // What lies between input and logits, two numbers of eight bytes an example each, is freed on the way.
    expect(most).toBe(2 * 2 * 8 * 2);
  });
});

describe("certified radii", () => {
  it.each([1e-2, 1e-3, 1e-6])(
    "are no larger than what holds, and no smaller by more than %d",
    async (tolerance) => {
      const found = await radii({ tolerance });
      expect(found.map(({ prediction }) => prediction)).toEqual([0, 1, 0, 0]);
      for (const [i, { radius, open }] of found.slice(0, 3).entries()) {
        expect(radius).toBeLessThan(EXACT[i]);
        // What is open was tried: rounding may leave it open a little early.
        expect(open).toBeGreaterThan(EXACT[i] - 1e-6);
        expect((open as number) - radius).toBeLessThanOrEqual(tolerance);
        // Found by halves of what was open: no finer than it is asked for.
        expect((open as number) - radius).toBeGreaterThan(tolerance / 2 - 1e-12);
      }
      expect(found[3]).toEqual({ prediction: 0, radius: 1, open: null });
    },
  );

  it("were certified themselves", async () => {
    const found = await radii();
    const perExample = found.map(({ radius }) => radius);
    const { examples } = await certifyBatch(IDENTITY, batchOf(...POINTS), {
      ...OPTIONS,
      epsilon: { perExample },
    });
    expect(examples.map(({ certified }) => certified)).toEqual([true, true, true, true]);
    // At 0 it is its own answer.
    expect(perExample[2]).toBe(0);
  });

  it("are looked for by doubling, then in the middle, of each example until it is known", async () => {
    const tried: number[][] = [];
    const upload = backend.upload.bind(backend);
    vi.spyOn(backend, "upload").mockImplementation((features, examples, values) => {
      // Of a batch its examples are first.
      if (features === 2 && examples > 0) tried.push([examples]);
      return upload(features, examples, values);
    });
    // No finer than it is asked for.
    const one = await radii({ tolerance: 0.125 }, [[0.9, 0.4]]);
    expect(one).toEqual([{ prediction: 0, radius: 0.125, open: 0.25 }]);
    const rounds = tried.length;
    tried.length = 0;
    // 1/16, 1/8, 1/4 in vain; the others are done sooner or later.
    const several = await radii({ tolerance: 0.1 }, [
      [0.9, 0.4],
      [0.5, 0.499],
      [8, 5],
    ]);
    expect(several.map(({ radius, open }) => [radius, open])).toEqual([
      [0.1875, 0.25],
      [0, 0.0625],
      [1, null],
    ]);
    expect(rounds).toBeGreaterThan(0);
    expect(tried.some(([examples]) => examples === 3)).toBe(true);
    expect(tried.at(-1)).toEqual([1]);
  });

  it("may be as fine as numbers are, and then the search ends", async () => {
    const points = [0.5, 0.7, 1.1, 0.3, 1.3, 0.9].map((x): [number, number] => [x, x / 3]);
    const found = await radii({ tolerance: 0 }, points);
    for (const [i, { radius, open }] of found.entries()) {
      const [least, most] = [radius, open as number];
      const middle = (least + most) / 2;
      expect([least, most]).toContain(middle);
      expect(least).toBeLessThan(most);
      expect(least).toBeCloseTo(points[i][0] / 3, 5);
    }
    // Some end by what is certified, some by what is open.
    const ends = found.map(({ radius, open }) => (radius + (open as number)) / 2 === radius);
    expect(new Set(ends)).toEqual(new Set([true, false]));
  });

  it("are 0 where the network has no answer, and where nothing is certified", async () => {
    const none = await radii({ rounding: null }, [[10, 10]], OVERFLOWING);
    expect(none[0].prediction).toBe(-1);
    expect(none[0].radius).toBe(0);
    const [tie] = await radii({}, [[0.5, 0.5]]);
    expect(tie.radius).toBe(0);
    expect(tie.open).toBeLessThanOrEqual(1e-3);
  });

  it("end where the time does, with what was certified by then", async () => {
    expect(await radii({ deadline: Deadline.in(-1) })).toEqual(
      [0, 1, 0, 0].map((prediction) => ({ prediction, radius: 0, open: null })),
    );
    let now = 1000;
    vi.spyOn(performance, "now").mockImplementation(() => now);
    // A layer and the margins of each try; the third try is ended.
    let layers = 0;
    const onLayer = () => {
      layers += 1;
      if (layers === 5) now += 1e6;
    };
    const ended = await radii({ deadline: Deadline.in(100), onLayer });
    expect(layers).toBe(5);
    expect(ended).toEqual([
      { prediction: 0, radius: 0.125, open: null },
      { prediction: 1, radius: 0.03125, open: 0.0625 },
      { prediction: 0, radius: 0, open: 0.03125 },
      { prediction: 0, radius: 0.125, open: null },
    ]);
    vi.restoreAllMocks();
    expect(await radii({ deadline: Deadline.in(1e5) })).toEqual(await radii());
  });

  it("are in the norm, the box and the units of the data", async () => {
    // In the ℓ2 norm a change of ε changes x₀ − x₁ by √2 ε.
    const [round] = await radii({ norm: "l2", tolerance: 1e-5 }, [[0.9, 0.4]]);
    expect(round.radius).toBeCloseTo(0.5 / Math.SQRT2, 4);
    // Of x₀ − x₁ the box leaves what is above 0.
    const [boxed] = await radii({ box: [0.5, 0.9] }, [[0.9, 0.5]]);
    expect(boxed.radius).toBeCloseTo(0.2, 2);
    const [large] = await radii({ most: 32, tolerance: 1e-3 }, [[90, 40]]);
    expect(large.radius).toBeGreaterThan(24.998);
    expect(large.radius).toBeLessThan(25);
  });

  it("are those of examples as large as the network's input", async () => {
    await expect(certifiedRadii(IDENTITY, { x: Float64Array.of(1, 2, 3) }, OPTIONS)).rejects.toThrow(
      ShapeError,
    );
  });
});

describe("the next epsilon", () => {
  it("is a sixteenth of the largest, then twice the last, and no more than the largest", () => {
    expect(nextEpsilon({ radius: 0, open: null }, 8)).toBe(0.5);
    expect(nextEpsilon({ radius: 0.5, open: null }, 8)).toBe(1);
    expect(nextEpsilon({ radius: 5, open: null }, 8)).toBe(8);
    expect(nextEpsilon({ radius: 4, open: null }, 8)).toBe(8);
  });

  it("is between what is certified and what is not", () => {
    expect(nextEpsilon({ radius: 1, open: 2 }, 8)).toBe(1.5);
    expect(nextEpsilon({ radius: 0, open: 0.5 }, 8)).toBe(0.25);
  });
});
