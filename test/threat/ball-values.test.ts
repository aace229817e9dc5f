import { afterAll, describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { ShapeError, UsageError } from "../../src/errors.js";
import {
  type BallSpec,
  boxBall,
  checkBallSpec,
  dualOrderOf,
  makeBall,
  plainEpsilon,
  type RadiusRounding,
  releaseBall,
} from "../../src/threat/ball.js";
import { boxReader, checkBox, plainBox } from "../../src/threat/box.js";

const single = createPortableBackend({ dtype: "float32" });
const double = createPortableBackend({ dtype: "float64" });
afterAll(() => {
  single.dispose();
  double.dispose();
});

interface Values {
  readonly centre: readonly number[];
  readonly radius: readonly number[];
}

/** Centre and radius as they lie on a backend. */
async function valuesOf(
  backend: typeof single,
  x: readonly number[],
  spec: BallSpec,
  { examples = 1, radii }: { readonly examples?: number; readonly radii?: RadiusRounding } = {},
): Promise<Values> {
  const ball = makeBall(backend, x, examples, spec, radii);
  const [centre, radius] = [await backend.read(ball.centre), await backend.read(ball.radius)];
  releaseBall(ball);
  return { centre: [...centre], radius: [...radius] };
}

/** What single precision leaves out of a number. */
const lost = (x: number): number => Math.abs(x - Math.fround(x));

describe("dual norms", () => {
  it("are l1 of linf, l2 of l2, linf of l1", () => {
    expect([dualOrderOf("linf"), dualOrderOf("l2"), dualOrderOf("l1")]).toEqual([1, 2, Infinity]);
  });
});

describe("an linf ball", () => {
  it("has its example as centre, and epsilon as radius, where it is not cut", async () => {
    // The middle of 1e-30 ± 1 is another number: 1 + 1e-30 is rounded.
    const ball = await valuesOf(double, [1e-30], { norm: "linf", epsilon: 1 });
    expect(ball.centre).toEqual([1e-30]);
    expect(ball.radius[0]).toBeGreaterThanOrEqual(1);
    expect(ball.radius[0]).toBeLessThan(1 + 2 ** -50);
    const inBox = await valuesOf(double, [1e-30], { norm: "linf", epsilon: 1, box: [-5, 5] });
    expect(inBox.centre).toEqual([1e-30]);
  });

  it("is the middle of what a box leaves of it, on either side", async () => {
    const spec: BallSpec = { norm: "linf", epsilon: 0.25, box: [0, 1] };
    expect(await valuesOf(double, [0, 0.5, 1], spec)).toEqual({
      centre: [0.125, 0.5, 0.875],
      radius: [0.125, 0.25, 0.125],
    });
    const byFeature: BallSpec = { ...spec, box: { lower: [0, 0.5], upper: [1, 0.625] } };
    expect(await valuesOf(double, [0, 0.5], byFeature)).toEqual({
      centre: [0.125, 0.5625],
      radius: [0.125, 0.0625],
    });
  });

  it("is not widened for a centre that is rounded more than its edges need", async () => {
    const [x, epsilon] = [0.1, 0.3];
    const { centre, radius } = await valuesOf(single, [x], { norm: "linf", epsilon });
    expect(centre).toEqual([Math.fround(x)]);
    const needed = epsilon + lost(x);
    expect(radius[0]).toBeGreaterThanOrEqual(needed);
    // One number of single precision above it at most; nor by what is left out of other features.
    expect(radius[0]).toBeLessThan(needed * (1 + 2 ** -22));
    const many = await valuesOf(single, Array(1000).fill(x), { norm: "linf", epsilon });
    expect(many.radius).toEqual(Array(1000).fill(radius[0]));
  });

  it("has one epsilon an example, or one a feature", async () => {
    const x = [1, 2, 3, 4];
    const perExample = { norm: "linf", epsilon: { perExample: [0.5, 0.25] } } as const;
    expect((await valuesOf(double, x, perExample, { examples: 2 })).radius).toEqual([0.5, 0.25, 0.5, 0.25]);
    const perFeature = { norm: "linf", epsilon: { perFeature: [0.5, 0.25] } } as const;
    expect((await valuesOf(double, x, perFeature, { examples: 2 })).radius).toEqual([0.5, 0.5, 0.25, 0.25]);
  });

  it("tells its largest radius", () => {
    const ball = makeBall(double, [1, 2, 3], 1, { norm: "linf", epsilon: { perFeature: [0.5, 2, 1] } });
    expect(ball.mostEpsilon).toBe(2);
    releaseBall(ball);
  });
});

describe("nearest radii", () => {
  it("are epsilon itself, and what a box leaves", async () => {
    const [far, tenth] = [1e16, 0.1];
    for (const norm of ["linf", "l2", "l1"] as const) {
      const spec = { norm, epsilon: 1 };
      const near = await valuesOf(double, [far], spec, { radii: "nearest" });
      expect(near).toEqual({ centre: [far], radius: [1] });
      const rounded = await valuesOf(single, [tenth], { norm, epsilon: tenth }, { radii: "nearest" });
      expect(rounded).toEqual({ centre: [Math.fround(tenth)], radius: [Math.fround(tenth)] });
    }
    const boxed = { norm: "linf", epsilon: 0.25, box: [0, 1] } as const;
    expect(await valuesOf(double, [1], boxed, { radii: "nearest" })).toEqual({
      centre: [0.875],
      radius: [0.125],
    });
  });
});

describe.each(["l2", "l1"] as const)("an %s ball", (norm) => {
  const sum = (parts: readonly number[]) =>
    norm === "l2" ? Math.hypot(...parts) : parts.reduce((all, part) => all + part, 0);

  it("has epsilon as its radius in double precision, and where the centre is a number of single precision", async () => {
    expect(await valuesOf(double, [1e16, 0.1], { norm, epsilon: 1 })).toEqual({
      centre: [1e16, 0.1],
      radius: [1, 1],
    });
    const exact = await valuesOf(single, [0.5, 0.25], { norm, epsilon: 0.5 });
    expect(exact).toEqual({ centre: [0.5, 0.25], radius: [0.5, 0.5] });
  });

  it("is widened by what single precision leaves out of its own centre, and by no more", async () => {
    // Of the second example nothing is left out.
    const x = [0.1, 0.5, 0.7, 0.25];
    const epsilon = 2 ** -20;
    const { radius } = await valuesOf(single, x, { norm, epsilon }, { examples: 2 });
    const share = 1 + sum([lost(0.1) / epsilon, lost(0.7) / epsilon]);
    expect(share).toBeGreaterThan(1.001);
    for (const own of [radius[0]!, radius[2]!]) {
      expect(own / epsilon).toBeGreaterThanOrEqual(share);
      expect(own / epsilon).toBeLessThan(share * (1 + 2 ** -18));
    }
    expect([radius[1], radius[3]]).toEqual([epsilon, epsilon]);
  });

  it("is widened also where far less is left out than a double near 1 can tell", async () => {
    const x = 1 + 2 ** -30;
    const { radius } = await valuesOf(single, [x], { norm, epsilon: 2 ** 20 });
    expect(radius[0]).toBeGreaterThan(2 ** 20);
    expect(radius[0]).toBeLessThan(2 ** 20 + 1);
  });

  it("sets little aside for features of radius 0 beside others", async () => {
    const x = [0.1, 0.3, 0.7, 0.5];
    const epsilon = { perFeature: [0.5, 0, 0, 0] };
    const { radius } = await valuesOf(single, x, { norm, epsilon });
    const [wide, ...fixed] = radius as [number, ...number[]];
    // A part of 2^-7 of the norm, which costs its square of an l2 ball, and twice itself of an l1 ball.
    const room = norm === "l2" ? 2 ** -14 : 2 ** -6;
    const share = (1 + lost(0.1) / 0.5) * (1 + room);
    expect(wide / 0.5).toBeGreaterThan(1 + room / 2);
    expect(wide / 0.5).toBeLessThan(share * (1 + 2 ** -18));
    for (const [at, value] of [0.3, 0.7].entries()) {
      const least = lost(value) * sum([1, 1]) * 2 ** 7;
      expect(fixed[at]).toBeGreaterThanOrEqual(least);
      expect(fixed[at]).toBeLessThan(least * (1 + 2 ** -18));
    }
    expect(fixed[2]).toBe(0);
  });

  it("has the whole norm for features of radius 0 where there are no others", async () => {
    const { radius } = await valuesOf(single, [0.3, 0.7], { norm, epsilon: 0 });
    for (const [at, value] of [0.3, 0.7].entries()) {
      const least = lost(value) * sum([1, 1]);
      expect(radius[at]).toBeGreaterThanOrEqual(least);
      expect(radius[at]).toBeLessThan(least * (1 + 2 ** -18));
    }
  });

  it("leaves a feature of radius 0 as it is where nothing of it is lost", async () => {
    const { radius } = await valuesOf(single, [0.1, 0.5], { norm, epsilon: { perFeature: [1, 0] } });
    expect(radius[1]).toBe(0);
  });
});

describe("boxBall", () => {
  it("is the middle of each box and half its width, an entry an example", async () => {
    const ball = boxBall(double, Float64Array.of(0, 1, -2, 5), Float64Array.of(1, 1.5, 2, 5), 2);
    expect([ball.centre.features, ball.centre.rows, ball.examples]).toEqual([2, 2, 2]);
    expect([...(await double.read(ball.centre))]).toEqual([0.5, 1.25, 0, 5]);
    expect([...(await double.read(ball.radius))]).toEqual([0.5, 0.25, 2, 0]);
    expect(ball).toMatchObject({ spec: { norm: "linf", epsilon: 0 }, dualOrder: 1, mostEpsilon: 2 });
    releaseBall(ball);
  });

  it("has a middle also where its ends have no finite sum", async () => {
    const most = Number.MAX_VALUE;
    const ball = boxBall(double, Float64Array.of(most / 2), Float64Array.of(most), 1);
    expect([...(await double.read(ball.centre))]).toEqual([most * 0.75]);
    releaseBall(ball);
  });
});

describe("a released ball", () => {
  it("holds no memory", () => {
    const before = double.memory().liveBytes;
    const ball = makeBall(double, [1, 2], 1, { norm: "linf", epsilon: 0.1 });
    expect(double.memory().liveBytes).toBeGreaterThan(before);
    releaseBall(ball);
    expect(double.memory().liveBytes).toBe(before);
  });
});

describe("what makes no ball", () => {
  const make = (x: readonly number[], examples: number, spec: BallSpec) => () =>
    makeBall(double, x, examples, spec);

  it.each([
    [[1, 2, 3], 2, "ball: 3 numbers do not make 2 examples"],
    [[1, 2], 0, "ball: 2 numbers do not make 0 examples"],
    [[1, 2], -1, "ball: 2 numbers do not make -1 examples"],
  ])("is told: %o as %i examples", (x, examples, message) => {
    expect(make(x, examples, { norm: "linf", epsilon: 1 })).toThrow(new ShapeError(message));
  });

  it.each([
    [{ perExample: [1] }, "epsilon: expected 2 numbers, one per example, got 1"],
    [{ perFeature: [1, 2, 3] }, "epsilon: expected 1 numbers, one per input feature, got 3"],
    [{ perExample: [1, -1] }, "epsilon: expected a finite number of at least 0, got -1"],
    [Number.NaN, "epsilon: expected a finite number of at least 0, got NaN"],
    [Number.POSITIVE_INFINITY, "epsilon: expected a finite number of at least 0, got Infinity"],
  ])("is told: epsilon %o", (epsilon, message) => {
    expect(make([1, 2], 2, { norm: "linf", epsilon })).toThrow(new UsageError(message));
  });

  it("is told: a norm of another name, a box of another norm", () => {
    expect(() => checkBallSpec({ norm: "l3" as "l2", epsilon: 1 })).toThrow(
      new UsageError('norm: expected one of linf, l2, l1, got "l3"'),
    );
    expect(() => checkBallSpec({ norm: "l2", epsilon: 1, box: [0, 1] })).toThrow(
      new UsageError("box: only the linf ball can be cut by a box, not l2"),
    );
  });

  it("is told: an example farther outside the box than epsilon, on either side", () => {
    const spec: BallSpec = { norm: "linf", epsilon: 0.5, box: [0, 1] };
    for (const x of [-1, 2]) {
      const message = `box: example 1 has feature 0 = ${x}, farther than epsilon outside 0,1`;
      expect(make([0.5, x], 2, spec)).toThrow(new UsageError(message));
    }
    // Its ball touches the box in one point.
    expect(make([1.5], 1, spec)).not.toThrow();
  });
});

describe("boxes", () => {
  it("have finite bounds, the lower ones at most the upper ones", () => {
    for (const [lower, upper] of [
      [1, 0],
      [Number.NEGATIVE_INFINITY, 0],
      [0, Number.POSITIVE_INFINITY],
      [Number.NaN, 0],
      [0, Number.NaN],
    ] as const) {
      expect(() => checkBox([lower, upper])).toThrow(
        new UsageError(`box: expected lower ≤ upper, got ${lower},${upper}`),
      );
      expect(() => checkBox({ lower: [0, lower], upper: [1, upper] })).toThrow(
        new UsageError(`box: feature 1: expected finite lower ≤ upper, got ${lower} and ${upper}`),
      );
    }
    expect(() => checkBox([1, 1])).not.toThrow();
    expect(() => checkBox({ lower: [0, 1], upper: [0.5, 1] })).not.toThrow();
  });

  it("have as many lower as upper bounds, and one for each feature", () => {
    expect(() => checkBox({ lower: [0], upper: [1, 1] })).toThrow(
      new UsageError("box: expected as many lower as upper bounds, got 1 and 2"),
    );
    for (const [name, box] of [
      ["lower", { lower: [0], upper: [1, 1] }],
      ["upper", { lower: [0, 0], upper: [1] }],
    ] as const) {
      expect(() => boxReader(box, 2)).toThrow(
        new UsageError(`box: ${name}: expected 2 numbers, one per input feature, got 1`),
      );
    }
  });

  it("are read feature by feature", () => {
    expect(boxReader(null, 3)(2)).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(boxReader([0, 1], 3)(2)).toEqual([0, 1]);
    expect(boxReader({ lower: [0, 1], upper: [2, 3] }, 2)(1)).toEqual([1, 3]);
  });

  it("and radii are plain lists in JSON", () => {
    expect(plainBox({ lower: Float64Array.of(0, 1), upper: Float64Array.of(2, 3) })).toEqual({
      lower: [0, 1],
      upper: [2, 3],
    });
    expect(plainBox([0, 1])).toEqual([0, 1]);
    expect(plainEpsilon(0.5)).toBe(0.5);
    expect(plainEpsilon({ perFeature: Float32Array.of(0.5, 1) })).toEqual({ perFeature: [0.5, 1] });
  });
});
