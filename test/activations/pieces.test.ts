import { describe, expect, it } from "vitest";
import { NeuronState } from "../../src/activations/definition.js";
import { type Activation, activationDefinition } from "../../src/activations/index.js";
import type { LinePair } from "../../src/activations/line-pair.js";
import { hardtanh, leakyRelu, relu } from "../../src/network/build-layer.js";
import { derivativeError, distances, linesOf, METHODS, numbersOf, SIDES } from "./lines-of.js";

// Activations of straight pieces: what lies between two lines at kinks and ends lies between them everywhere.

const INF = Number.POSITIVE_INFINITY;
const SUBJECTS: readonly [string, Activation, readonly number[]][] = [
  ["relu", relu(), [0]],
  ["leaky-relu", leakyRelu(0.25), [0]],
  ["leaky-relu without a slope", leakyRelu(0), [0]],
  ["leaky-relu, straight", leakyRelu(1), [0]],
  ["leaky-relu, steep", leakyRelu(3), [0]],
  ["hardtanh", hardtanh(-0.5, 2), [-0.5, 2]],
  ["hardtanh from 0", hardtanh(0, 6), [0, 6]],
  ["hardtanh to 0", hardtanh(-1, 0), [-1, 0]],
  ["hardtanh of ones", hardtanh(), [-1, 1]],
  ["hardtanh above 0", hardtanh(1, 3), [1, 3]],
  ["hardtanh below 0", hardtanh(-3, -1), [-3, -1]],
];
const OWN = [-70, -8, -1, -0.75, -0.25, -1e-3, -1e-310, 1e-310, 0.125, 1, 1.75, 3, 5.5, 9, 90];

/** Kinks, beside them, and others; every pair of them an interval, of one point as well. */
function intervals(kinks: readonly number[]): [number, number][] {
  const near = kinks.flatMap((kink) => [kink, kink - 2 ** -20, kink + 2 ** -20]);
  const points = [...OWN, ...near].sort((a, b) => a - b);
  return points.flatMap((l, i) => points.slice(i).map((u): [number, number] => [l, u]));
}

const within = (kinks: readonly number[], l: number, u: number) => [
  l,
  u,
  ...kinks.filter((kink) => l < kink && kink < u),
];

describe.each(SUBJECTS)("lines around %s", (_, f, kinks) => {
  const { value } = activationDefinition(f).scalar(f);

  it("enclose it on every interval, and touch it: to a few roundings of what meets in them", () => {
    const wrong: string[] = [];
    for (const [l, u] of intervals(kinks)) {
      for (const method of METHODS) {
        const lines = linesOf(f, method, l, u);
        const size = Math.max(-l, u, 1) * 3;
        for (const { least } of distances(f, lines, within(kinks, l, u)))
          if (!(Math.abs(least) < 4e-16 * size)) wrong.push(`${method} over ${l} to ${u}: ${least}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("of one slope are as near to each other as lines of one slope can be", () => {
    const wrong: string[] = [];
    for (const [l, u] of intervals(kinks)) {
      const { lower, upper } = linesOf(f, "parallel", l, u);
      if (!Object.is(lower.slope, upper.slope)) wrong.push(`two slopes over ${l} to ${u}`);
      const points = within(kinks, l, u);
      const heights = (slope: number) => points.map((z) => value(z) - slope * z);
      // Piecewise linear and convex in the slope: least where two points are equally high.
      const slopes = points.flatMap((p) =>
        points.flatMap((q) => (q - p > 1e-300 ? [(value(q) - value(p)) / (q - p)] : [])),
      );
      const best = slopes.reduce((least, slope) => {
        const all = heights(slope);
        return Math.min(least, Math.max(...all) - Math.min(...all));
      }, INF);
      if (best < INF && !(upper.shift - lower.shift < best + 1e-14 * (u - l))) wrong.push(`${l} to ${u}`);
    }
    expect(wrong).toEqual([]);
  });

  it("of two slopes are as near to it in the middle as any line: of the smallest area", () => {
    const wrong: string[] = [];
    for (const [l, u] of intervals(kinks)) {
      const lines = linesOf(f, "adaptive", l, u);
      const [points, middle] = [within(kinks, l, u), l + (u - l) / 2];
      // In the middle its convex hull is reached by the chord of some two points that enclose it.
      const hull = points.flatMap((p) =>
        points.flatMap((q) =>
          p <= middle && middle <= q && p < q
            ? [value(p) + ((value(q) - value(p)) * (middle - p)) / (q - p)]
            : [],
        ),
      );
      if (hull.length === 0) continue;
      const tolerance = 1e-13 * (u - l + 1);
      const at = (side: "lower" | "upper") => lines[side].slope * middle + lines[side].shift;
      const off = [at("lower") - Math.min(...hull), at("upper") - Math.max(...hull)];
      if (!off.every((by) => Math.abs(by) < tolerance)) wrong.push(`${l} to ${u}: ${off}`);
    }
    expect(wrong).toEqual([]);
  });

  it("move with ℓ and u as their derivatives say", () => {
    const points = [-5.3, -0.8, -0.3, 0.4, 1.35, 1.85, 4.1, 6.7];
    const errors = points.flatMap((l, i) =>
      points
        .slice(i + 1)
        .flatMap((u) =>
          METHODS.map((method) => ({ method, l, u, by: derivativeError(f, method, [l, u], 1e-5) })),
        ),
    );
    expect(errors.filter(({ by }) => !(by < 1e-8))).toEqual([]);
  });

  it("say nothing where nothing is known", () => {
    for (const method of METHODS)
      for (const [l, u] of [
        [Number.NaN, 1],
        [-1, Number.NaN],
        [Number.NaN, -1],
        [1, Number.NaN],
        [Number.NaN, Number.NaN],
      ])
        for (const side of SIDES)
          expect(linesOf(f, method, l, u)[side]).toMatchObject({ slope: Number.NaN, shift: Number.NaN });
  });
});

describe("lines that are fixed", () => {
  const fixed = (f: Activation, l: number, u: number) => METHODS.map((method) => linesOf(f, method, l, u));
  const line = (slope: number, shift: number) => [slope, 0, 0, shift, 0, 0];

  it.each([
    [relu(), -3, -1, 0, 0],
    [relu(), -3, 0, 0, 0],
    [relu(), Number.NEGATIVE_INFINITY, 0, 0, 0],
    [relu(), 0, 3, 1, 0],
    [relu(), 1, INF, 1, 0],
    [relu(), 0, 0, 0, 0],
    [leakyRelu(0.25), -3, 0, 0.25, 0],
    [leakyRelu(0.25), Number.NEGATIVE_INFINITY, -1, 0.25, 0],
    [leakyRelu(0.25), 0, 0, 0.25, 0],
    [leakyRelu(0.25), 0, INF, 1, 0],
    [hardtanh(-1, 2), -4, -1, 0, -1],
    [hardtanh(-1, 2), Number.NEGATIVE_INFINITY, -2, 0, -1],
    [hardtanh(-1, 2), 2, 5, 0, 2],
    [hardtanh(-1, 2), 3, INF, 0, 2],
    [hardtanh(-1, 2), -1, 2, 1, 0],
    [hardtanh(-1, 2), 0.5, 0.5, 1, 0],
  ] as const)("%o over %d to %d: slope %d, shift %d", (f, l, u, slope, shift) => {
    for (const lines of fixed(f, l, u))
      expect(numbersOf(lines)).toEqual([...line(slope, shift), ...line(slope, shift)]);
  });

  it("lie level around hardtanh where an end is unbounded, at the ends' values", () => {
    for (const [l, u, below, above] of [
      [Number.NEGATIVE_INFINITY, INF, -1, 2],
      [Number.NEGATIVE_INFINITY, 0.5, -1, 0.5],
      [0.5, INF, 0.5, 2],
      // Finite ends, so far from each other that their distance is not.
      [-1.7e308, 1.7e308, -1, 2],
    ])
      for (const lines of fixed(hardtanh(-1, 2), l, u))
        expect(numbersOf(lines)).toEqual([...line(0, below), ...line(0, above)]);
  });

  it("are not there for an unstable neuron of unbounded width", () => {
    for (const f of [relu(), leakyRelu(0.25)])
      for (const [l, u] of [
        [Number.NEGATIVE_INFINITY, 1],
        [-1, INF],
        [-1.7e308, 1.7e308],
      ])
        for (const lines of fixed(f, l, u)) expect(numbersOf(lines)).toEqual(numbersOf(unknown()));
    function unknown() {
      return linesOf(relu(), "parallel", Number.NaN, Number.NaN);
    }
  });

  it("take the flatter slope where both leave the same area", () => {
    expect(linesOf(relu(), "adaptive", -1, 1).lower.slope).toBe(0);
    expect(linesOf(leakyRelu(0.25), "adaptive", -1, 1).lower.slope).toBe(0.25);
    expect(linesOf(leakyRelu(3), "adaptive", -1, 1).upper.slope).toBe(3);
    expect(linesOf(hardtanh(-1, 2), "adaptive", -3, 1).lower.slope).toBe(0);
    expect(linesOf(hardtanh(-1, 2), "adaptive", 0, 4).upper.slope).toBe(0);
    // Beyond one kink as far as from the other kink to the other end: level lines and tilted ones leave the same.
    expect(linesOf(hardtanh(-1, 1), "adaptive", -3, 5).upper.slope).toBe(0);
    expect(linesOf(hardtanh(-1, 1), "adaptive", -5, 3).lower.slope).toBe(0);
  });

  it("move at a kink as within the interval: ends that lie on it are on the steep piece", () => {
    const clip = hardtanh(-1, 2);
    // Chords of slope 3/4, whose other end lies 4 away: their slope moves with the end on the kink by a quarter of what is left to 1.
    for (const method of METHODS) {
      const { upper: chord, lower: below } = linesOf(clip, method, -2, 2);
      expect([chord.slope, chord.slopeByLower, chord.slopeByUpper]).toEqual([0.75, 0.1875, 0.0625]);
      if (method === "adaptive")
        expect(numbersOf({ lower: below, upper: below } as LinePair)).toEqual([...line(1, 0), ...line(1, 0)]);
      const { lower: other, upper: above } = linesOf(clip, method, -1, 3);
      expect([other.slope, other.slopeByLower, other.slopeByUpper]).toEqual([0.75, -0.0625, -0.1875]);
      if (method === "adaptive")
        expect(numbersOf({ lower: above, upper: above } as LinePair)).toEqual([...line(1, 0), ...line(1, 0)]);
    }
    // As far across on either side: the slope is that from the lower end.
    const { lower, upper } = linesOf(hardtanh(-1, 1), "parallel", -3, 3);
    expect([lower.slope, lower.slopeByLower, lower.slopeByUpper]).toEqual([0.5, 0.125, 0]);
    expect([lower.shift, lower.shiftByLower, lower.shiftByUpper]).toEqual([-0.5, 0.125, 0]);
    expect([upper.shift, upper.shiftByLower, upper.shiftByUpper + 0]).toEqual([0.5, -0.125, 0]);
  });

  it("are those of the sign that is told, where rounding crossed two bounds", () => {
    for (const upper of [-1, 0]) {
      for (const lines of fixed(relu(), 2, upper))
        expect(numbersOf(lines)).toEqual([...line(0, 0), ...line(0, 0)]);
      for (const lines of fixed(leakyRelu(0.25), 2, upper))
        expect(numbersOf(lines)).toEqual([...line(0.25, 0), ...line(0.25, 0)]);
    }
  });
});

describe("what is known of activations of straight pieces", () => {
  const { inactive, active, unstable } = NeuronState;

  it("has values and derivatives, of the left piece at a kink", () => {
    for (const [f, table] of [
      [
        relu(),
        [
          [-2, 0, 0],
          [0, 0, 0],
          [2, 2, 1],
        ],
      ],
      [
        leakyRelu(0.25),
        [
          [-2, -0.5, 0.25],
          [0, 0, 0.25],
          [2, 2, 1],
        ],
      ],
      [
        hardtanh(-1, 2),
        [
          [-2, -1, 0],
          [-1, -1, 0],
          [0.5, 0.5, 1],
          [2, 2, 1],
          [3, 2, 0],
        ],
      ],
    ] as const) {
      const { value, derivative } = activationDefinition<Activation>(f).scalar(f);
      for (const [z, v, d] of table) expect([value(z), derivative(z)], `${f.kind} at ${z}`).toEqual([v, d]);
      expect([value(Number.NaN), derivative(Number.NaN)]).toEqual([Number.NaN, Number.NaN]);
    }
  });

  it.each([
    [relu(), -2, 0, inactive],
    [relu(), -2, 2 ** -1074, unstable],
    [relu(), -(2 ** -1074), 2, unstable],
    [relu(), 0, 2, active],
    [relu(), Number.NaN, 2, unstable],
    [relu(), -2, Number.NaN, unstable],
    [leakyRelu(0.25), -2, 0, active],
    [leakyRelu(0.25), -2, 1, unstable],
    [leakyRelu(0.25), 0, 1, active],
    [leakyRelu(0.25), Number.NaN, Number.NaN, unstable],
    [hardtanh(-1, 2), -3, -1, inactive],
    [hardtanh(-1, 2), 2, 3, inactive],
    [hardtanh(-1, 2), -1, 2, active],
    [hardtanh(-1, 2), -1.5, 2, unstable],
    [hardtanh(-1, 2), -1, 2.5, unstable],
    [hardtanh(-1, 2), Number.NaN, Number.NaN, unstable],
    [hardtanh(-1, 2), Number.NaN, 0, unstable],
    [hardtanh(-1, 2), 0, Number.NaN, unstable],
  ] as const)("%o is over %d to %d in the state %d", (f, l, u, state) => {
    expect(activationDefinition<Activation>(f).state(f, l, u)).toBe(state);
  });

  it("is split at kinks that lie inside, the first first", () => {
    const split = (f: Activation, l: number, u: number) => activationDefinition(f).splitPoint(f, l, u);
    for (const f of [relu(), leakyRelu(0.25)]) {
      expect([split(f, -1, 1), split(f, 0, 1), split(f, -1, 0), split(f, 1, 2), split(f, -2, -1)]).toEqual([
        0,
        null,
        null,
        null,
        null,
      ]);
    }
    const clip = hardtanh(-1, 2);
    expect([split(clip, -2, 3), split(clip, -1, 3), split(clip, -1, 2), split(clip, -2, 2)]).toEqual([
      -1,
      2,
      null,
      -1,
    ]);
    expect([split(clip, -3, -2), split(clip, 3, 4)]).toEqual([null, null]);
  });

  it("has a gap: between the chord and the curve at its kink, or of hardtanh what both kinks leave", () => {
    const gap = (f: Activation, l: number, u: number) => activationDefinition(f).gap(f, l, u);
    expect(gap(relu(), -2, 6)).toBe(1.5);
    expect(gap(leakyRelu(0.25), -2, 6)).toBe(0.75 * 1.5);
    expect(gap(leakyRelu(3), -2, 6)).toBe(2 * 1.5);
    for (const [l, u, chordAt] of [
      [-3, 1, -1],
      [0, 4, 2],
    ]) {
      const clip = hardtanh(-1, 2);
      const { value } = activationDefinition(clip).scalar(clip);
      const chord = value(l) + ((value(u) - value(l)) * (chordAt - l)) / (u - l);
      expect(gap(clip, l, u)).toBe(Math.abs(chord - value(chordAt)));
    }
    expect(gap(hardtanh(-1, 2), -3, 5)).toBe((5 * 3) / 8);
  });

  it("refuses parameters that make no function, and in a layer those that make none that grows", () => {
    const faults = (f: Activation) => {
      const { fault, layerFault } = activationDefinition(f);
      return [fault(f), layerFault(f)].map((text) => text !== null);
    };
    const clip = (minimum: number, maximum: number) => hardtanh(minimum, maximum);
    expect(faults(relu())).toEqual([false, false]);
    expect(faults(leakyRelu(0))).toEqual([false, false]);
    expect(faults({ kind: "leaky-relu", slope: -1 })).toEqual([false, true]);
    expect(faults({ kind: "leaky-relu", slope: INF })).toEqual([true, true]);
    expect(faults({ kind: "leaky-relu", slope: Number.NaN })).toEqual([true, true]);
    expect(faults(clip(-1, 2))).toEqual([false, false]);
    expect(faults(clip(1, 1))).toEqual([false, true]);
    expect(faults(clip(2, 1))).toEqual([true, true]);
    expect(faults(clip(-1, INF))).toEqual([true, false]);
    expect(faults(clip(-1e308, 1e308))).toEqual([true, false]);
    expect(faults(clip(Number.NaN, 1))).toEqual([true, true]);
    const texts = (f: Activation) => activationDefinition(f).layerFault(f);
    expect(texts(clip(1, 1))).toBe("needs minimum < maximum, got 1 and 1");
    expect(texts({ kind: "leaky-relu", slope: -1 })).toBe("needs a slope of at least 0, got -1");
  });

  it("may be mixed of lines through its kink where it is convex", () => {
    const mix = (f: Activation) => activationDefinition(f).mix(f);
    expect(mix(relu())).toEqual({ kind: "kinked at zero", below: 0 });
    expect(mix(leakyRelu(0.25))).toEqual({ kind: "kinked at zero", below: 0.25 });
    for (const f of [leakyRelu(1), leakyRelu(3), hardtanh()])
      expect(mix(f)).toEqual({ kind: "between known" });
  });
});
