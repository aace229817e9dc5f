import { describe, test } from "vitest";
import type { Backend, NormOrder, Tensor } from "../../../src/compute/backend.js";
import type { CropWindow } from "../../../src/compute/crop-window.js";
import {
  build,
  crop,
  inner,
  type Matrix,
  map2,
  norm,
  normRows,
  numericGradient,
  scaleBySign,
  spread,
  sumOf,
  sumRows,
} from "../oracle.js";
import { type Bench, OWNERSHIPS } from "./bench.js";

const FEATURES = [1, 5, 8];

/** ⟨out, y⟩ = ⟨x, back⟩. */
function expectAdjoint(bench: Bench, out: Matrix, y: Matrix, x: Matrix, back: Matrix, what: string): void {
  bench.expectClose(
    build(1, 1, () => inner(out, y)),
    build(1, 1, () => inner(x, back)),
    `${what}: adjoint`,
    bench.relative * 20,
  );
}

export function ownersConformance(bench: Bench): void {
  for (const { name, owners, rows, columns } of OWNERSHIPS) {
    describe(`rows owned: ${name}`, () => {
      test("scaleShift", async () => {
        for (const features of FEATURES) {
          const x = bench.matrix(features, rows);
          const [d, m] = [bench.matrix(features, columns), bench.matrix(features, columns)];
          const [wideD, wideM] = [spread(d, owners, rows), spread(m, owners, rows)];
          const scaled = map2(x, wideD, (a, b) => a * b);
          const both = await bench.run([x, d, m], (b, [t, s, h]) => b.scaleShift(t, s, h, owners));
          bench.expectClose(
            both,
            map2(scaled, wideM, (a, b) => a + b),
            "scale and shift",
          );
          const scale = await bench.run([x, d], (b, [t, s]) => b.scaleShift(t, s, null, owners));
          bench.expectClose(scale, scaled, "scale");
          const shift = await bench.run([x, m], (b, [t, h]) => b.scaleShift(t, null, h, owners));
          bench.expectClose(
            shift,
            map2(x, wideM, (a, b) => a + b),
            "shift",
          );
          const neither = await bench.run([x], (b, [t]) => b.scaleShift(t, null, null, owners));
          bench.expectClose(neither, x, "neither", 0);
        }
      });

      test("scaleBySign and its derivatives", async () => {
        for (const features of FEATURES) {
          const x = bench.matrixAwayFromZero(features, rows);
          const [p, n] = [bench.matrix(features, columns), bench.matrix(features, columns)];
          const g = bench.matrix(features, rows);
          const got = await bench.run([x, p, n], (b, [t, s, h]) => b.scaleBySign(t, s, h, owners));
          bench.expectClose(got, scaleBySign(x, p, n, owners), "scaleBySign");
          const f = ([a, b, c]: readonly Matrix[]): Matrix => scaleBySign(a, b, c, owners);
          for (const [i, part] of (["x", "positive", "negative"] as const).entries()) {
            const gradient = await bench.run(
              [x, p, n, g],
              (b, [t, s, h, w]) => b.scaleBySignGradient(t, s, h, w, owners)[part],
            );
            const expected = numericGradient(f, [x, p, n], i, g);
            bench.expectClose(gradient, expected, `gradient in ${part}`, bench.gradientTolerance);
          }
        }
      });

      test("spread and sumRows", async () => {
        for (const features of FEATURES) {
          const [x, y] = [bench.matrix(features, columns), bench.matrix(features, rows)];
          const wide = await bench.run([x], (b, [t]) => b.spread(t, owners, rows));
          bench.expectClose(wide, spread(x, owners, rows), "spread", 0);
          const narrow = await bench.run([y], (b, [t]) => b.sumRows(t, owners, columns));
          bench.expectClose(narrow, sumRows(y, owners, columns), "sumRows");
          expectAdjoint(bench, wide, y, x, narrow, "spread");
          const z = bench.matrix(features, rows);
          const product = await bench.run([y, z], (b, [t, s]) => b.multiplySumRows(t, s, owners, columns));
          const expected = sumRows(
            map2(y, z, (a, b) => a * b),
            owners,
            columns,
          );
          bench.expectClose(product, expected, "multiplySumRows");
        }
      });

      test("dot, outer, outerSumRows", async () => {
        for (const features of FEATURES) {
          const [x, w, s] = [
            bench.matrix(features, rows),
            bench.matrix(features, columns),
            bench.matrix(1, rows),
          ];
          const wide = spread(w, owners, rows);
          const dot = await bench.run([x, w], (b, [t, v]) => b.dot(t, v, owners));
          const expected = build(1, rows, (_, r) =>
            sumOf(features, (f) => wide.values[f * rows + r] * x.values[f * rows + r]),
          );
          bench.expectClose(dot, expected, "dot");
          const outer = await bench.run([w, s], (b, [v, t]) => b.outer(v, t, owners));
          bench.expectClose(
            outer,
            build(features, rows, (f, r) => wide.values[f * rows + r] * s.values[r]),
            "outer",
          );
          expectAdjoint(bench, dot, s, x, outer, "dot in x");
          const sums = await bench.run([x, s], (b, [t, v]) => b.outerSumRows(t, v, owners, columns));
          const weighted = build(features, rows, (f, r) => x.values[f * rows + r] * s.values[r]);
          bench.expectClose(sums, sumRows(weighted, owners, columns), "outerSumRows");
          expectAdjoint(bench, dot, s, w, sums, "dot in w");
        }
      });

      for (const order of [1, 2, Number.POSITIVE_INFINITY] as NormOrder[]) {
        test(`norms of order ${order} and their derivatives`, async () => {
          for (const features of FEATURES) {
            const x = bench.matrixAwayFromZero(features, rows);
            const w = bench.matrixAwayFromZero(features, columns);
            const g = bench.matrix(1, rows);
            const value = await bench.run([x, w], (b, [t, v]) => b.norm(t, v, owners, order));
            bench.expectClose(value, norm(x, w, owners, order), "norm");
            const f = ([a, b]: readonly Matrix[]): Matrix => norm(a, b, owners, order);
            for (const [i, part] of (["x", "weight"] as const).entries()) {
              const gradient = await bench.run(
                [x, w, value, g],
                (b, [t, v, n, s]) => b.normGradient(t, v, n, s, owners, order)[part],
              );
              const expected = numericGradient(f, [x, w], i, g);
              bench.expectClose(gradient, expected, `normGradient in ${part}`, bench.gradientTolerance);
            }
            const long = await bench.run([x], (b, [t]) => b.normRows(t, owners, columns, order));
            bench.expectClose(long, normRows(x, owners, columns, order), "normRows");
            const h = bench.matrix(features, columns);
            const gradient = await bench.run([x, long, h], (b, [t, v, s]) =>
              b.normRowsGradient(t, v, s, owners, order),
            );
            const byRows = ([a]: readonly Matrix[]): Matrix => normRows(a, owners, columns, order);
            const expected = numericGradient(byRows, [x], 0, h);
            bench.expectClose(gradient, expected, "normRowsGradient", bench.gradientTolerance);
          }
        });
      }

      test("crop and cropTranspose, patches over every edge", async () => {
        for (const [patchHeight, patchWidth] of [
          [1, 1],
          [3, 2],
          [6, 9],
        ]) {
          const place = (size: number): Int32Array =>
            Int32Array.from({ length: rows }, () => bench.random.integer(size + 6) - 4);
          const window: CropWindow = {
            channels: 2,
            height: 4,
            width: 5,
            patchHeight,
            patchWidth,
            top: place(4),
            left: place(5),
          };
          const [x, y] = [bench.matrix(40, columns), bench.matrix(2 * patchHeight * patchWidth, rows)];
          const out = await bench.run([x], (b, [t]) => b.crop(t, owners, window));
          bench.expectClose(out, crop(x, owners, window), "crop", 0);
          const back = await bench.run([y], (b, [t]) => b.cropTranspose(t, owners, window, columns));
          expectAdjoint(bench, out, y, x, back, "crop");
          const f = ([a]: readonly Matrix[]): Matrix => crop(a, owners, window);
          bench.expectClose(back, numericGradient(f, [x], 0, y), "cropTranspose", bench.gradientTolerance);
        }
      });
    });
  }

  describe("derivatives of norms where there is none", () => {
    const zero = build(3, 2, () => 0);
    const one = build(3, 2, () => 1);
    const flat = build(1, 2, () => 0);
    const g = build(1, 2, () => 1);
    const zeroOf = (x: Matrix): Matrix => build(x.features, x.rows, () => 0);
    const cases: [string, Matrix[], (b: Backend, t: Tensor[], order: NormOrder) => Tensor][] = [
      [
        "normGradient in x",
        [zero, one, flat, g],
        (b, [x, w, v, s], o) => b.normGradient(x, w, v, s, { kind: "own" }, o).x,
      ],
      [
        "normGradient in w",
        [zero, one, flat, g],
        (b, [x, w, v, s], o) => b.normGradient(x, w, v, s, { kind: "own" }, o).weight,
      ],
      [
        "normRowsGradient",
        [zero, zero, one],
        (b, [x, v, s], o) => b.normRowsGradient(x, v, s, { kind: "own" }, o),
      ],
    ];
    for (const [name, inputs, operation] of cases) {
      test(`${name}: zero at zero`, async () => {
        for (const order of [1, 2, Number.POSITIVE_INFINITY] as NormOrder[]) {
          const got = await bench.run(inputs, (b, tensors) => operation(b, tensors, order));
          bench.expectClose({ ...got, values: got.values.map(Math.abs) }, zeroOf(got), `order ${order}`, 0);
        }
      });
    }

    test("order ∞ takes the first largest", async () => {
      const x = build(3, 1, (f) => [1, -2, 2][f]);
      const w = build(3, 1, () => 1);
      const [value, g] = [build(1, 1, () => 2), build(1, 1, () => 1)];
      const order = Number.POSITIVE_INFINITY;
      const own = { kind: "own" } as const;
      const got = await bench.run(
        [x, w, value, g],
        (b, [t, v, n, s]) => b.normGradient(t, v, n, s, own, order).x,
      );
      bench.expectClose(
        got,
        build(3, 1, (f) => [0, -1, 0][f]),
        "normGradient",
        0,
      );
      const shared = { kind: "shared" } as const;
      const wide = build(1, 3, (_, r) => x.values[r]);
      const rows = await bench.run([wide, value, g], (b, [t, n, s]) =>
        b.normRowsGradient(t, n, s, shared, order),
      );
      bench.expectClose(
        rows,
        build(1, 3, (_, r) => [0, -1, 0][r]),
        "normRowsGradient",
        0,
      );
    });
  });
}
