import { describe, expect, test } from "vitest";
import type {
  Backend,
  BackwardEnd,
  BackwardStart,
  BackwardStep,
  NormOrder,
  Reading,
  Sight,
  Tensor,
} from "../../../src/compute/backend.js";
import {
  type Conv2dGeometry,
  inFeatures,
  outFeatures,
  weightsPerOutput,
} from "../../../src/compute/geometry.js";
import { indexedOwners, OWN, type Owners, repeatOwners, SHARED } from "../../../src/compute/owners.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { random } from "../../../src/compute/random.js";
import { ShapeError } from "../../../src/errors.js";
import {
  build,
  convolutionMatrix,
  gather,
  linear,
  type Matrix,
  map2,
  norm,
  spread,
  transpose,
} from "../oracle.js";
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

/** Features of x, 0 where the index is −1. */
function pick(x: Matrix, index: Int32Array): Matrix {
  const values = Array.from(index).flatMap((f) =>
    Array.from({ length: x.rows }, (_, r) => (f < 0 ? 0 : x.values[f * x.rows + r])),
  );
  return { features: index.length, rows: x.rows, values };
}

/** Two branches that part and meet, one of them smaller, with a centre: every step that a chain does not have. */
function branches(rows: number, order: NormOrder, turn: number): Chain {
  const source = random(turn, "branches");
  const matrix = (features: number, columns: number, scale = 1): Matrix =>
    build(features, columns, () => Math.fround(scale * source.normal()));
  const positive = (features: number, columns: number): Matrix =>
    build(features, columns, () => Math.fround(0.1 + Math.abs(source.normal())));
  const owned = [0, 1, 2].map((i) => ownersFor(rows, turn + i));
  const inputs = [
    matrix(6, rows),
    matrix(6, owned[0][1]),
    positive(6, owned[0][1]),
    matrix(6, owned[0][1]),
    matrix(6, 9, 0.4),
    ...Array.from({ length: 4 }, () => matrix(4, owned[1][1])),
    matrix(9, owned[2][1]),
    positive(9, owned[2][1]),
    matrix(9, owned[2][1]),
  ];
  const part = Int32Array.of(3, 0, 5, 5);
  const place = Int32Array.of(-1, 2, 0, -1, 1, 3, -1, -1, 0);
  const by = (i: number, own: number): Matrix => spread(inputs[i], owned[own][0], rows);
  const times = (a: Matrix, b: Matrix): Matrix => map2(a, b, (x, y) => x * y);
  const plus = (a: Matrix, b: Matrix): Matrix => map2(a, b, (x, y) => x + y);
  const total = (x: Matrix): Matrix => ({
    features: 1,
    rows,
    values: Array.from({ length: rows }, (_, r) => {
      let sum = 0;
      for (let f = 0; f < x.features; f++) sum += x.values[f * rows + r];
      return sum;
    }),
  });
  const [nu] = inputs;
  const radius = [norm(nu, by(2, 0), OWN, 1)];
  const centre = [total(times(nu, by(3, 0)))];
  const main = linear(transpose(inputs[4]), times(nu, by(1, 0)), null);
  const side = pick(nu, part);
  centre.push(total(times(side, by(7, 1))), total(times(map2(side, side, Math.abs), by(8, 1))));
  const [lower, upper] = [by(5, 1), by(6, 1)];
  const bent = {
    ...side,
    values: side.values.map((x, i) => (x < 0 ? upper.values[i] : lower.values[i]) * x),
  };
  const met = plus(plus(main, pick(bent, place)), main);
  centre.push(total(times(met, by(11, 2))), total(times(met, by(9, 2))));
  radius.push(norm(met, by(10, 2), OWN, order));
  const sum = (terms: readonly Matrix[]): Matrix => terms.reduce(plus);
  return {
    inputs,
    expected: {
      features: 2,
      rows,
      values: [...sum(radius).values, ...sum(centre).values],
    },
    run(backend, [start, d, rho, m, w, lower, upper, even, odd, mid, wide, offset]) {
      const steps: BackwardStep[] = [
        { kind: "copy", slot: 1 },
        { kind: "enclose", slope: d, radius: rho, shift: m, owners: owned[0][0] },
        { kind: "linear", weight: w },
        { kind: "copy", slot: 3 },
        { kind: "store", slot: 0 },
        { kind: "load", slot: 1 },
        { kind: "copy", slot: 1, index: part },
        { kind: "store", slot: 2 },
        { kind: "load", slot: 1 },
        { kind: "lines", lower, upper, even, odd, owners: owned[1][0] },
        { kind: "gather", index: place },
        { kind: "add", slot: 0 },
        { kind: "store", slot: 0 },
        { kind: "load", slot: 2 },
        { kind: "gather", index: new Int32Array(9).fill(-1) },
        { kind: "add", slot: 0, index: Int32Array.from({ length: 9 }, (_, f) => f) },
        { kind: "add", slot: 3 },
        { kind: "offset", offset, owners: owned[2][0] },
      ];
      const end = { radius: wide, centre: mid, owners: owned[2][0], order };
      return backend.backward({ kind: "rows", nu: start }, steps, end);
    },
  };
}

/** Viewers of images of 2×5×6, whose patches of 3×2 reach over every edge and far beyond, some side by side. */
function patches(rows: number, examples: number, turn: number): Reading & { readonly sight: Sight } {
  const source = random(turn, "patches");
  const viewers = Math.max(1, Math.ceil(rows / (1 + (turn % 4))));
  const pick = (count: number, from = 0): Int32Array =>
    Int32Array.from({ length: viewers }, (_, v) =>
      turn % 2 === 0 ? from + (v % count) : from + Math.floor(source.uniform() * count),
    );
  const window = {
    ...{ channels: 2, height: 5, width: 6, patchHeight: 3, patchWidth: 2 },
    ...{ top: pick(11, -5), left: pick(13, -4) },
  };
  const owners = indexedOwners(Int32Array.from({ length: rows }, (_, r) => Math.floor((r * viewers) / rows)));
  return { owners, sight: { window, examples: examples === 1 ? SHARED : indexedOwners(pick(examples)) } };
}

/** Steps through patches of images against the same steps with coefficients that were cropped for each viewer. */
async function seenChain(rows: number, order: NormOrder, turn: number): Promise<Chain> {
  const source = random(turn, "seen");
  const examples = 1 + (turn % 3);
  const image = (): Matrix => build(60, examples, () => Math.fround(0.1 + Math.abs(source.normal())));
  const reading = patches(rows, examples, turn);
  const nu = build(12, rows, () => Math.fround(source.normal()));
  const inputs = [nu, ...Array.from({ length: 11 }, image)];
  const chain = (by: Reading, tensors: readonly Tensor[]): readonly [BackwardStep[], BackwardEnd] => {
    const [slope, radius, shift, lower, upper, even, odd, scale, offset, end, centre] = tensors;
    const steps: BackwardStep[] = [
      { kind: "enclose", slope, radius, shift, ...by },
      { kind: "scale", scale, ...by },
      { kind: "lines", lower, upper, even, odd, ...by },
      { kind: "offset", offset, ...by },
      { kind: "enclose", slope: scale, radius: odd, ...by },
    ];
    return [steps, { radius: end, centre, order, ...by }];
  };
  const portable = createPortableBackend({ dtype: "float64" });
  const [start, ...images] = inputs.map((x) => portable.upload(x.features, x.rows, x.values));
  const { examples: viewed, window } = reading.sight;
  const cropped = images.map((x) => portable.crop(x, viewed, window));
  const [steps, end] = chain({ owners: reading.owners }, cropped);
  const expected = await portable.read(portable.backward({ kind: "rows", nu: start }, steps, end));
  return {
    inputs,
    expected: { features: 2, rows, values: Array.from(expected) },
    run: (backend, [from, ...rest]) => backend.backward({ kind: "rows", nu: from }, ...chain(reading, rest)),
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

    test("branches that part and meet, and a centre", async () => {
      for (const [turn, rows] of ROWS.entries()) {
        const { inputs, expected, run } = branches(rows, ORDERS[turn % 3], turn);
        bench.expectClose(await bench.run(inputs, run), expected, `${rows} rows`);
      }
    });

    test("through patches of images", async () => {
      for (const [turn, rows] of [...ROWS, ...ROWS].entries()) {
        const { inputs, expected, run } = await seenChain(rows, ORDERS[turn % 3], turn);
        bench.expectClose(await bench.run(inputs, run), expected, `${rows} rows, ${turn}`);
      }
    });

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

    test("through a matrix of no outputs nothing comes back", async () => {
      const steps = (weight: Tensor): BackwardStep[] => [
        { kind: "gather", index: new Int32Array(0) },
        { kind: "linear", weight },
      ];
      const inputs = [bench.matrix(4, 5), bench.matrix(0, 9), bench.positiveMatrix(9, 1)];
      const got = await bench.run(inputs, (b, [nu, weight, radius]) =>
        b.backward({ kind: "rows", nu }, steps(weight), { radius, owners: SHARED, order: 1 }),
      );
      expect(got.values).toEqual([0, 0, 0, 0, 0]);
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
        [rows, [{ kind: "load", slot: 0 }], end(t(3, 1))],
        [rows, [{ kind: "store", slot: 0 }], end(t(3, 1))],
        [rows, [{ kind: "copy", slot: 0 }], end(t(3, 1))],
        [rows, [{ kind: "copy", slot: -1 }], end(t(3, 1))],
        [rows, [{ kind: "add", slot: 0 }], end(t(3, 1))],
        [rows, [{ kind: "gather", index: Int32Array.of(3) }], end(t(1, 1))],
        [rows, [{ kind: "offset", offset: t(2, 1), owners: SHARED }], end(t(3, 1))],
        [
          rows,
          [
            { kind: "copy", slot: 0, index: Int32Array.of(1) },
            { kind: "add", slot: 0 },
          ],
          end(t(3, 1)),
        ],
        [rows, [], { ...end(t(3, 1)), centre: t(2, 1) }],
      ];
      for (const call of calls) expect(() => backend.backward(...call)).toThrow(ShapeError);
    });
  });
}
