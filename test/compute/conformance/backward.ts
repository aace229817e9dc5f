import { describe, expect, test } from "vitest";
import type {
  Backend,
  BackwardEnd,
  BackwardStart,
  BackwardStep,
  NormOrder,
  Tensor,
} from "../../../src/compute/backend.js";
import {
  type Conv2dGeometry,
  inFeatures,
  outFeatures,
  weightsPerOutput,
} from "../../../src/compute/geometry.js";
import { indexedOwners, OWN, type Owners, repeatOwners, SHARED } from "../../../src/compute/owners.js";
import { ShapeError } from "../../../src/errors.js";
import { convolutionMatrix, gather, linear, type Matrix, map2, norm, spread, transpose } from "../oracle.js";
import type { Bench } from "./bench.js";

/** Rows on both sides of vectors, register tiles and blocks of them. */
const ROWS = [1, 16, 47, 48, 49, 97, 400, 1601];
const ORDERS: readonly NormOrder[] = [1, 2, Number.POSITIVE_INFINITY];

const GEOMETRY: Conv2dGeometry = {
  inChannels: 2,
  inHeight: 5,
  inWidth: 6,
  outChannels: 3,
  outHeight: 2,
  outWidth: 3,
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 2,
  strideWidth: 2,
  padTop: 0,
  padLeft: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  groups: 1,
};

/** Steps on matrices, as the oracle and as a backend take them. */
interface Chain {
  readonly inputs: Matrix[];
  readonly expected: Matrix;
  readonly run: (backend: Backend, tensors: readonly Tensor[]) => Tensor;
}

/** Owners of every kind for so many rows, and how many columns they have. */
function ownersFor(rows: number, turn: number): readonly [Owners, number] {
  const kinds: readonly (readonly [Owners, number])[] = [
    [OWN, rows],
    [SHARED, 1],
    [repeatOwners(1), rows],
    [indexedOwners(Int32Array.from({ length: rows }, (_, r) => (r * 7) % 5)), 5],
    [indexedOwners(Int32Array.from({ length: rows }, (_, r) => Math.floor(r / 3))), Math.ceil(rows / 3)],
  ];
  return kinds[turn % kinds.length];
}

/** Linear, enclosure, convolution, scaling, enclosure: through all steps from lines or rows. */
function chain(bench: Bench, rows: number, order: NormOrder, lines: boolean, turn: number): Chain {
  const [wide, image] = [outFeatures(GEOMETRY), inFeatures(GEOMETRY)];
  const index = Int32Array.from({ length: rows }, (_, r) => (r * 5) % 7);
  const owned = [0, 1, 2, 3].map((i) => ownersFor(rows, turn + i));
  const start = lines ? bench.matrix(7, 19) : bench.matrix(19, rows);
  const inputs = [
    start,
    bench.matrix(19, owned[0][1]),
    bench.positiveMatrix(19, owned[0][1]),
    bench.matrix(19, wide, 0.3),
    bench.matrix(wide, owned[1][1]),
    bench.matrix(GEOMETRY.outChannels, weightsPerOutput(GEOMETRY), 0.3),
    bench.matrix(image, owned[2][1]),
    bench.positiveMatrix(image, owned[2][1]),
    bench.positiveMatrix(image, owned[3][1]),
  ];
  const by = (x: Matrix, i: number): Matrix => spread(x, owned[i][0], rows);
  const times = (a: Matrix, b: Matrix): Matrix => map2(a, b, (x, y) => x * y);
  let nu = lines ? transpose(gather(start, index)) : start;
  const first = norm(nu, by(inputs[2], 0), OWN, 1);
  nu = linear(transpose(inputs[3]), times(nu, by(inputs[1], 0)), null);
  nu = times(nu, by(inputs[4], 1));
  nu = linear(transpose(convolutionMatrix(inputs[5], GEOMETRY)), nu, null);
  const second = norm(nu, by(inputs[7], 2), OWN, 1);
  const last = norm(times(nu, by(inputs[6], 2)), by(inputs[8], 3), OWN, order);
  return {
    inputs,
    expected: [second, last].reduce((sum, term) => map2(sum, term, (a, b) => a + b), first),
    run(backend, [s, d, rho, w, scale, kernel, d2, rho2, radius]) {
      const from: BackwardStart = lines ? { kind: "lines", matrix: s, index } : { kind: "rows", nu: s };
      const steps: BackwardStep[] = [
        { kind: "enclose", slope: d, radius: rho, owners: owned[0][0] },
        { kind: "linear", weight: w },
        { kind: "scale", scale, owners: owned[1][0] },
        { kind: "conv2d", weight: kernel, geometry: GEOMETRY },
        { kind: "enclose", slope: d2, radius: rho2, owners: owned[2][0] },
      ];
      return backend.backward(from, steps, { radius, owners: owned[3][0], order });
    },
  };
}

export function backwardConformance(bench: Bench): void {
  describe("backwards through a chain", () => {
    for (const lines of [true, false]) {
      test(`all steps, from ${lines ? "lines of a matrix" : "rows"}`, async () => {
        for (const [turn, rows] of ROWS.entries()) {
          const { inputs, expected, run } = chain(bench, rows, ORDERS[turn % 3], lines, turn);
          bench.expectClose(await bench.run(inputs, run), expected, `${rows} rows`);
        }
      });
    }

    test("no steps, no rows", async () => {
      for (const [rows, order] of [
        [0, 1],
        [5, 2],
        [33, Number.POSITIVE_INFINITY],
      ] as const) {
        const [nu, radius] = [bench.matrix(4, rows), bench.positiveMatrix(4, 1)];
        const end = { owners: SHARED, order };
        const got = await bench.run([nu, radius], (b, [x, r]) =>
          b.backward({ kind: "rows", nu: x }, [], { ...end, radius: r }),
        );
        bench.expectClose(got, norm(nu, radius, SHARED, order), `${rows} rows`);
      }
    });

    test("NaN and infinity arrive where they go", async () => {
      const nu = { features: 2, rows: 4, values: [1, Number.NaN, 2, 0, 1, 1, Number.POSITIVE_INFINITY, 0] };
      const ones = { features: 2, rows: 1, values: [1, 1] };
      for (const order of ORDERS) {
        const got = await bench.run([nu, ones], (b, [x, one]) => {
          const step: BackwardStep = { kind: "enclose", slope: one, radius: one, owners: SHARED };
          return b.backward({ kind: "rows", nu: x }, [step], { radius: one, owners: SHARED, order });
        });
        expect(got.values.map(Number.isFinite)).toEqual([true, false, false, true]);
        expect(got.values[1]).toBeNaN();
      }
    });

    test("what does not fit is a ShapeError", async () => {
      const backend = await bench.backend();
      const t = (features: number, rows: number): Tensor => backend.filled(features, rows, 1);
      const end = (radius: Tensor): BackwardEnd => ({ radius, owners: SHARED, order: 1 });
      const rows: BackwardStart = { kind: "rows", nu: t(3, 4) };
      const enclose = (slope: Tensor, radius: Tensor): BackwardStep => ({
        kind: "enclose",
        slope,
        radius,
        owners: SHARED,
      });
      const calls: [BackwardStart, BackwardStep[], BackwardEnd][] = [
        [rows, [], end(t(2, 1))],
        [rows, [], end(t(3, 2))],
        [rows, [{ kind: "linear", weight: t(2, 3) }], end(t(3, 1))],
        [rows, [{ kind: "conv2d", weight: t(3, 18), geometry: GEOMETRY }], end(t(3, 1))],
        [rows, [enclose(t(3, 1), t(2, 1))], end(t(3, 1))],
        [rows, [{ kind: "scale", scale: t(3, 4), owners: SHARED }], end(t(3, 1))],
        [{ kind: "lines", matrix: t(2, 3), index: Int32Array.of(0, 2) }, [], end(t(3, 1))],
        [{ kind: "lines", matrix: t(2, 3), index: Int32Array.of(-1) }, [], end(t(3, 1))],
      ];
      for (const call of calls) expect(() => backend.backward(...call)).toThrow(ShapeError);
    });
  });
}
