import { describe, expect, test } from "vitest";
import type { Elementwise } from "../../../src/compute/elementwise.js";
import { build, map, map2 } from "../oracle.js";
import * as lines from "../oracle-lines.js";
import { ACTIVATIONS } from "./activations.js";
import type { Bench } from "./bench.js";

interface Case {
  readonly f: Elementwise;
  readonly value: (z: number) => number;
  readonly derivative: (z: number) => number;
  readonly positiveOnly?: boolean;
}

const CASES: readonly Case[] = [
  ...ACTIVATIONS.map((f) => ({
    f,
    value: (z: number) => lines.value(f, z),
    derivative: (z: number) => lines.derivative(f, z),
  })),
  { f: { kind: "abs" }, value: Math.abs, derivative: Math.sign },
  { f: { kind: "sign" }, value: Math.sign, derivative: () => 0 },
  { f: { kind: "square" }, value: (z) => z * z, derivative: (z) => 2 * z },
  { f: { kind: "sqrt" }, value: Math.sqrt, derivative: (z) => 1 / (2 * Math.sqrt(z)), positiveOnly: true },
  {
    f: { kind: "reciprocal-sqrt", offset: 0.125 },
    value: (z) => (z + 0.125) ** -0.5,
    derivative: (z) => -0.5 * (z + 0.125) ** -1.5,
    positiveOnly: true,
  },
];

/** Terms that all rows share, all features, or both; some of them times others; and a sum that is wanted in some places only. */
async function expectSharedTerms(bench: Bench, features: number, rows: number): Promise<void> {
  const shapes = [
    [features, 1],
    [1, rows],
    [features, rows],
    [1, 1],
    [1, rows],
    [features, 1],
  ];
  const terms = shapes.map(([f, r], i) => ({
    weight: [2, -3, 0.5, 4, -1, 0.25][i],
    absolute: i >= 3,
    size: [f, r],
  }));
  const all = [...shapes, ...shapes].map(([f, r]) => bench.matrix(f, r));
  const where = bench.matrix(features, rows);
  const at = ({ features: own, rows: columns, values }: (typeof all)[number], f: number, r: number): number =>
    values[(own === 1 ? 0 : f) * columns + (columns === 1 ? 0 : r)];
  for (const isGated of [false, true]) {
    const weighted = await bench.run([...all, where], (b, tensors) =>
      b.weightedSum(
        terms.map(({ weight, absolute }, i) => ({
          ...{ weight, absolute, x: tensors[i] },
          ...(i % 2 === 0 && { by: tensors[shapes.length + i] }),
        })),
        -0.75,
        ...(isGated ? [tensors[all.length]] : []),
      ),
    );
    const expected = build(features, rows, (f, r) => {
      if (isGated && at(where, f, r) <= 0) return 0;
      return terms.reduce((sum, { weight, absolute }, i) => {
        const x = at(all[i], f, r);
        return (
          sum + weight * (absolute ? Math.abs(x) : x) * (i % 2 === 0 ? at(all[shapes.length + i], f, r) : 1)
        );
      }, -0.75);
    });
    bench.expectClose(weighted, expected, "weightedSum of shared terms");
  }
}

export function entriesConformance(bench: Bench): void {
  describe("entry by entry", () => {
    test("arithmetic of two tensors", async () => {
      for (const [features, rows] of [
        [1, 1],
        [3, 7],
        [8, 17],
        [33, 131],
      ]) {
        const [x, y, g] = [0, 1, 2].map(() => bench.matrix(features, rows));
        const combined = await bench.run([x, y], (b, [p, q]) => b.combine(0.5, p, -3, q));
        bench.expectClose(
          combined,
          map2(x, y, (p, q) => 0.5 * p - 3 * q),
          "combine",
        );
        const weighted = await bench.run([x, y, g], (b, [p, q, r]) => {
          const terms = [
            { weight: -2, x: p, absolute: true },
            { weight: 0.5, x: q },
            { weight: 3, x: r, absolute: true },
          ];
          return b.weightedSum(terms, 0.25);
        });
        const expected = build(features, rows, (f, r) => {
          const [p, q, s] = [x, y, g].map(({ values }) => values[f * rows + r]);
          return -2 * Math.abs(p) + 0.5 * q + 3 * Math.abs(s) + 0.25;
        });
        bench.expectClose(weighted, expected, "weightedSum");
        await expectSharedTerms(bench, features, rows);
        const scaled = await bench.run([x], (b, [p]) => b.scaleBy(p, -2, 0.25));
        bench.expectClose(
          scaled,
          map(x, (p) => -2 * p + 0.25),
          "scaleBy",
        );
        const product = await bench.run([x, y], (b, [p, q]) => b.multiply(p, q));
        bench.expectClose(
          product,
          map2(x, y, (p, q) => p * q),
          "multiply",
        );
        const low = await bench.run([x, y], (b, [p, q]) => b.minimum(p, q));
        bench.expectClose(low, map2(x, y, Math.min), "minimum", 0);
        const high = await bench.run([x, y], (b, [p, q]) => b.maximum(p, q));
        bench.expectClose(high, map2(x, y, Math.max), "maximum", 0);
        for (const part of ["x", "y"] as const) {
          const got = await bench.run([x, y, g], (b, [p, q, r]) => b.minimumGradient(p, q, r)[part]);
          const expected = build(features, rows, (f, r) => {
            const i = f * rows + r;
            return x.values[i] < y.values[i] === (part === "x") ? g.values[i] : 0;
          });
          bench.expectClose(got, expected, `minimumGradient in ${part}`, 0);
        }
      }
    });

    test("minimumGradient: a tie goes to y", async () => {
      const x = build(1, 1, () => 2);
      const got = await bench.run([x, x, x], (b, [p, q, r]) => b.minimumGradient(p, q, r).y);
      expect(got.values).toEqual([2]);
    });

    for (const { f, value, derivative, positiveOnly } of CASES) {
      test(`${f.kind}: value and derivative`, async () => {
        const x = positiveOnly ? bench.positiveMatrix(5, 13) : bench.matrixAwayFromZero(5, 13);
        const g = bench.matrix(5, 13);
        const got = await bench.run([x], (b, [t]) => b.apply(f, t));
        bench.expectClose(got, map(x, value), "apply");
        const gradient = await bench.run([x, g], (b, [t, s]) => b.applyGradient(f, t, s));
        bench.expectClose(
          gradient,
          map2(x, g, (z, s) => derivative(z) * s),
          "applyGradient",
        );
      });
    }

    test("at a kink the derivative is the left piece's", async () => {
      const kinks: [Elementwise, number, number][] = [
        [{ kind: "relu" }, 0, 0],
        [{ kind: "leaky-relu", slope: 0.25 }, 0, 0.25],
        [{ kind: "hardtanh", minimum: -0.5, maximum: 1 }, -0.5, 0],
        [{ kind: "hardtanh", minimum: -0.5, maximum: 1 }, 1, 1],
        [{ kind: "abs" }, 0, 0],
        [{ kind: "sqrt" }, 0, 0],
      ];
      for (const [f, z, expected] of kinks) {
        const x = build(1, 1, () => z);
        const one = build(1, 1, () => 1);
        const got = await bench.run([x, one], (b, [t, s]) => b.applyGradient(f, t, s));
        expect(got.values[0], `${f.kind} at ${z}`).toBe(expected);
      }
    });

    test("saturated tanh and sigmoid stay finite", async () => {
      const x = build(1, 6, (_, r) => [-1e4, -700, -40, 40, 700, 1e4][r]);
      for (const kind of ["tanh", "sigmoid"] as const) {
        const got = await bench.run([x], (b, [t]) => b.apply({ kind }, t));
        bench.expectClose(
          got,
          map(x, (z) => lines.value({ kind }, z)),
          kind,
        );
        const gradient = await bench.run([x, x], (b, [t, g]) => b.applyGradient({ kind }, t, g));
        for (const value of gradient.values) expect(Math.abs(value)).toBeLessThan(1e-10);
      }
    });
  });
}
