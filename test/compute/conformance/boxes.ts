import { describe, expect, test } from "vitest";
import { build, type Matrix } from "../oracle.js";
import { breakpoints, derivative, value } from "../oracle-lines.js";
import { ACTIVATIONS, describeActivation } from "./activations.js";
import type { Bench } from "./bench.js";

/** Boxes whose ends are away from kinks, where derivatives are not the same on all machines. */
function boxes(
  bench: Bench,
  f: (typeof ACTIVATIONS)[number],
  features: number,
  rows: number,
): [Matrix, Matrix] {
  const [centre, radius] = [build(features, rows, () => 0), build(features, rows, () => 0)];
  for (let i = 0; i < centre.values.length; i++) {
    let ends: number[];
    do {
      centre.values[i] = Math.fround(2 * bench.random.normal());
      radius.values[i] = Math.fround(Math.abs(bench.random.normal()) * (i % 3));
      ends = [centre.values[i] - radius.values[i], centre.values[i] + radius.values[i]];
    } while ([...breakpoints(f), 0].some((kink) => ends.some((end) => Math.abs(end - kink) < 0.01)));
  }
  return [centre, radius];
}

/** Numbers that boxMoments sums of one entry: of all, of active ones, of inactive ones. */
function moments(c: number, r: number): number[] {
  const part = (counts: boolean): number[] => (counts ? [1, c, c * c] : [0, 0, 0]);
  return [r, c, ...part(c - r > 0), ...part(c + r < 0)];
}

export function boxesConformance(bench: Bench): void {
  describe("moments of boxes", () => {
    for (const [features, rows] of [
      [1, 1],
      [3, 13],
      [40, 1000],
    ] as const) {
      test(`${features} × ${rows}: sums and derivatives`, async () => {
        const [c, r] = [bench.matrixAwayFromZero(features, rows), bench.positiveMatrix(features, rows)];
        const got = await bench.run([c, r], (b, [x, y]) => b.boxMoments(x, y));
        const each = c.values.map((_, i) => moments(c.values[i], r.values[i]));
        const expected = build(8, 1, (k) => each.reduce((sum, own) => sum + own[k], 0));
        bench.expectClose(got, expected, "moments");
        const g = bench.matrix(8, 1);
        for (const part of ["centre", "radius"] as const) {
          const gradient = await bench.run(
            [c, r, g],
            (b, [x, y, by]) => b.boxMomentsGradient(x, y, by)[part],
          );
          const slopes = build(features, rows, (f, row) => {
            const [x, own] = [c.values[f * rows + row], r.values[f * rows + row]];
            if (part === "radius") return g.values[0];
            const by = (first: number): number => g.values[first] + 2 * x * g.values[first + 1];
            return g.values[1] + (x - own > 0 ? by(3) : 0) + (x + own < 0 ? by(6) : 0);
          });
          bench.expectClose(gradient, slopes, `derivative in ${part}`);
        }
      });
    }
  });

  describe("boxes through activations", () => {
    for (const f of ACTIVATIONS) {
      test(`${describeActivation(f)}: centre, radius and derivatives`, async () => {
        const [features, rows] = [7, 53];
        const [c, r] = boxes(bench, f, features, rows);
        const [gc, gr] = [bench.matrix(features, rows), bench.matrix(features, rows)];
        const at = (m: Matrix, i: number, j: number) => m.values[i * rows + j];
        const ends = (i: number, j: number) => [at(c, i, j) - at(r, i, j), at(c, i, j) + at(r, i, j)];
        for (const [part, sign] of [
          ["centre", 1],
          ["radius", -1],
        ] as const) {
          const got = await bench.run([c, r], (b, [x, y]) => b.activateBox(f, x, y)[part]);
          const expected = build(features, rows, (i, j) => {
            const [low, high] = ends(i, j).map((end) => value(f, end));
            return (high + sign * low) / 2;
          });
          bench.expectClose(got, expected, part);
          const gradient = await bench.run(
            [c, r, gc, gr],
            (b, [x, y, centre, radius]) => b.activateBoxGradient(f, x, y, { centre, radius })[part],
          );
          const slopes = build(features, rows, (i, j) => {
            const [low, high] = ends(i, j).map((end) => derivative(f, end));
            const [byCentre, byRadius] = [at(gc, i, j), at(gr, i, j)];
            return (high * (byCentre + byRadius) + sign * low * (byCentre - byRadius)) / 2;
          });
          bench.expectClose(gradient, slopes, `derivative in ${part}`);
        }
      });

      test(`${describeActivation(f)}: NaN is never lost`, async () => {
        const broken = build(1, 2, () => Number.NaN);
        const fine = build(1, 2, () => 0.5);
        for (const [c, r] of [
          [broken, fine],
          [fine, broken],
        ]) {
          for (const part of ["centre", "radius"] as const) {
            const got = await bench.run([c, r], (b, [x, y]) => b.activateBox(f, x, y)[part]);
            for (const entry of got.values) expect(entry).toBeNaN();
          }
        }
      });
    }
  });
}
