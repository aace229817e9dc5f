import { describe, expect, test } from "vitest";
import { build, type Matrix, map2, numericGradient, softmaxCrossEntropy } from "../oracle.js";
import type { Bench } from "./bench.js";

export function lossConformance(bench: Bench): void {
  describe("loss and optimizer", () => {
    test("softmax cross-entropy and its derivative", async () => {
      for (const [classes, rows] of [
        [1, 1],
        [3, 5],
        [10, 7],
      ]) {
        const logits = bench.matrix(classes, rows, 3);
        const labels = Int32Array.from({ length: rows }, () => bench.random.integer(classes));
        const g = bench.matrix(1, rows);
        const got = await bench.run([logits], (b, [z]) => b.softmaxCrossEntropy(z, labels));
        bench.expectClose(got, softmaxCrossEntropy(logits, labels), "softmaxCrossEntropy");
        const gradient = await bench.run([logits, g], (b, [z, s]) =>
          b.softmaxCrossEntropyGradient(z, labels, s),
        );
        const f = ([z]: readonly Matrix[]): Matrix => softmaxCrossEntropy(z, labels);
        const expected = numericGradient(f, [logits], 0, g);
        bench.expectClose(gradient, expected, "gradient", bench.gradientTolerance);
      }
    });

    test("large logits neither overflow nor lose the label", async () => {
      const logits = build(3, 2, (k, r) => [1000, 0, -1000][(k + r) % 3]);
      const labels = Int32Array.of(1, 2);
      const got = await bench.run([logits], (b, [z]) => b.softmaxCrossEntropy(z, labels));
      expect(got.values[0]).toBeCloseTo(1000, 3);
      expect(got.values[1]).toBeCloseTo(0, 6);
    });

    test("shares of the softmax too small for any sum are taken as none", async () => {
      const logits = build(3, 1, (k) => [0, -40, -50][k]);
      const ones = build(1, 1, () => 1);
      const gradient = await bench.run([logits, ones], (b, [z, g]) =>
        b.softmaxCrossEntropyGradient(z, Int32Array.of(0), g),
      );
      expect(gradient.values[1] / Math.exp(-40)).toBeCloseTo(1, 6);
      expect(gradient.values[2]).toBe(0);
    });

    test("Adam, three steps", async () => {
      const backend = await bench.backend();
      const settings = { rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
      const start = bench.matrix(3, 5);
      const parameter = await bench.upload(start);
      const [first, second] = [backend.filled(3, 5, 0), backend.filled(3, 5, 0)];
      const state = start.values.map((w) => ({ w, m: 0, v: 0 }));
      for (let step = 1; step <= 3; step++) {
        const gradient = bench.matrix(3, 5);
        backend.adamStep(parameter, await bench.upload(gradient), first, second, { ...settings, step });
        for (const [i, entry] of state.entries()) {
          const g = gradient.values[i] + 0.1 * entry.w;
          entry.m = 0.9 * entry.m + 0.1 * g;
          entry.v = 0.999 * entry.v + 0.001 * g * g;
          const [m, v] = [entry.m / (1 - 0.9 ** step), entry.v / (1 - 0.999 ** step)];
          entry.w -= (0.01 * m) / (Math.sqrt(v) + 1e-8);
        }
      }
      const shape = { features: 3, rows: 5 };
      bench.expectClose(await bench.read(parameter), { ...shape, values: state.map((s) => s.w) }, "w");
      bench.expectClose(await bench.read(first), { ...shape, values: state.map((s) => s.m) }, "m");
      bench.expectClose(await bench.read(second), { ...shape, values: state.map((s) => s.v) }, "v");
      const moved = map2(await bench.read(parameter), start, (a, b) => Math.abs(a - b));
      for (const distance of moved.values) expect(distance).toBeGreaterThan(0);
    });
  });
}
