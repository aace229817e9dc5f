import { describe, expect, test } from "vitest";
import type { Activation } from "../../../src/compute/elementwise.js";
import { build, type Matrix } from "../oracle.js";
import { breakpoints, value } from "../oracle-lines.js";
import { ACTIVATIONS, describeActivation } from "./activations.js";
import type { Bench } from "./bench.js";

const INTERVALS = 2000;
const POINTS = 200;

/** Intervals of widths and places from 1e-12 to 1e4, degenerate ones and ones beside breakpoints among them. */
function intervals(bench: Bench, f: Activation): { lower: Matrix; upper: Matrix } {
  const lower: number[] = [];
  const upper: number[] = [];
  const size = (): number => 10 ** (16 * bench.random.uniform() - 12);
  const sign = (): number => (bench.random.uniform() < 0.5 ? -1 : 1);
  const kinks = [...breakpoints(f), 0];
  for (let i = 0; i < INTERVALS; i++) {
    let ends: number[];
    if (i % 4 === 0) ends = [sign() * size(), sign() * size()];
    else if (i % 4 === 1) ends = [bench.random.normal() * 3, bench.random.normal() * 3];
    else if (i % 4 === 2) {
      const kink = kinks[bench.random.integer(kinks.length)];
      ends = [kink - (i % 3) * size(), kink + (i % 5) * size()];
    } else {
      const middle = bench.random.normal() * 10;
      const width = i % 16 === 3 ? 0 : size() * 1e-3;
      ends = [middle - width, middle + width];
    }
    ends = ends.map(Math.fround);
    lower.push(Math.min(...ends));
    upper.push(Math.max(...ends));
  }
  return {
    lower: build(1, INTERVALS, (_, r) => lower[r]),
    upper: build(1, INTERVALS, (_, r) => upper[r]),
  };
}

/** The largest violation of lowerSlope·z + lowerShift ≤ σ(z) ≤ upperSlope·z + upperShift, in units of its terms. */
function worstViolation(
  f: Activation,
  l: number,
  u: number,
  lowerSlope: number,
  lowerShift: number,
  upperSlope: number,
  upperShift: number,
): number {
  let worst = 0;
  for (let i = 0; i <= POINTS; i++) {
    const z = Math.min(Math.max(l + ((u - l) * i) / POINTS, l), u);
    const height = value(f, z);
    const scale =
      Math.abs(height) +
      Math.max(Math.abs(lowerSlope), Math.abs(upperSlope)) * Math.max(Math.abs(l), Math.abs(u)) +
      Math.max(Math.abs(lowerShift), Math.abs(upperShift)) +
      1e-35;
    const violation = Math.max(lowerSlope * z + lowerShift - height, height - (upperSlope * z + upperShift));
    worst = Math.max(worst, violation / scale);
    if (Number.isNaN(violation)) return Number.NaN;
  }
  return worst;
}

export function enclosureConformance(bench: Bench): void {
  describe("lines enclose the activation", () => {
    for (const f of ACTIVATIONS) {
      test(describeActivation(f), async () => {
        const backend = await bench.backend();
        const ulp = backend.dtype === "float64" ? 2 ** -52 : 2 ** -23;
        const { lower, upper } = intervals(bench, f);
        const [l, u] = [await bench.upload(lower), await bench.upload(upper)];
        const parallel = backend.parallelLines(f, l, u);
        const [d, m, r] = [
          await bench.read(parallel.slope),
          await bench.read(parallel.shift),
          await bench.read(parallel.radius),
        ];
        const adaptive = backend.adaptiveLines(f, l, u);
        const four = await Promise.all(
          [adaptive.lowerSlope, adaptive.lowerShift, adaptive.upperSlope, adaptive.upperShift].map((t) =>
            bench.read(t),
          ),
        );
        for (let i = 0; i < INTERVALS; i++) {
          const [a, b] = [lower.values[i], upper.values[i]];
          const [slope, shift, radius] = [d.values[i], m.values[i], r.values[i]];
          if (!(radius >= 0)) expect.fail(`radius ${radius} over [${a}, ${b}]`);
          const first = worstViolation(f, a, b, slope, shift - radius, slope, shift + radius);
          if (!(first <= 4 * ulp)) expect.fail(`parallel lines over [${a}, ${b}]: ${first / ulp} ulps`);
          const [p, q, s, t] = four.map((part) => part.values[i]);
          const second = worstViolation(f, a, b, p, q, s, t);
          if (!(second <= 4 * ulp)) expect.fail(`adaptive lines over [${a}, ${b}]: ${second / ulp} ulps`);
        }
      });

      test(`${describeActivation(f)}: unbounded and huge intervals are never wrongly finite`, async () => {
        const backend = await bench.backend();
        const huge = backend.dtype === "float64" ? 1.7e308 : 3.4e38;
        const ends: [number, number][] = [
          [-Infinity, 1],
          [-1, Infinity],
          [-Infinity, Infinity],
          [-Infinity, -1],
          [2, Infinity],
          [-huge, huge],
          [-huge, 1],
          [-1, huge],
        ];
        const lower = build(1, ends.length, (_, i) => ends[i][0]);
        const upper = build(1, ends.length, (_, i) => ends[i][1]);
        const [l, u] = [await bench.upload(lower), await bench.upload(upper)];
        const parallel = backend.parallelLines(f, l, u);
        const adaptive = backend.adaptiveLines(f, l, u);
        const [d, m, r] = await Promise.all(
          [parallel.slope, parallel.shift, parallel.radius].map((t) => bench.read(t)),
        );
        const four = await Promise.all(
          [adaptive.lowerSlope, adaptive.lowerShift, adaptive.upperSlope, adaptive.upperShift].map((t) =>
            bench.read(t),
          ),
        );
        for (const [i, [a, b]] of ends.entries()) {
          const [slope, shift, radius] = [d.values[i], m.values[i], r.values[i]];
          const candidates = [
            [slope, shift - radius, slope, shift + radius],
            four.map((part) => part.values[i]),
          ];
          for (const [p, q, s, t] of candidates) {
            if (![p, q, s, t].every(Number.isFinite)) continue;
            const violation = worstViolation(f, Math.max(a, -1e6), Math.min(b, 1e6), p, q, s, t);
            expect(violation, `[${a}, ${b}]: ${[p, q, s, t]}`).toBeLessThan(1e-6);
          }
        }
      });
    }
  });
}
