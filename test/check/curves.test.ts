import { describe, expect, it } from "vitest";
import { curveOf, linesAround } from "../../src/check/curves.js";
import { MACHINES } from "../../src/check/rounding.js";
import { random } from "../../src/compute/random.js";
import { hardtanh, leakyRelu, linear, relu, sigmoid, tanh } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { add, dyadic, multiply, negate } from "../support/exact/dyadic.js";

const CURVES: readonly [string, Layer, (z: number) => number][] = [
  ["relu", relu(), (z) => (z > 0 ? z : 0)],
  ["leaky-relu", leakyRelu(0.25), (z) => (z > 0 ? z : z / 4)],
  ["leaky-relu, steep", leakyRelu(3), (z) => (z > 0 ? z : 3 * z)],
  ["hardtanh", hardtanh(-0.5, 2), (z) => (z < -0.5 ? -0.5 : z > 2 ? 2 : z)],
  ["tanh", tanh(), (z) => 1 - 2 / (1 + Math.exp(2 * z))],
  ["sigmoid", sigmoid(), (z) => 1 / (1 + Math.exp(-z))],
];
const INTERVALS = [
  ...[
    [-1, 1],
    [-3, 0.5],
    [-0.25, 4],
    [0.5, 2.5],
    [-2, -0.75],
    [0, 1],
    [-1, 0],
    [-40, 30],
    [-6, 5],
  ],
] as const;

const curve = (layer: Layer, machine = MACHINES.real) => curveOf(layer, machine)!;

describe.each(CURVES)("the curve of %s", (_, layer, value) => {
  const own = curve(layer);

  it("has its values and its largest slope", () => {
    let steepest = 0;
    for (let z = -9; z < 9; z += 1 / 64) {
      expect(own.value(z)).toBeCloseTo(value(z), 13);
      steepest = Math.max(steepest, 64 * (own.value(z + 1 / 64) - own.value(z)));
    }
    expect(steepest).toBeLessThanOrEqual(own.steepest * (1 + 1e-12));
    expect(steepest).toBeGreaterThan(0.999 * own.steepest);
  });

  it("lies between its lines, which touch it: chords, and slopes that are given", () => {
    const source = random(1, "slopes");
    for (const [l, u] of INTERVALS) {
      const box = { lower: Float64Array.of(9, l), upper: Float64Array.of(9, u) };
      const given = [source.uniform() * own.steepest, source.uniform() * own.steepest];
      const slopes = { lower: Float64Array.of(given[0]), upper: Float64Array.of(given[1]) };
      const chord = (value(u) - value(l)) / (u - l);
      for (const [lines, expected] of [
        [linesAround(own, 1, 1, box), [chord, chord]],
        [linesAround(own, 1, 1, box, slopes), given],
        [linesAround(own, 1, 1, box, { upper: slopes.upper }), [chord, given[1]]],
        [linesAround(own, 1, 1, box, { lower: slopes.lower }), [given[0], chord]],
      ] as const) {
        for (const side of [0, 1] as const) {
          expect(lines.slope[side][0]).toBeCloseTo(expected[side], 13);
          const grid = Array.from({ length: 1025 }, (_, k) => l + ((u - l) * k) / 1024);
          const kinks = [-0.5, 0, 2].filter((z) => l < z && z < u);
          const gaps = [...grid, ...kinks].map((z) => {
            const gap = value(z) - (lines.slope[side][0] * z + lines.shift[side][0]);
            return side === 0 ? gap : -gap;
          });
          const least = gaps.reduce((a, b) => Math.min(a, b));
          expect(least).toBeGreaterThanOrEqual(-1e-14);
          expect(least).toBeLessThan(1e-3 * Math.min(u - l, 4));
        }
      }
    }
  });

  it("turns where it is farthest from a line, to nine digits", () => {
    for (const d of [0.01, 0.1, 0.2, 0.24]) {
      const heights = (z: number) => own.value(z) - d * z;
      const [most, least] = [Math.max, Math.min].map((best) => best(...own.turns(d).map(heights)));
      for (let z = -4; z < 4; z += 1 / 128) {
        // Beyond its turns it goes on to where lines of that slope leave it: at the ends, which are looked at anyway.
        if (z < Math.min(...own.turns(d)) || z > Math.max(...own.turns(d))) continue;
        expect(heights(z)).toBeLessThanOrEqual(most + 1e-9);
        expect(heights(z)).toBeGreaterThanOrEqual(least - 1e-9);
      }
    }
  });
});

describe("lines around a curve", () => {
  it("of a point have a slope between 0 and the steepest", () => {
    for (const [, layer] of CURVES) {
      const own = curve(layer);
      for (const z of [-1, 0, 0.5, 700]) {
        const { slope, shift } = linesAround(own, 1, 0, {
          lower: Float64Array.of(z),
          upper: Float64Array.of(z),
        });
        for (const side of [0, 1] as const) {
          expect(slope[side][0]).toBeGreaterThanOrEqual(0);
          expect(slope[side][0]).toBeLessThanOrEqual(own.steepest);
          const gap = own.value(z) - (slope[side][0] * z + shift[side][0]);
          expect(side === 0 ? gap : -gap).toBeGreaterThanOrEqual(0);
          expect(Math.abs(gap)).toBeLessThan(1e-9);
        }
      }
    }
  });

  it("take the slope of the smaller area below a kink, by the longer side", () => {
    const lower = (layer: Layer, l: number, u: number) =>
      linesAround(
        curve(layer),
        1,
        0,
        { lower: Float64Array.of(l), upper: Float64Array.of(u) },
        { lower: "adaptive" },
      ).slope[0][0];
    expect([lower(relu(), -1, 2), lower(relu(), -2, 1), lower(relu(), -1, 1)]).toEqual([1, 0, 0]);
    expect([lower(leakyRelu(0.25), -1, 2), lower(leakyRelu(0.25), -2, 1)]).toEqual([1, 0.25]);
    // Beside the kink that of the chord.
    expect([lower(relu(), 0, 2), lower(relu(), -2, 0), lower(relu(), 1, 2)]).toEqual([1, 0, 1]);
  });

  it("leave room for how the network is run, and for what a product there takes for 0", () => {
    const { unit, tiny, smooth } = MACHINES["float32-ftz"];
    const room = (layer: Layer, z: number) => curve(layer, MACHINES["float32-ftz"]).error(z);
    expect(room(relu(), 5)).toBe(4 * tiny);
    for (const z of [1, 2 ** -100, 2 ** 30]) {
      const product = 0.25 * z;
      expect(room(leakyRelu(0.25), z)).toBeGreaterThanOrEqual(3 * unit * product + tiny * z + tiny);
      expect(room(leakyRelu(0.25), z)).toBeLessThanOrEqual(5 * unit * product + tiny * z + 5 * tiny);
    }
    expect(room(hardtanh(-0.5, 2), 9)).toBeCloseTo(8 * unit, 12);
    expect(room(hardtanh(-3, 2), 9)).toBeCloseTo(12 * unit, 12);
    for (const layer of [tanh(), sigmoid()]) {
      expect(room(layer, 5)).toBeGreaterThanOrEqual(smooth + 2 ** -41);
      expect(room(layer, 5)).toBeLessThan(1.001 * smooth);
    }
  });

  it("widen by the room that there is, on either side", () => {
    const own = { ...curve(relu()), error: () => 0.5 };
    const { shift } = linesAround(own, 1, 0, { lower: Float64Array.of(-1), upper: Float64Array.of(1) });
    expect([shift[0][0], shift[1][0]].map((x) => Math.round(1e6 * x) / 1e6)).toEqual([-0.5, 1]);
  });

  it("widen by what the larger end of an interval takes", () => {
    const own = { ...curve(relu()), error: (size: number) => size };
    for (const [l, u] of [
      [-1, 3],
      [-3, 1],
    ] as const) {
      const box = { lower: Float64Array.of(l), upper: Float64Array.of(u) };
      const slopes = { lower: Float64Array.of(0), upper: Float64Array.of(0) };
      const { shift } = linesAround(own, 1, 0, box, slopes);
      expect([shift[0][0], shift[1][0]].map((x) => Math.round(1e6 * x) / 1e6)).toEqual([-3, u + 3]);
    }
  });

  it("are those of their own neurons, from a first one on", () => {
    const box = { lower: Float64Array.of(9, -2, 1, -1), upper: Float64Array.of(9, -1, 2, 1) };
    const { slope } = linesAround(curve(relu()), 3, 1, box);
    expect([[...slope[0]], [...slope[1]]]).toEqual([
      [0, 1, 0.5],
      [0, 1, 0.5],
    ]);
  });

  it("hold a curve whose heights are rounded as they are computed, at any slope", () => {
    const source = random(2, "heights");
    const steepest = 1e6 / 3;
    const steep = { value: (z: number) => steepest * z, steepest, turns: () => [], error: () => 0 };
    let rounded = 0;
    for (let round = 0; round < 200; round++) {
      const [l, u] = [source.uniform(), 1 + source.uniform()];
      const given = [0, steepest, steepest * source.uniform()][round % 3]!;
      const box = { lower: Float64Array.of(l), upper: Float64Array.of(u) };
      const slopes = { lower: Float64Array.of(given), upper: Float64Array.of(given) };
      const { shift } = linesAround(steep, 1, 0, box, slopes);
      // Of steepest z − given z − shift, with no rounding.
      const gap = (z: number, side: 0 | 1) =>
        add(
          multiply(add(dyadic(steepest), negate(dyadic(given))), dyadic(z)),
          negate(dyadic(shift[side][0]!)),
        ).mantissa;
      for (const z of [l, u]) {
        expect(gap(z, 0) >= 0n).toBe(true);
        expect(gap(z, 1) <= 0n).toBe(true);
        const exact = multiply(add(dyadic(steepest), negate(dyadic(given))), dyadic(z));
        if (add(exact, negate(dyadic(steepest * z - given * z))).mantissa !== 0n) rounded += 1;
      }
    }
    expect(rounded).toBeGreaterThan(100);
  });

  it("have a slope of the chord where there is no kink", () => {
    const box = { lower: Float64Array.of(-1), upper: Float64Array.of(2) };
    for (const layer of [tanh(), sigmoid(), hardtanh(-0.5, 1)]) {
      const own = curve(layer);
      const chord = (own.value(2) - own.value(-1)) / 3;
      expect(linesAround(own, 1, 0, box, { lower: "adaptive" }).slope[0][0]).toBeCloseTo(chord, 13);
    }
  });

  it("stay finite numbers at ends far out", () => {
    const box = { lower: Float64Array.of(-800), upper: Float64Array.of(800) };
    for (const layer of [tanh(), sigmoid()]) {
      const own = curve(layer);
      expect([own.value(-800), own.value(800)]).toEqual([layer.kind === "tanh" ? -1 : 0, 1]);
      const { shift } = linesAround(own, 1, 0, box);
      expect([shift[0][0], shift[1][0]].every(Number.isFinite)).toBe(true);
    }
  });

  it("leave room for a slope that a machine takes for 0", () => {
    // The slope is no normal number of single precision: the whole product is lost.
    const [slope, z] = [2 ** -130, 2 ** 30];
    const room = curve(leakyRelu(slope), MACHINES["float32-ftz"]).error(z);
    expect(room).toBeGreaterThanOrEqual(slope * z);
  });

  it("are those of activations alone", () => {
    expect(curveOf(linear(2), MACHINES.real)).toBeNull();
  });
});
