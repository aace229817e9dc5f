import { describe, expect, test } from "vitest";
import { fillNoise, noise } from "../../../src/compute/random-noise.js";
import { at, build, type Matrix } from "../oracle.js";
import type { Bench } from "./bench.js";

const DISTRIBUTIONS = ["cauchy", "normal"] as const;
/** Runs and their lengths: within a group of entries, across groups, longer than a kernel's chunk. */
const SIZES: readonly (readonly [features: number, columns: number, times: number])[] = [
  [1, 1, 1],
  [2, 3, 10],
  [3, 5, 17],
  [9, 7, 50],
  [2, 2, 4500],
  [2, 0, 3],
];

export function noiseConformance(bench: Bench): void {
  describe("random projections", () => {
    for (const distribution of DISTRIBUTIONS) {
      for (const [features, columns, times] of SIZES) {
        test(`${distribution}: d ⊙ x + ρ ⊙ C on [${features}, ${columns}·${times}]`, async () => {
          const examples = [0, 4, 2 ** 31 - 1, 3, 4, 70_000, 1];
          const source = {
            ...noise(distribution, 7, "conformance", times),
            examples: examples.slice(0, columns),
          };
          const rows = columns * times;
          const entries = examples.slice(0, columns).map((example) => {
            const own = new Float64Array(features * times);
            fillNoise(source, 0, own, example);
            return own;
          });
          const random = build(
            features,
            rows,
            (f, r) => entries[Math.floor(r / times)][f * times + (r % times)],
          );
          // Random numbers of any size: each entry within its own rounding.
          const within = (got: Matrix, expected: Matrix) =>
            got.values.forEach((value, i) => {
              const allowed = 8 * bench.relative * Math.max(1, Math.abs(expected.values[i]));
              expect(Math.abs(value - expected.values[i])).toBeLessThanOrEqual(allowed);
            });
          const x = bench.matrix(features, rows);
          const slope = bench.matrix(features, columns);
          const radius = bench.matrix(features, columns);
          radius.values.forEach((_, i) => {
            if (i % 3 === 1) radius.values[i] = 0;
          });
          const owner = (r: number) => Math.floor(r / times);
          const spread = build(features, rows, (f, r) => at(radius, f, owner(r)) * at(random, f, r));
          within(await bench.run([radius], (b, [p]) => b.addNoise(null, null, p, times, source)), spread);
          within(
            await bench.run([x, slope, radius], (b, [t, d, p]) => b.addNoise(t, d, p, times, source)),
            build(features, rows, (f, r) => at(slope, f, owner(r)) * at(x, f, r) + at(spread, f, r)),
          );

          // Derivatives: the map is linear in each argument.
          const g = bench.matrix(features, rows);
          const gradient = (which: "x" | "slope" | "radius") =>
            bench.run([x, slope, radius, g], (b, [t, d, p, h]) => {
              const all = b.addNoiseGradient(t, d, p, h, times, source);
              return all[which] as NonNullable<(typeof all)[typeof which]>;
            });
          const sums = (term: (f: number, r: number) => number) =>
            build(features, columns, (f, c) => {
              let sum = 0;
              for (let k = 0; k < times; k++) sum += term(f, c * times + k);
              return sum;
            });
          bench.expectClose(
            await gradient("x"),
            build(features, rows, (f, r) => at(slope, f, owner(r)) * at(g, f, r)),
            "x",
          );
          bench.expectClose(
            await gradient("slope"),
            sums((f, r) => at(g, f, r) * at(x, f, r)),
            "slope",
          );
          const ofRadius = sums((f, r) =>
            at(radius, f, owner(r)) === 0 ? 0 : at(g, f, r) * at(random, f, r),
          );
          bench.expectClose(await gradient("radius"), ofRadius, "radius");
          const alone = await bench.run(
            [radius, g],
            (b, [p, h]) => b.addNoiseGradient(null, null, p, h, times, source).radius,
          );
          bench.expectClose(alone, ofRadius, "radius alone");
        });
      }
    }

    test("an example has the same numbers whichever stand beside it; by itself column c is example c", async () => {
      const all = noise("cauchy", 3, "neighbours");
      const radius = build(150, 5, (f, c) => (f + c) % 4);
      const whole = await bench.run([radius], (b, [p]) => b.addNoise(null, null, p, 3, all));
      for (const examples of [[3], [4, 1], [2, 0, 4, 1]]) {
        const own = build(150, examples.length, (f, c) => at(radius, f, examples[c]));
        const got = await bench.run([own], (b, [p]) => b.addNoise(null, null, p, 3, { ...all, examples }));
        got.values.forEach((value, i) => {
          const [f, r] = [Math.floor(i / (3 * examples.length)), i % (3 * examples.length)];
          expect(value).toBe(at(whole, f, 3 * examples[Math.floor(r / 3)] + (r % 3)));
        });
      }
    });

    test("there is an example for each column, a number from 0", async () => {
      const radius = build(2, 2, () => 1);
      for (const examples of [[0], [0, 1, 2], [0, -1], [0, 0.5], [0, 2 ** 31], [Number.NaN, 0]]) {
        await expect(
          bench.run([radius], (b, [p]) => b.addNoise(null, null, p, 2, { ...noise("cauchy", 1), examples })),
        ).rejects.toThrow(/^noise: expected/);
      }
    });

    test("a radius that is not a number reaches the result; other runs keep theirs", async () => {
      const source = noise("cauchy", 1, "nan");
      const radius = build(1, 3, (_, c) => [0, Number.NaN, 0][c]);
      const got = await bench.run([radius], (b, [p]) => b.addNoise(null, null, p, 2, source));
      expect(got.values).toEqual([0, 0, Number.NaN, Number.NaN, 0, 0]);
    });
  });

  describe("geometric means of rows", () => {
    test("runs of several lengths", async () => {
      for (const times of [1, 2, 5, 6, 7, 50]) {
        const x = bench.matrixAwayFromZero(3, 4 * times);
        const expected = build(3, 4, (f, c) => {
          let sum = 0;
          for (let k = 0; k < times; k++) sum += Math.log(Math.abs(at(x, f, c * times + k)));
          return Math.exp(sum / times);
        });
        bench.expectClose(await bench.run([x], (b, [t]) => b.geometricMeanRows(t, times)), expected, "mean");
      }
    });

    test("sizes far apart neither overflow nor vanish; a zero makes zero, a NaN makes NaN", async () => {
      const mean = async (entries: readonly number[]) => {
        const x = build(1, entries.length, (_, r) => entries[r]);
        return (await bench.run([x], (b, [t]) => b.geometricMeanRows(t, entries.length))).values[0];
      };
      expect(await mean([1e30, 1e30, 1e30, -1e30, 1e30, 1e30, 1e30])).toBeCloseTo(1e30, -25);
      expect((await mean([1e-30, 1e-30, -1e-30, 1e-30, 1e-30, 1e-30])) * 1e30).toBeCloseTo(1, 4);
      expect(await mean([3, 0, 2])).toBe(0);
      expect(await mean([3, Number.NaN, 0])).toBeNaN();
    });
  });
}
