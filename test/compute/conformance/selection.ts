import { describe, expect, test } from "vitest";
import { build, inner, maxPoolChoice, select } from "../oracle.js";
import { type Bench, OWNERSHIPS } from "./bench.js";
import { geometry } from "./conv2d.js";

const POOLS = [
  geometry({
    inChannels: 2,
    outChannels: 2,
    groups: 2,
    kernelHeight: 2,
    kernelWidth: 2,
    strideHeight: 2,
    strideWidth: 2,
  }),
  geometry({ inChannels: 3, outChannels: 3, groups: 3, padTop: 1, padLeft: 1, strideHeight: 2 }),
  geometry({ inHeight: 4, kernelHeight: 1, kernelWidth: 1 }),
  geometry({ inHeight: 3, inWidth: 3, outHeight: 3, outWidth: 4, dilationWidth: 2 }),
];

export function selectionConformance(bench: Bench): void {
  describe("max pooling", () => {
    test("choice and rival", async () => {
      for (const g of POOLS) {
        for (const columns of [1, 3]) {
          const features = g.inChannels * g.inHeight * g.inWidth;
          const lower = bench.matrix(features, columns);
          const upper = build(features, columns, (f, c) =>
            Math.fround(lower.values[f * columns + c] + Math.abs(bench.random.normal())),
          );
          const expected = maxPoolChoice(lower, upper, g);
          for (const part of ["choice", "rival"] as const) {
            const got = await bench.run([lower, upper], (b, [l, u]) => b.maxPoolChoice(l, u, g)[part]);
            bench.expectClose(got, expected[part], part, 0);
          }
        }
      }
    });

    test("ties go to the first; a NaN bound is chosen", async () => {
      const g = geometry({ inHeight: 2, inWidth: 2, kernelHeight: 2, kernelWidth: 2 });
      const run = async (lower: number[], upper: number[]): Promise<number[]> => {
        const [l, u] = [build(4, 1, (f) => lower[f]), build(4, 1, (f) => upper[f])];
        const choice = await bench.run([l, u], (b, [p, q]) => b.maxPoolChoice(p, q, g).choice);
        const rival = await bench.run([l, u], (b, [p, q]) => b.maxPoolChoice(p, q, g).rival);
        return [choice.values[0], rival.values[0]];
      };
      expect(await run([1, 1, 1, 0], [3, 3, 3, 3])).toEqual([0, 1]);
      expect(await run([0, 5, 5, 0], [6, 6, 6, 6])).toEqual([1, 0]);
      expect(await run([1, 2, Number.NaN, 0], [3, 3, 3, 3])).toEqual([2, 0]);
      expect(await run([1, 2, 0, 0], [3, 3, 3, Number.NaN])).toEqual([1, 3]);
      expect(await run([1, Number.NaN, 0, Number.NaN], [3, 3, 3, Number.NaN])).toEqual([1, 3]);
      expect(await run([-Infinity, -Infinity, -Infinity, -Infinity], [1, 2, 3, 4])).toEqual([0, 3]);
    });

    for (const { name, owners, rows, columns } of OWNERSHIPS) {
      test(`select and selectTranspose, rows owned: ${name}`, async () => {
        const features = 6;
        const index = build(4, columns, () => bench.random.integer(features + 1) - 1);
        const [x, y] = [bench.matrix(features, rows), bench.matrix(4, rows)];
        for (const missing of [0, Number.NEGATIVE_INFINITY]) {
          const got = await bench.run([x, index], (b, [t, i]) => b.select(t, i, owners, missing));
          bench.expectClose(got, select(x, index, owners, missing), "select", 0);
        }
        const out = select(x, index, owners, 0);
        const back = await bench.run([y, index], (b, [t, i]) => b.selectTranspose(t, i, owners, features));
        bench.expectClose(
          build(1, 1, () => inner(x, back)),
          build(1, 1, () => inner(out, y)),
          "adjoint",
        );
        const expected = build(features, rows, () => 0);
        for (let f = 0; f < 4; f++) {
          for (let r = 0; r < rows; r++) {
            for (let k = 0; k < features; k++) {
              const unit = build(features, rows, (i, j) => (i === k && j === r ? 1 : 0));
              if (select(unit, index, owners, 0).values[f * rows + r] === 1) {
                expected.values[k * rows + r] += y.values[f * rows + r];
              }
            }
          }
        }
        bench.expectClose(back, expected, "selectTranspose");
      });
    }
  });
}
