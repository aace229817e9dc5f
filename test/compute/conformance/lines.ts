import { describe, expect, test } from "vitest";
import type { Backend, Tensor } from "../../../src/compute/backend.js";
import type { Activation } from "../../../src/compute/elementwise.js";
import { build, type Matrix } from "../oracle.js";
import {
  adaptiveLines,
  breakpoints,
  derivative,
  type OracleLines,
  parallelLines,
  value,
} from "../oracle-lines.js";
import { ACTIVATIONS, describeActivation } from "./activations.js";
import type { Bench } from "./bench.js";

/** Intervals of every case, their ends at least 0.01 from breakpoints and from each other. */
function intervals(bench: Bench, f: Activation, count: number): [number, number][] {
  const found: [number, number][] = [];
  while (found.length < count) {
    const scale = [0.3, 1, 3][found.length % 3];
    const ends = [bench.random.normal() * scale, bench.random.normal() * scale].map(Math.fround);
    const [l, u] = [Math.min(...ends), Math.max(...ends)];
    const near = [...breakpoints(f), 0].some(
      (kink) => Math.abs(l - kink) < 0.01 || Math.abs(u - kink) < 0.01,
    );
    if (u - l > 0.01 && !near) found.push([l, u]);
  }
  return found;
}

function column(values: readonly number[]): Matrix {
  return build(1, values.length, (_, r) => values[r]);
}

type Form = "parallel" | "adaptive";

const ORACLES = { parallel: parallelLines, adaptive: adaptiveLines };

/** The numbers that a backend returns for a form of lines, from the four of the oracle. */
function parts(form: Form, lines: OracleLines): number[] {
  if (form === "adaptive") return [lines.lowerSlope, lines.lowerShift, lines.upperSlope, lines.upperShift];
  const { lowerShift, upperShift } = lines;
  return [lines.lowerSlope, (lowerShift + upperShift) / 2, (upperShift - lowerShift) / 2];
}

function backendParts(b: Backend, form: Form, f: Activation, l: Tensor, u: Tensor): Tensor[] {
  if (form === "parallel") {
    const { slope, shift, radius } = b.parallelLines(f, l, u);
    return [slope, shift, radius];
  }
  const { lowerSlope, lowerShift, upperSlope, upperShift } = b.adaptiveLines(f, l, u);
  return [lowerSlope, lowerShift, upperSlope, upperShift];
}

function backendGradient(b: Backend, form: Form, f: Activation, l: Tensor, u: Tensor, g: Tensor[]) {
  return form === "parallel"
    ? b.parallelLinesGradient(f, l, u, { slope: g[0], shift: g[1], radius: g[2] })
    : b.adaptiveLinesGradient(f, l, u, {
        lowerSlope: g[0],
        lowerShift: g[1],
        upperSlope: g[2],
        upperShift: g[3],
      });
}

export function linesConformance(bench: Bench): void {
  for (const form of ["parallel", "adaptive"] as const) {
    const names =
      form === "parallel"
        ? ["slope", "shift", "radius"]
        : ["lower slope", "lower shift", "upper slope", "upper shift"];
    describe(`${form} lines`, () => {
      for (const f of ACTIVATIONS) {
        test(`${describeActivation(f)}: by definition`, async () => {
          const backend = await bench.backend();
          const ends = intervals(bench, f, 40);
          const [lower, upper] = [column(ends.map(([l]) => l)), column(ends.map(([, u]) => u))];
          const expected = ends.map(([l, u]) => parts(form, ORACLES[form](f, l, u)));
          const got = backendParts(backend, form, f, await bench.upload(lower), await bench.upload(upper));
          for (const [i, name] of names.entries()) {
            const wanted = column(expected.map((numbers) => numbers[i]));
            // The oracle finds extremes by search, to about 1e-13 of a line's height.
            bench.expectClose(await bench.read(got[i]), wanted, name, Math.max(1e-10, bench.relative));
          }
        });

        test(`${describeActivation(f)}: derivatives`, async () => {
          const backend = await bench.backend();
          const ends = intervals(bench, f, 24);
          const lower = await bench.upload(column(ends.map(([l]) => l)));
          const upper = await bench.upload(column(ends.map(([, u]) => u)));
          const weights = names.map(() => bench.matrix(1, ends.length));
          const tensors = await Promise.all(weights.map((g) => bench.upload(g)));
          const gradient = backendGradient(backend, form, f, lower, upper, tensors);
          const got = [(await bench.read(gradient.lower)).values, (await bench.read(gradient.upper)).values];
          const step = 2e-5;
          let compared = 0;
          for (const [k, [l, u]] of ends.entries()) {
            const total = (low: number, high: number): number =>
              parts(form, ORACLES[form](f, low, high)).reduce(
                (sum, x, i) => sum + x * weights[i].values[k],
                0,
              );
            for (const end of [0, 1]) {
              const moved = (by: number): number => total(end === 0 ? l + by : l, end === 1 ? u + by : u);
              const [before, here, after] = [moved(-step), moved(0), moved(step)];
              // One-sided differences that disagree straddle a change of case, where there is no derivative.
              if (Math.abs(after - 2 * here + before) / step > 0.02) continue;
              compared++;
              const numeric = (after - before) / (2 * step);
              const error = Math.abs(got[end][k] - numeric) / Math.max(1, Math.abs(numeric));
              expect(error, `[${l}, ${u}] end ${end}: ${got[end][k]}, expected ${numeric}`).toBeLessThan(
                Math.max(2e-5, 4 * bench.relative),
              );
            }
          }
          expect(compared).toBeGreaterThan(ends.length * 1.6);
        });
      }
    });
  }

  describe("lines where the activation is one", () => {
    for (const f of ACTIVATIONS) {
      test(`${describeActivation(f)}: ℓ = u`, async () => {
        const backend = await bench.backend();
        const points = [-1e4, -40, -3, -1, -0.3, -1e-9, 0, 1e-20, 0.2, 1, 1.5, 6, 40, 1e4].map(Math.fround);
        const z = await bench.upload(column(points));
        for (const form of ["parallel", "adaptive"] as const) {
          const read = await Promise.all(backendParts(backend, form, f, z, z).map((t) => bench.read(t)));
          for (const [i, point] of points.entries()) {
            const line = read.map((part) => part.values[i]);
            const heights =
              form === "parallel"
                ? [line[0] * point + line[1], line[0] * point + line[1]]
                : [line[0] * point + line[1], line[2] * point + line[3]];
            const scale = Math.max(1, Math.abs(point));
            for (const height of heights) {
              expect(Math.abs(height - value(f, point)) / scale, `at ${point}`).toBeLessThan(bench.relative);
            }
            if (form === "parallel") expect(Math.abs(line[2]) / scale).toBeLessThan(bench.relative);
          }
        }
      });
    }

    test("ReLU: inactive at u = 0, active at ℓ = 0, exact derivatives 0", async () => {
      const backend = await bench.backend();
      const lower = await bench.upload(column([-1, 0, 0]));
      const upper = await bench.upload(column([0, 1, 0]));
      const { slope, shift, radius } = backend.parallelLines({ kind: "relu" }, lower, upper);
      expect((await bench.read(slope)).values.map(Math.abs)).toEqual([0, 1, 0]);
      expect((await bench.read(shift)).values.map(Math.abs)).toEqual([0, 0, 0]);
      expect((await bench.read(radius)).values.map(Math.abs)).toEqual([0, 0, 0]);
      const gradient = backend.parallelLinesGradient({ kind: "relu" }, lower, upper, {
        slope: upper,
        shift: upper,
        radius: upper,
      });
      expect((await bench.read(gradient.lower)).values.map(Math.abs)).toEqual([0, 0, 0]);
      expect((await bench.read(gradient.upper)).values.map(Math.abs)).toEqual([0, 0, 0]);
    });

    test("narrow intervals: slope and derivative of the tangent", async () => {
      const backend = await bench.backend();
      for (const kind of ["tanh", "sigmoid"] as const) {
        const middles = [-2, -0.5, 0.25, 1, 3];
        for (const width of [0, 1e-12, 1e-6, 0.9e-4]) {
          const lower = await bench.upload(column(middles.map((z) => z - width / 2)));
          const upper = await bench.upload(column(middles.map((z) => z + width / 2)));
          const { slope } = backend.parallelLines({ kind }, lower, upper);
          const ones = backend.filled(1, middles.length, 1);
          const zeros = backend.filled(1, middles.length, 0);
          const gradient = backend.parallelLinesGradient({ kind }, lower, upper, {
            slope: ones,
            shift: zeros,
            radius: zeros,
          });
          const [slopes, byLower] = [await bench.read(slope), await bench.read(gradient.lower)];
          for (const [i, z] of middles.entries()) {
            expect(slopes.values[i]).toBeCloseTo(derivative({ kind }, z), 5);
            const bend = (derivative({ kind }, z + 1e-5) - derivative({ kind }, z - 1e-5)) / 4e-5;
            expect(byLower.values[i]).toBeCloseTo(bend, 4);
          }
        }
      }
    });
  });
}
