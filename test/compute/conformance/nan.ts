import { describe, expect, test } from "vitest";
import type { Backend, NormOrder, Tensor } from "../../../src/compute/backend.js";
import type { Elementwise } from "../../../src/compute/elementwise.js";
import { OWN, SHARED } from "../../../src/compute/owners.js";
import { build, type Matrix } from "../oracle.js";
import { ACTIVATIONS, describeActivation } from "./activations.js";
import type { Bench } from "./bench.js";
import { geometry } from "./conv2d.js";

const g = geometry({ inHeight: 3, inWidth: 3, padTop: 1, padLeft: 1 });

/** A matrix of ones with one NaN. */
function broken(features: number, rows: number, where: number): Matrix {
  return build(features, rows, (f, r) => (f * rows + r === where ? Number.NaN : 1));
}

const ones = (features: number, rows: number): Matrix => build(features, rows, () => 1);

const ORDERS: NormOrder[] = [1, 2, Number.POSITIVE_INFINITY];

/** Operations with one NaN among their inputs, and the entries of the result that depend on it. */
const CASES: readonly [string, Matrix[], (b: Backend, t: Tensor[]) => Tensor, number[]][] = [
  ["linear", [ones(2, 3), broken(3, 2, 2)], (b, [w, x]) => b.linear(w, x, null), [0, 2]],
  ["linear, many rows", [ones(1, 3), broken(3, 9, 4)], (b, [w, x]) => b.linear(w, x, null), [4]],
  ["linearTranspose", [ones(2, 3), broken(2, 2, 1)], (b, [w, y]) => b.linearTranspose(w, y), [1, 3, 5]],
  ["conv2d", [ones(1, 9), broken(9, 1, 0)], (b, [w, x]) => b.conv2d(w, x, null, g), [0, 1, 3, 4]],
  ["conv2dTranspose", [ones(1, 9), broken(9, 1, 8)], (b, [w, y]) => b.conv2dTranspose(w, y, g), [4, 5, 7, 8]],
  ["combine by zero", [broken(1, 3, 1), ones(1, 3)], (b, [x, y]) => b.combine(0, x, 1, y), [1]],
  [
    "weightedSum by zero",
    [broken(1, 3, 1), ones(1, 3)],
    (b, [x, y]) =>
      b.weightedSum(
        [
          { weight: 0, x, absolute: true },
          { weight: 1, x: y },
        ],
        2,
      ),
    [1],
  ],
  [
    "weightedSum where it is not known",
    [broken(1, 3, 1), ones(1, 3)],
    (b, [where, x]) => b.weightedSum([{ weight: 1, x }], Number.NaN, where),
    [0, 1, 2],
  ],
  ["minimum", [broken(1, 3, 1), ones(1, 3)], (b, [x, y]) => b.minimum(x, y), [1]],
  ["minimum, second", [ones(1, 3), broken(1, 3, 1)], (b, [x, y]) => b.minimum(x, y), [1]],
  ["maximum", [broken(1, 3, 1), ones(1, 3)], (b, [x, y]) => b.maximum(x, y), [1]],
  ["scaleShift", [ones(1, 3), broken(1, 3, 1)], (b, [x, d]) => b.scaleShift(x, d, null, OWN), [1]],
  ["scaleBySign", [broken(1, 3, 1), ones(1, 3)], (b, [x, d]) => b.scaleBySign(x, d, d, OWN), [1]],
  ["sumRows", [broken(2, 3, 1)], (b, [x]) => b.sumRows(x, SHARED, 1), [0]],
  ["dot", [broken(3, 2, 3), ones(3, 1)], (b, [x, w]) => b.dot(x, w, SHARED), [1]],
  ...ORDERS.flatMap((order): (typeof CASES)[number][] => [
    [`norm ${order}`, [broken(3, 2, 1), ones(3, 2)], (b, [x, w]) => b.norm(x, w, OWN, order), [1]],
    [`norm ${order}, weight`, [ones(3, 2), broken(3, 2, 2)], (b, [x, w]) => b.norm(x, w, OWN, order), [0]],
    [`normRows ${order}`, [broken(2, 3, 0)], (b, [x]) => b.normRows(x, SHARED, 1, order), [0]],
  ]),
  ["enclose", [broken(2, 3, 1), ones(2, 3), ones(2, 3)], (b, [n, d, r]) => b.enclose(n, d, r, OWN).nu, [1]],
  [
    "enclose, radius",
    [broken(2, 3, 4), ones(2, 3), ones(2, 3)],
    (b, [n, d, r]) => b.enclose(n, d, r, OWN).radius,
    [1],
  ],
  [
    "enclose, slope",
    [ones(2, 3), broken(2, 1, 1), ones(2, 1)],
    (b, [n, d, r]) => b.enclose(n, d, r, SHARED).nu,
    [3, 4, 5],
  ],
  [
    "enclose, coefficients of |ν|",
    [ones(2, 3), ones(2, 3), broken(2, 3, 5)],
    (b, [n, d, r]) => b.enclose(n, d, r, OWN).radius,
    [2],
  ],
  [
    "encloseGradient",
    [ones(2, 3), ones(2, 3), ones(2, 3), broken(2, 3, 2), ones(1, 3)],
    (b, [n, d, r, g, h]) => b.encloseGradient(n, d, r, g, h, OWN).slope,
    [2],
  ],
  ["medianRows", [broken(2, 6, 4)], (b, [x]) => b.medianRows(x, 3).value, [1]],
  ["gather", [broken(3, 1, 2)], (b, [x]) => b.gather(x, Int32Array.of(2, 0)), [0]],
  ["softmaxCrossEntropy", [broken(3, 2, 2)], (b, [z]) => b.softmaxCrossEntropy(z, Int32Array.of(0, 0)), [0]],
];

const FUNCTIONS: readonly Elementwise[] = [
  ...ACTIVATIONS,
  { kind: "abs" },
  { kind: "sign" },
  { kind: "square" },
  { kind: "sqrt" },
  { kind: "reciprocal-sqrt", offset: 1 },
];

export function nanConformance(bench: Bench): void {
  describe("NaN is never lost", () => {
    for (const [name, inputs, operation, where] of CASES) {
      test(name, async () => {
        const got = await bench.run(inputs, operation);
        const found = got.values.flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
        expect(found).toEqual(where);
      });
    }

    test("apply and applyGradient of every function", async () => {
      for (const f of FUNCTIONS) {
        const [x, one] = [broken(1, 2, 0), ones(1, 2)];
        const got = await bench.run([x], (b, [t]) => b.apply(f, t));
        expect(got.values.map(Number.isNaN), f.kind).toEqual([true, false]);
        const gradient = await bench.run([x, one], (b, [t, s]) => b.applyGradient(f, t, s));
        expect(gradient.values.map(Number.isNaN), f.kind).toEqual([true, false]);
      }
    });

    for (const f of ACTIVATIONS) {
      test(`lines of ${describeActivation(f)}`, async () => {
        const backend = await bench.backend();
        const stable = [-5, -4, 7, 8, -1, 1];
        const lower = build(1, 12, (_, i) => (i % 2 === 0 ? Number.NaN : stable[(i - 1) / 2]));
        const upper = build(1, 12, (_, i) => (i % 2 === 0 ? stable[i / 2] : Number.NaN));
        const [l, u] = [await bench.upload(lower), await bench.upload(upper)];
        const parallel = backend.parallelLines(f, l, u);
        const adaptive = backend.adaptiveLines(f, l, u);
        for (const part of [...Object.values(parallel), ...Object.values(adaptive)] as Tensor[]) {
          for (const value of (await bench.read(part)).values) expect(value).toBeNaN();
        }
      });
    }
  });
}
