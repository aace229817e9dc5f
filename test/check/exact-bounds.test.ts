import { describe, expect, it } from "vitest";
import { boundPart, type CheckedPart, type Cut, lowerBound } from "../../src/check/bounds.js";
import { type CheckedNetwork, checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import type { HintedPlan, HintedRows } from "../../src/formats/certificate/hints.js";
import type { ClaimedRegion } from "../../src/formats/certificate/region.js";
import { conv2d, linear, relu, reshape, tanh } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";

/** Weights and bias of each affine layer. */
type Affine = readonly [weights: readonly number[], bias: readonly number[]];

function networkOf(
  inputs: number,
  parts: readonly (Affine | Layer)[],
  evaluation: keyof typeof MACHINES = "real",
): CheckedNetwork {
  const layers = parts.map((part) => ("kind" in part ? part : linear(part[1].length)));
  const weights = new Map<string, Float64Array>();
  const affine = parts.filter((part): part is Affine => !("kind" in part));
  for (const [i, [weight, bias]] of affine.entries()) {
    weights.set(`linear${i + 1}.weight`, Float64Array.from(weight));
    weights.set(`linear${i + 1}.bias`, Float64Array.from(bias));
  }
  return checkedNetwork({ network: sequential([inputs], layers), weights }, MACHINES[evaluation]);
}

const box = (lower: number[], upper: number[]): ClaimedRegion => ({
  lower: Float64Array.from(lower),
  upper: Float64Array.from(upper),
});
const around = (norm: "l2" | "l1", centre: number[], radius: number[]): ClaimedRegion => ({
  ...box(
    centre.map((x, i) => x - radius[i]),
    centre.map((x, i) => x + radius[i]),
  ),
  ball: { norm, centre: Float64Array.from(centre), radius: Float64Array.from(radius) },
});
const rows = (reader: number, feature: number) => {
  const plan = { slopes: [], rows: [] as HintedRows[] };
  plan.rows[reader] = { features: Int32Array.of(feature) };
  return plan;
};
const interval = (part: CheckedPart, neuron: number) => [part.lower[neuron], part.upper[neuron]];
/** Bounds of a neuron, and of its negative, from below. */
const both = (network: CheckedNetwork, part: CheckedPart, neuron: number, slopes?: [number, number]) =>
  [1, -1].map((coefficient) => {
    const given = [];
    if (slopes) given[2] = { lower: Float64Array.of(slopes[0]), upper: Float64Array.of(slopes[1]) };
    return lowerBound(network, part, [{ neuron, coefficient }], 0, given);
  });

/** The same numbers, none of them on the wrong side. */
function expectOutward([lower, upper]: number[], [least, most]: number[]) {
  expect(lower).toBeLessThanOrEqual(least);
  expect(upper).toBeGreaterThanOrEqual(most);
  expect(lower).toBeCloseTo(least, 8);
  expect(upper).toBeCloseTo(most, 8);
}

describe("lower bounds over a region", () => {
  const network = networkOf(3, [
    [
      [1, 2, -2, -1, 0.5, 7],
      [0.25, 0.5],
    ],
  ]);
  const difference = (region: ClaimedRegion) =>
    lowerBound(
      network,
      boundPart(network, region, null),
      [
        { neuron: 3, coefficient: 1 },
        { neuron: 4, coefficient: -1 },
      ],
      0.125,
    );
  // z₀ − z₁ = 2 x₀ + 1.5 x₁ − 9 x₂ − 0.25.
  const centre = [0.5, -1, 0.25];

  it("are those of an ellipsoid, of a cross-polytope and of a box", () => {
    const middle = 1 - 1.5 - 2.25 - 0.25 + 0.125;
    const radius = [0.5, 0.25, 0];
    expect(difference(around("l2", centre, radius))).toBeCloseTo(middle - Math.hypot(1, 0.375), 8);
    expect(difference(around("l1", centre, radius))).toBeCloseTo(middle - 1, 8);
    const { ball: _, ...whole } = around("l1", centre, radius);
    expect(difference(whole)).toBeCloseTo(middle - 1.375, 8);
    expect(difference(around("l2", centre, [0, 0, 0]))).toBeCloseTo(middle, 8);
    for (const norm of ["l2", "l1"] as const) {
      expect(difference(around(norm, centre, radius))).toBeLessThanOrEqual(
        middle - (norm === "l2" ? Math.hypot(1, 0.375) : 1),
      );
    }
  });

  it("are the better of those of a ball and of its box", () => {
    const { ball } = around("l2", centre, [2, 2, 2]);
    const small = box([0.5, -1, 0.25], [0.5, -1, 0.5]);
    expect(difference({ ...small, ball: ball! })).toBeCloseTo(1 - 1.5 - 4.5 - 0.125, 8);
  });

  it("lose no square of a small radius", () => {
    const tiny = 2 ** -350;
    const own = networkOf(2, [[[3, 4], [0]]]);
    const region = around("l2", [0, 0], [tiny, tiny]);
    const bound = lowerBound(own, boundPart(own, region, null), [{ neuron: 2, coefficient: 1 }], 0);
    expect(bound / tiny).toBeLessThanOrEqual(-5);
    expect(bound / tiny).toBeGreaterThan(-5.01);
  });

  it("add up terms of one neuron, and are those of inner neurons too", () => {
    const own = networkOf(1, [[[2], [1]], relu(), [[5], [0]]]);
    const part = boundPart(own, box([1], [2]), null);
    const twice = [1, 0.5].map((coefficient) => ({ neuron: 1, coefficient }));
    expect(lowerBound(own, part, twice, 0.5)).toBeCloseTo(1.5 * 3 + 0.5, 8);
  });

  it("prove nothing of nothing", () => {
    const part = boundPart(network, box(centre, centre), null);
    expect(lowerBound(network, part, [], 0)).toBeLessThan(0);
    expect(lowerBound(network, part, [{ neuron: 3, coefficient: 0 }], 0)).toBeLessThan(0);
  });

  it("take a step each, which may end them", () => {
    let steps = 0;
    const step = () => {
      steps += 1;
    };
    const counted = { ...network, step };
    const part = boundPart(counted, box(centre, centre), null);
    lowerBound(counted, part, [{ neuron: 3, coefficient: 1 }], 0);
    expect(steps).toBe(1);
  });
});

describe("lines of an activation", () => {
  /** z = relu(x), between 2x/3 and 2x/3 + 2/3 over [−1, 2]. */
  const half = (plan: HintedPlan | null = null) => {
    const network = networkOf(1, [[[1], [0]], relu(), [[1], [0]]]);
    return { network, part: boundPart(network, box([-1], [2]), plan), z: 2, output: 3 };
  };

  it("are the chord's where nothing else is given", () => {
    const { network, part, z, output } = half();
    expectOutward(interval(part, z), [0, 2]);
    for (const neuron of [z, output]) {
      const [low, high] = both(network, part, neuron);
      expectOutward([low, -high], [-2 / 3, 2]);
    }
  });

  it("are those of the plan where that has some", () => {
    const given = { lower: Float64Array.of(1), upper: Float64Array.of(0.5) };
    const { network, part, output } = half({ slopes: [undefined, undefined, given], rows: [] });
    const [low, high] = both(network, part, output);
    expectOutward([low, -high], [-1, 2]);
  });

  it("are each neuron's own", () => {
    // y = 5 relu(x) + 7 relu(3x), over [−1, 2].
    const network = networkOf(1, [
      [
        [1, 3],
        [0, 0],
      ],
      relu(),
      [[5, 7], [0]],
    ]);
    const part = boundPart(network, box([-1], [2]), null);
    const [low, high] = both(network, part, 5);
    expectOutward([low, -high], [(-2 / 3) * 26, 2 * 26]);
  });

  it("are those of a row of its own where they are given", () => {
    const { network, part, output } = half();
    for (const [slopes, least, most] of [
      [[0, 1], 0, 3],
      [[1, 0], -1, 2],
      [[0.5, 0.5], -0.5, 2],
    ] as const) {
      const [low, high] = both(network, part, output, [...slopes]);
      expectOutward([low, -high], [least, most]);
    }
  });
});

describe("bounds of a part", () => {
  // relu(x) − relu(x): intervals from layer to layer do not see that it is 0, rows see half of it.
  const twins: readonly (Affine | Layer)[] = [
    [
      [1, 1],
      [0, 0],
    ],
    relu(),
    [[1, -1], [0]],
  ];

  it("are narrowed by rows where a plan has them, beside a kink alone", () => {
    const network = networkOf(1, [...twins, relu()]);
    const region = box([-1], [1]);
    expectOutward(interval(boundPart(network, region, null), 5), [-1, 1]);
    expectOutward(interval(boundPart(network, region, rows(4, 0)), 5), [-0.5, 0.5]);
    const shifted = networkOf(1, [...twins.slice(0, 2), [[1, -1], [1.25]], relu()]);
    expectOutward(interval(boundPart(shifted, region, rows(4, 0)), 5), [0.25, 2.25]);
    const below = networkOf(1, [...twins.slice(0, 2), [[1, -1], [-1.25]], relu()]);
    expectOutward(interval(boundPart(below, region, rows(4, 0)), 5), [-2.25, -0.25]);
  });

  it("are narrowed at the neurons that rows are about, each row by slopes of its own", () => {
    const network = networkOf(1, [
      ...twins.slice(0, 2),
      [
        [1, -1, 2, -2],
        [0, 0],
      ],
      relu(),
    ]);
    const asked: number[] = [];
    const slopesOf = (row: number) => {
      asked.push(row);
      return [];
    };
    const plan = rows(4, 1);
    const part = boundPart(network, box([-1], [1]), plan);
    expectOutward(interval(part, 5), [-1, 1]);
    expectOutward(interval(part, 6), [-1, 1]);
    plan.rows[4] = { features: Int32Array.of(0, 1), slopesOf };
    expectOutward(interval(boundPart(network, box([-1], [1]), plan), 5), [-0.5, 0.5]);
    expect(asked).toEqual([0, 1, 2, 3]);
  });

  it("of a curve without a kink are narrowed everywhere", () => {
    const network = networkOf(1, [...twins.slice(0, 2), [[1, -1], [1.25]], tanh()]);
    const part = boundPart(network, box([-1], [1]), rows(4, 0));
    expectOutward(interval(part, 5), [0.75, 1.75]);
    expectOutward(interval(part, 6), [Math.tanh(0.75), Math.tanh(1.75)]);
  });

  it("lie within those of the part before, and within a decision that they do not contradict", () => {
    const network = networkOf(1, [[[2], [1]], relu()]);
    const before = boundPart(network, box([-1], [1]), null);
    expectOutward(interval(before, 1), [-1, 3]);
    const cut = (sign: 1 | -1, value: number, neuron = 1) =>
      interval(boundPart(network, box([-1], [1]), null, before, { neuron, sign, value }), neuron);
    expectOutward(cut(1, 0.5), [0.5, 3]);
    expectOutward(cut(-1, 0.5), [-1, 0.5]);
    expectOutward(cut(1, 5), [-1, 3]);
    expectOutward(cut(-1, -5), [-1, 3]);
    expectOutward(cut(1, 0.25, 0), [0.25, 1]);
    expect(cut(1, before.upper[1])).toEqual([before.upper[1], before.upper[1]]);
    const inner = boundPart(network, box([-0.5], [0.5]), null, before);
    expectOutward(interval(inner, 1), [0, 2]);
    // Nor is what contradicts them, though it does not contradict those before.
    const crossed: Cut = { neuron: 1, sign: 1, value: 2.5 };
    expectOutward(interval(boundPart(network, box([-0.5], [0.5]), null, before, crossed), 1), [0, 2]);
    // A part of a part is no larger, whatever region is given.
    expectOutward(interval(boundPart(network, box([-9], [9]), null, inner), 1), [0, 2]);
    expectOutward(
      interval(boundPart(network, box([-1], [1]), null, before, { neuron: 1, sign: 1, value: 1 }), 2),
      [1, 3],
    );
  });

  it("leave out what may overflow, or be no numbers", () => {
    const huge = networkOf(1, [
      [[2 ** 150], [0]],
      [[2 ** 150], [0]],
    ]);
    const at = (x: number) => () => boundPart(huge, box([x], [x]), null);
    expect(at(2 ** 99)).not.toThrow();
    expect(at(2 ** 101)).toThrow("linear2 may overflow");
    expect(at(Number.NaN)).toThrow("may overflow, or be no numbers");
    // Sums that cancel overflow on their way.
    const cancels = networkOf(1, [
      [
        [1, -1],
        [0, 0],
      ],
      [[2 ** 190, 2 ** 190], [0]],
    ]);
    expect(() => boundPart(cancels, box([2 ** 215], [2 ** 215]), null)).toThrow("linear2 may overflow");
  });
});

describe("a convolution", () => {
  it("reads nothing beside its input", () => {
    const model = { network: sequential([1, 2, 2], [conv2d(1, { kernel: 2, padding: 1 })]) };
    const weights = new Map([
      ["conv2d1.weight", Float64Array.of(1, 2, 4, 8)],
      ["conv2d1.bias", Float64Array.of(0.5)],
    ]);
    const network = checkedNetwork({ ...model, weights }, MACHINES.real);
    const part = boundPart(network, box([1, 2, 3, 4], [1, 2, 3, 4]), null);
    // In the corners one product, along the edges two, in the middle four.
    for (const [place, value] of [8.5, 20.5, 8.5, 26.5, 49.5, 18.5].entries()) {
      expectOutward(interval(part, 4 + place), [value, value]);
      const bound = lowerBound(network, part, [{ neuron: 4 + place, coefficient: 1 }], 0);
      expectOutward([bound, value], [value, value]);
    }
  });
});

describe("room for how a network is run", () => {
  const { unit, tiny } = MACHINES.float32;
  /** How far a value at a point is moved, at most. */
  const room = (network: CheckedNetwork, x: number[], neuron: number) => {
    const { upper, lower } = boundPart(network, box(x, x), null);
    return (upper[neuron] - lower[neuron]) / 2;
  };
  const expectRoom = (found: number, needed: number) => {
    expect(found / needed).toBeGreaterThanOrEqual(1);
    expect(found / needed).toBeLessThan(1.001);
  };

  it("has each input's rounding, and of a sum its products', its additions' and its constant's", () => {
    const network = networkOf(3, [[[2, -4, 8], [16]]], "float32");
    const x = [3, 5, -7];
    expectRoom(room(network, x, 1), 5 * unit);
    const size = 6 + 20 + 56;
    expectRoom(room(network, x, 3), unit * size + 6 * unit * (size + 16) + unit * 16);
  });

  it("of layers that may be run as one is that of the sums between, however they cancel", () => {
    const network = networkOf(
      1,
      [
        [
          [1, 1],
          [0, 0],
        ],
        [[64, -64], [0]],
        [[1], [0]],
      ],
      "float32",
    );
    // The value is 0; the sum of what is added and taken away is 128.
    const first = unit * 1 + 4 * unit * 1;
    expectRoom(room(network, [1], 1), first);
    const second = 128 * first + 9 * unit * 128;
    expectRoom(room(network, [1], 3), second);
    expectRoom(room(network, [1], 4), second + 13 * unit * 128);
  });

  it("begins anew after a curve", () => {
    const network = networkOf(1, [[[64], [-64]], relu(), [[1], [0]]], "float32");
    const before = 64 * unit + 4 * unit * 128 + unit * 64;
    expectRoom(room(network, [1], 1), before);
    // ReLU cuts what is below 0 away, on one side.
    const part = boundPart(network, box([1], [1]), null);
    expect(part.upper[2] / before).toBeCloseTo(1, 3);
    expect(part.upper[3] / (before + 4 * unit * before)).toBeCloseTo(1, 3);
  });

  it("has what a curve is off by, on either side", () => {
    const network = networkOf(1, [[[1], [0]], tanh()], "float32");
    const { lower, upper } = boundPart(network, box([0], [0]), null);
    const { smooth } = MACHINES.float32;
    for (const by of [-lower[2], upper[2]]) {
      expect(by).toBeGreaterThanOrEqual(smooth + upper[1]);
      expect(by).toBeLessThan(1.01 * (smooth + upper[1]));
    }
  });

  it("in a ball has that of its points, too", () => {
    const network = networkOf(1, [[[2], [0]]], "float32");
    const region = { ...box([2], [4]), ball: around("l2", [3], [0]).ball! };
    const bound = lowerBound(network, boundPart(network, region, null), [{ neuron: 1, coefficient: 1 }], 0);
    expectRoom(6 - bound, 2 * 4 * unit + 4 * unit * 8);
  });

  it("of what is only moved is that of small numbers", () => {
    const network = networkOf(2, [reshape([1, 2])], "float32");
    expectRoom(room(network, [0, 0], 3), 2 * tiny);
  });

  it("has what a product of small numbers may lose", () => {
    const network = networkOf(1, [[[1], [0]]], "float32");
    expect(room(network, [0], 0)).toBeGreaterThanOrEqual(tiny);
    expect(room(network, [0], 0)).toBeLessThan(1.001 * tiny);
    const { losses } = network;
    // 256 times taps + 2 = 3, and (1 + 1)³ as no number is larger than 1.
    expect(losses).toBe(256 * 3 * 8);
    expect(room(network, [0], 1)).toBeGreaterThanOrEqual(losses * tiny);
    expect(room(network, [0], 1)).toBeLessThan(1.01 * losses * tiny);
    // More where values are larger.
    expect(room(networkOf(2, [[[1, 0], [0]]], "float32"), [0, 2 ** 20], 2)).toBeGreaterThan(
      2 ** 20 * losses * tiny,
    );
  });
});

describe("room for our own roundings", () => {
  const slack = 2 ** -20;
  /** By how many times `slack` a bound is lower than without roundings, `value`. */
  const times = (
    network: CheckedNetwork,
    region: ClaimedRegion,
    neuron: number,
    coefficient: number,
    value: number,
  ) => {
    const own = { ...network, slack };
    return (value - lowerBound(own, boundPart(own, region, null), [{ neuron, coefficient }], 0)) / slack;
  };
  const expectTimes = (found: number, needed: number) => {
    expect(found / needed).toBeGreaterThanOrEqual(1 - 1e-6);
    expect(found / needed).toBeLessThan(1.001);
  };

  it("has the values that a row is multiplied by: at its beginning, at sums and at inputs", () => {
    const network = networkOf(1, [[[2], [0]]]);
    // 1 · 6 at the neuron, 5 · 6 of its sum, 2 · 3 at the input.
    expectTimes(times(network, box([3], [3]), 1, 1, 6), 6 + 30 + 6);
    expectTimes(times(network, box([3], [3]), 1, -1, -6), 6 + 30 + 6);
    expectTimes(times(network, box([3], [3]), 1, 4, 24), 4 * 42);
    expectTimes(times(network, box([-3], [-3]), 1, 1, -6), 42);
    // In a ball too.
    expectTimes(times(network, around("l2", [3], [0]), 1, 1, 6), 42);
  });

  it("is itself rounded up", () => {
    const network = networkOf(1, [[[2], [0]]]);
    const part = boundPart(network, box([3], [3]), null);
    const bound = lowerBound({ ...network, slack: 0.25 }, part, [{ neuron: 1, coefficient: 1 }], 0);
    // A quarter of 6 at the neuron and of 2 · 3 at the input, each a quarter more.
    expect(6 - bound).toBeCloseTo(2 * 1.5 * 1.25, 6);
    const { errors } = boundPart({ ...network, slack: 0.25 }, box([3], [3]), null);
    // Five quarters of the sum 6, that a quarter more, and so all of it.
    expect(errors[1]).toBeCloseTo(1.25 * 6 * 1.25 * 1.25, 6);
  });

  it("has those of lines and their constants", () => {
    const network = networkOf(1, [[[1], [0]], relu(), [[1], [0]]]);
    // Over [−1, 1] z is between x/2 and x/2 + 1/2: from the output 1 + 5 · 1, from the lines 1/2 · 1 and their constants, from
    // their input 1/2 · 5, from the region 1/2; and the upper line is 5/2 higher, as its input reaches farther.
    const region = box([-1], [1]);
    expectTimes(times(network, region, 3, 1, -0.5), 1 + 5 + 0.5 + 2.5 + 0.5);
    expectTimes(times(network, region, 3, -1, -1), 1 + 5 + 0.5 + 0.5 + 2.5 + 0.5 + 2.5);
    // Four times as wide: y = relu(x) + relu(4x), from below by x/2 + 2x.
    const two = networkOf(1, [
      [
        [1, 4],
        [0, 0],
      ],
      relu(),
      [[1, 1], [0]],
    ]);
    expectTimes(times(two, region, 5, 1, -2.5), 5 + 25 + (0.5 + 2) + (2.5 + 10) + 2.5);
  });
});
