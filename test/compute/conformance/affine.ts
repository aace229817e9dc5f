import { describe, test } from "vitest";
import { build, gather, inner, linear, scatterAdd, sumOf, transpose } from "../oracle.js";
import type { Bench } from "./bench.js";

/** Outputs, inputs, rows: none, one, odd, and both sides of the register blocks that backends use. */
const SIZES: readonly [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 1],
  [5, 3, 2],
  [7, 9, 3],
  [4, 8, 4],
  [9, 7, 5],
  [8, 17, 11],
  [17, 16, 12],
  [2, 31, 13],
  [33, 15, 47],
  [1, 40, 49],
  [16, 3, 129],
  [6, 4, 257],
  [9, 101, 50],
  [3, 4, 0],
  [9, 0, 5],
  [0, 9, 5],
];

export function affineConformance(bench: Bench): void {
  describe("linear maps", () => {
    for (const [m, n, rows] of SIZES) {
      test(`weight [${m}, ${n}], ${rows} rows`, async () => {
        const [w, x, b, y] = [
          bench.matrix(m, n),
          bench.matrix(n, rows),
          bench.matrix(m, 1),
          bench.matrix(m, rows),
        ];
        const withBias = await bench.run([w, x, b], (backend, [a, c, d]) => backend.linear(a, c, d));
        bench.expectClose(withBias, linear(w, x, b), "linear with bias");
        const plain = await bench.run([w, x], (backend, [a, c]) => backend.linear(a, c, null));
        bench.expectClose(plain, linear(w, x, null), "linear");
        const back = await bench.run([w, y], (backend, [a, c]) => backend.linearTranspose(a, c));
        bench.expectClose(back, linear(transpose(w), y, null), "linearTranspose");
        const gradient = await bench.run([y, x], (backend, [a, c]) => backend.linearWeightGradient(a, c));
        bench.expectClose(gradient, linear(y, transpose(x), null), "linearWeightGradient");
        bench.expectClose(
          build(1, 2, (_, i) => (i === 0 ? inner(plain, y) : inner(w, gradient))),
          build(1, 2, () => inner(x, back)),
          "adjoint",
          bench.relative * 20,
        );
      });
    }
  });

  describe("moves of features", () => {
    test("gather and scatterAdd, with gaps and repeats", async () => {
      const index = Int32Array.of(4, -1, 0, 4, 4, 2, -1);
      for (const rows of [1, 3, 8]) {
        const [x, y] = [bench.matrix(5, rows), bench.matrix(index.length, rows)];
        const out = await bench.run([x], (backend, [a]) => backend.gather(a, index));
        bench.expectClose(out, gather(x, index), "gather");
        const back = await bench.run([y], (backend, [a]) => backend.scatterAdd(a, index, 5));
        bench.expectClose(back, scatterAdd(y, index, 5), "scatterAdd");
        bench.expectClose(
          build(1, 1, () => inner(out, y)),
          build(1, 1, () => inner(x, back)),
          "adjoint",
        );
      }
    });

    test("replace puts features in the place of others", async () => {
      const index = Int32Array.of(3, 0);
      for (const rows of [1, 5, 33]) {
        const [x, y] = [bench.matrix(5, rows), bench.matrix(2, rows)];
        const out = await bench.run([x, y], (backend, [a, b]) => backend.replace(a, index, b));
        const expected = build(5, rows, (f, r) =>
          index.includes(f) ? y.values[index.indexOf(f) * rows + r] : x.values[f * rows + r],
        );
        bench.expectClose(out, expected, "replace", 0);
        const none = await bench.run([x, bench.matrix(0, rows)], (backend, [a, b]) =>
          backend.replace(a, new Int32Array(0), b),
        );
        bench.expectClose(none, x, "replace nothing", 0);
      }
    });

    test("concat and slice undo each other", async () => {
      const parts = [bench.matrix(3, 5), bench.matrix(1, 5), bench.matrix(4, 5)];
      const whole = await bench.run(parts, (backend, tensors) => backend.concat(tensors));
      const all = parts.flatMap((part) => part.values);
      bench.expectClose(whole, { features: 8, rows: 5, values: all }, "concat", 0);
      for (let i = 0; i < parts.length; i++) {
        const start = sumOf(i, (k) => parts[k].features);
        const part = await bench.run([whole], (backend, [a]) => backend.slice(a, start, parts[i].features));
        bench.expectClose(part, parts[i], "slice", 0);
      }
    });
  });
}
