import { describe, expect, it } from "vitest";
import { NeuronState } from "../../src/activations/definition.js";
import { type Activation, activationDefinition } from "../../src/activations/index.js";
import { LinePair } from "../../src/activations/line-pair.js";
import { sShaped } from "../../src/activations/s-shaped.js";
import type { TanhActivation } from "../../src/activations/tanh.js";
import { sigmoid, tanh } from "../../src/network/build-layer.js";
import { derivativeError, distances, linesOf, METHODS, numbersOf, SIDES } from "./lines-of.js";

// Tanh and the sigmoid, which bend everywhere.

/** Tanh, of which a tangent point and a derivative are wrong. */
function wrong(tangent: number, derivative: number) {
  const shape = { value: Math.tanh, derivative: () => derivative, secondDerivative: () => 0 };
  const sizes = { steepest: 1, height: 2, bend: 0.1 };
  return sShaped<TanhActivation>({ ...shape, ...sizes, tangentPoint: () => tangent }, "Wrong").scalar(tanh());
}

const INF = Number.POSITIVE_INFINITY;
const SUBJECTS: readonly [string, Activation, number][] = [
  ["tanh", tanh(), 1],
  ["sigmoid", sigmoid(), 0.25],
];
const ENDS = [-60, -20, -9, -4, -1.5, -0.7, -0.2, -0.01, 0, 0.01, 0.2, 0.7, 1.5, 4, 9, 20, 60];
const INTERVALS = ENDS.flatMap((l, i) => ENDS.slice(i + 1).map((u): [number, number] => [l, u]));
/** Of a width below that of chords, of one point, and just above. */
const NARROW = ENDS.flatMap((z) =>
  [0, 1e-300, 1e-12, 5e-5, 9.9e-5, 1.1e-4, 3e-4].flatMap((width): [number, number][] => [
    [z, z + width],
    [z - width, z],
    [z - width / 2, z + width / 2],
    [z - width / 8, z + (7 * width) / 8],
    [z - (7 * width) / 8, z + width / 8],
  ]),
);

/** Ends, and between them evenly and densely beside both and beside 0, where curves turn. */
function grid(l: number, u: number): number[] {
  const even = Array.from({ length: 400 }, (_, k) => l + ((u - l) * k) / 400);
  const steps = Array.from({ length: 60 }, (_, k) => 1.3 ** (k - 45));
  const beside = [l, 0, u].flatMap((z) => steps.flatMap((step) => [z - step, z + step]));
  return [l, u, ...even, ...beside.filter((z) => l < z && z < u)];
}

describe.each(SUBJECTS)("lines around %s", (_, f, steepest) => {
  const definition = activationDefinition(f);
  const { value, derivative } = definition.scalar(f);

  it("enclose it on every interval, and touch it", () => {
    const wrong: string[] = [];
    for (const [l, u] of INTERVALS) {
      for (const method of METHODS) {
        for (const [side, { least }] of distances(f, linesOf(f, method, l, u), grid(l, u)).entries())
          if (!(least > -1e-15 && least < 2e-4))
            wrong.push(`${method}, ${SIDES[side]}, over ${l} to ${u}: ${least}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("enclose it on narrow intervals, no farther away than by the cube of the width, or the square on one side", () => {
    const wrong: string[] = [];
    for (const [l, u] of NARROW) {
      const points = Array.from({ length: 33 }, (_, k) => l + ((u - l) * k) / 32);
      const width = u - l;
      for (const method of METHODS)
        for (const [side, { least, most }] of distances(f, linesOf(f, method, l, u), points).entries())
          if (!(least > -1e-15 && least < 1e-15 + width * width * 2e-4 && most < 4e-15 + width * width))
            wrong.push(`${method}, ${SIDES[side]}, over ${l} to ${u}: ${least} ${most}`);
    }
    expect(wrong).toEqual([]);
  });

  it("enclose it where ends are as far away as numbers reach", () => {
    const wrong: string[] = [];
    for (const [l, u] of [
      [-800, 800],
      [-1e300, 1e300],
      [-8e307, 8e307],
      [-1e300, 0.5],
      [-0.5, 1e300],
      [-1e9, -1e8],
      [1e8, 1e9],
      [3, 1e300],
      [-1e300, -3],
      [-1e300, -1e299],
    ]) {
      const points = [l, u, ...ENDS, ...ENDS.map((z) => z * 1e8)].filter((z) => l <= z && z <= u);
      for (const method of METHODS)
        for (const { least } of distances(f, linesOf(f, method, l, u), points))
          if (!(least > -1e-15 && least < 1)) wrong.push(`${method} over ${l} to ${u}: ${least}`);
    }
    expect(wrong).toEqual([]);
  });

  it("have the chord's slope if they have one", () => {
    for (const [l, u] of INTERVALS.filter(([l, u]) => u - l < 20)) {
      const { lower, upper } = linesOf(f, "parallel", l, u);
      expect(lower.slope).toBe(upper.slope);
      expect(lower.slope).toBeCloseTo((value(u) - value(l)) / (u - l), 14);
    }
    // Of just the width at which chords begin.
    const just = linesOf(f, "parallel", 0, 1e-4);
    expect(just.lower.slope).toBe((value(1e-4) - value(0)) / 1e-4);
    expect(just.lower.slope).not.toBe(derivative(0.5e-4));
    const { lower } = linesOf(f, "parallel", 0.3, 0.3 + 1e-4 * (1 - 1e-9));
    expect(lower.slope).toBe(derivative(0.3 + 0.5e-4 * (1 - 1e-9)));
  });

  it("are on one side of 0 the chord, and the tangent in the middle", () => {
    for (const [l, u] of INTERVALS) {
      const lines = linesOf(f, "adaptive", l, u);
      if (l < 0 && u > 0) {
        expect(numbersOf(lines)).toEqual(numbersOf(linesOf(f, "parallel", l, u)));
        continue;
      }
      const [chord, tangent] = l >= 0 ? [lines.lower, lines.upper] : [lines.upper, lines.lower];
      const middle = (l + u) / 2;
      for (const end of [l, u]) expect(chord.slope * end + chord.shift).toBeCloseTo(value(end), 13);
      expect(tangent.slope / derivative(middle)).toBeCloseTo(1, 13);
      expect(tangent.slope * middle + tangent.shift).toBeCloseTo(value(middle), 14);
    }
  });

  it("move with ℓ and u as their derivatives say", () => {
    const points = [-6.1, -2.3, -0.7, -0.24, 0.31, 0.83, 1.9, 5.2];
    const wide = points.flatMap((l, i) => points.slice(i + 1).map((u): [number, number] => [l, u]));
    const narrow = points.map((z): [number, number] => [z, z + 6e-5]);
    const errors = [...wide, ...narrow].flatMap(([l, u]) =>
      METHODS.map((method) => ({ method, l, u, by: derivativeError(f, method, [l, u], 1e-6) })),
    );
    expect(errors.filter(({ by }) => !(by < 1e-8))).toEqual([]);
  });

  it("lie level where an end is unbounded, and say nothing where nothing is known", () => {
    const level = (shift: number) => [0, 0, 0, shift, 0, 0];
    for (const method of METHODS) {
      for (const [l, u] of [
        [-INF, INF],
        [-INF, 0.5],
        [-0.5, INF],
        [2, INF],
        [-1.7e308, 1.7e308],
      ])
        expect(numbersOf(linesOf(f, method, l, u))).toEqual([...level(value(l)), ...level(value(u))]);
      for (const [l, u] of [
        [Number.NaN, 1],
        [-1, Number.NaN],
      ])
        for (const side of SIDES)
          expect(linesOf(f, method, l, u)[side]).toMatchObject({ slope: Number.NaN, shift: Number.NaN });
    }
  });

  it("has values and derivatives without cancellation", () => {
    const scale = f.kind === "tanh" ? 2 : 1;
    expect([value(0), derivative(0)]).toEqual([f.kind === "tanh" ? 0 : 0.5, steepest]);
    for (const z of [-30, -3, -0.5, 0.5, 3, 30]) {
      const decay = Math.exp(-scale * Math.abs(z));
      const upper = f.kind === "tanh" ? (1 - decay) / (1 + decay) : 1 / (1 + decay);
      const expected = z > 0 ? upper : f.kind === "tanh" ? -upper : decay / (1 + decay);
      expect(Math.abs(value(z) / expected - 1)).toBeLessThan(1e-15);
      const slope = (steepest * 4 * decay) / (1 + decay) ** 2;
      expect(Math.abs(derivative(z) / slope - 1)).toBeLessThan(1e-15);
    }
  });

  it("is never settled, and cut at 0 where that lies well inside, else in the middle", () => {
    expect(definition.state(f, 1, 2)).toBe(NeuronState.unstable);
    expect(definition.mix(f)).toEqual({ kind: "between known" });
    const split = (l: number, u: number) => definition.splitPoint(f, l, u);
    expect([split(-2, 6), split(-6, 2), split(-2, 8), split(-8, 2), split(-1, 9), split(-9, 1)]).toEqual([
      ...[0, 0, 3, -3, 4, -4],
    ]);
    expect([split(-0.125, 0.25), split(-0.25, 0.125)]).toEqual([0, 0]);
    expect([split(1, 2), split(-2, -1), split(0, 1), split(-1, 0)]).toEqual([1.5, -1.5, 0.5, -0.5]);
    expect([split(1, 1), split(1, 1 + 9e-7), split(Number.NaN, 1), split(0, 1e-6)]).toEqual([
      ...[null, null, null, null],
    ]);
    expect(split(1, 1 + 1.1e-6)).not.toBeNull();
  });

  it("has a gap of about that between its lines, and no more than half its height", () => {
    const gap = (l: number, u: number) => definition.gap(f, l, u);
    const between = ([l, u]: [number, number]) => {
      const { lower, upper } = linesOf(f, "parallel", l, u);
      return upper.shift - lower.shift;
    };
    const widest = ENDS.flatMap((z) => [between([z, z + 0.1]), between([z - 0.1, z])]).reduce((a, b) =>
      Math.max(a, b),
    );
    expect(gap(1, 1.1) / widest).toBeGreaterThan(0.8);
    expect(gap(1, 1.1) / widest).toBeLessThan(2);
    expect(gap(1, 1.2) / gap(1, 1.1)).toBeCloseTo(4, 10);
    expect(gap(-50, 50)).toBe(f.kind === "tanh" ? 1 : 0.5);
  });

  it("takes every parameter, having none", () => {
    expect([definition.parameters, definition.fault(f), definition.layerFault(f)]).toEqual([[], null, null]);
  });
});

describe("a tangent point that is off", () => {
  // It is a formula's, and rounded: where it does not lie as far out as the ends, these are what the lines must hold.
  it.each([
    // Between the chord's ends and beyond where the curve crosses it: lower and upper line.
    [-1, 3, -0.9, 1],
    [-3, 1, -0.9, 1],
    // Between the heights of both ends: narrow intervals, whose slope is wrong.
    [1, 1 + 5e-5, 1 + 1e-5, 0.5],
    [1, 1 + 5e-5, 1 + 1e-5, 0.3],
    [-1 - 5e-5, -1, 1 + 1e-5, 0.5],
    [-1 - 5e-5, -1, 1 + 1e-5, 0.3],
  ])("leaves ends enclosed: %d to %d", (l, u, tangent, derivative) => {
    const out = new LinePair();
    wrong(tangent, derivative).parallel(l, u, out);
    for (const z of [l, u]) {
      expect(out.lower.slope * z + out.lower.shift).toBeLessThanOrEqual(Math.tanh(z) + 1e-15);
      expect(out.upper.slope * z + out.upper.shift).toBeGreaterThanOrEqual(Math.tanh(z) - 1e-15);
    }
  });
});
