import { describe, expect, test } from "vitest";
import { at, build, type Matrix, medianRows, numericGradient } from "../oracle.js";
import type { Bench } from "./bench.js";

const RUNS = [1, 2, 3, 4, 5, 10, 17, 50];
const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 4],
  [9, 17],
  [2, 0],
];

export function medianConformance(bench: Bench): void {
  const medians = async (x: Matrix, times: number) => ({
    value: await bench.run([x], (b, [t]) => b.medianRows(t, times).value),
    index: await bench.run([x], (b, [t]) => b.medianRows(t, times).index),
  });

  /** One run, given by its entries. */
  const ofRun = async (entries: readonly number[]) => {
    const x = build(1, entries.length, (_, r) => entries[r]);
    const { value, index } = await medians(x, entries.length);
    return [value.values[0], index.values[0]];
  };

  describe("medians of rows", () => {
    for (const times of RUNS) {
      test(`runs of ${times}: values, places and derivatives`, async () => {
        for (const [features, columns] of SIZES) {
          const x = bench.matrixAwayFromZero(features, columns * times);
          const expected = medianRows(x, times);
          const { value, index } = await medians(x, times);
          bench.expectClose(value, expected.value, "value", 0);
          bench.expectClose(index, expected.index, "index", 0);
          const g = bench.matrix(features, columns);
          const gradient = await bench.run([x, index, g], (b, [t, i, h]) =>
            b.medianRowsGradient(t, i, h, times),
          );
          bench.expectClose(
            gradient,
            build(features, x.rows, (f, r) => {
              const c = Math.floor(r / times);
              return at(index, f, c) === r % times ? Math.sign(at(x, f, r)) * at(g, f, c) : 0;
            }),
            "gradient",
          );
          if (x.values.length > 60) continue;
          const numeric = numericGradient(([t]) => medianRows(t, times).value, [x], 0, g, 1e-7);
          bench.expectClose(gradient, numeric, "finite differences", bench.gradientTolerance);
        }
      });
    }

    test("the lower of two middles, the first of equals, infinities last", async () => {
      expect(await ofRun([4, -1, 3, -2])).toEqual([2, 3]);
      expect(await ofRun([1, -2, 2, -2])).toEqual([2, 1]);
      expect(await ofRun([5, 0, -0, 0, 7])).toEqual([0, 1]);
      expect(await ofRun([Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY])).toEqual([Infinity, 0]);
      expect(await ofRun([3, Number.POSITIVE_INFINITY, 2, 1])).toEqual([2, 2]);
    });

    test("a run with a NaN has median NaN and place 0; its neighbours keep theirs", async () => {
      const x = build(2, 6, (f, r) => (f === 0 && r === 2 ? Number.NaN : r + 1));
      const { value, index } = await medians(x, 3);
      expect(value.values).toEqual([Number.NaN, 5, 2, 5]);
      expect(index.values).toEqual([0, 1, 1, 1]);
      expect(await ofRun([2, Number.NaN])).toEqual([Number.NaN, 0]);
    });

    test("a NaN gradient reaches the holder; a zero holder passes none", async () => {
      const x = build(1, 6, (_, r) => [1, 2, 3, 0, 0, 0][r]);
      const { index } = await medians(x, 3);
      const g = build(1, 2, (_, c) => [Number.NaN, 1][c]);
      const got = await bench.run([x, index, g], (b, [t, i, h]) => b.medianRowsGradient(t, i, h, 3));
      expect(got.values.map((entry) => entry + 0)).toEqual([0, Number.NaN, 0, 0, 0, 0]);
    });
  });
}
