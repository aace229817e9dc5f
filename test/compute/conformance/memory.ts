import { describe, expect, test } from "vitest";
import { BackendError } from "../../../src/errors.js";
import { transpose } from "../oracle.js";
import type { Bench } from "./bench.js";

export function memoryConformance(bench: Bench): void {
  describe("memory", () => {
    test("upload copies in, read copies out", async () => {
      const backend = await bench.backend();
      const values = [1, 2, 3, 4, 5, 6];
      const tensor = backend.upload(2, 3, values);
      values[0] = 9;
      const first = await backend.read(tensor);
      expect(Array.from(first)).toEqual([1, 2, 3, 4, 5, 6]);
      first[1] = 9;
      expect(Array.from(await backend.read(tensor))).toEqual([1, 2, 3, 4, 5, 6]);
      expect(first).toBeInstanceOf(backend.dtype === "float64" ? Float64Array : Float32Array);
    });

    test("filled, empty tensors, transposes of every size", async () => {
      const backend = await bench.backend();
      expect(Array.from(await backend.read(backend.filled(2, 2, 1.5)))).toEqual([1.5, 1.5, 1.5, 1.5]);
      expect((await backend.read(backend.filled(3, 0, 1))).length).toBe(0);
      for (const [features, rows] of [
        [1, 1],
        [3, 17],
        [33, 16],
        [15, 1],
      ]) {
        const x = bench.matrix(features, rows);
        bench.expectClose(await bench.run([x], (b, [t]) => b.transpose(t)), transpose(x), "transpose", 0);
      }
    });

    test("a view lives on when the tensor goes, and the other way about", async () => {
      const backend = await bench.backend();
      const tensor = backend.upload(2, 3, [1, 2, 3, 4, 5, 6]);
      const view = backend.reshape(tensor, 3, 2);
      const second = backend.reshape(view, 1, 6);
      expect([view.features, view.rows]).toEqual([3, 2]);
      tensor.dispose();
      expect(Array.from(await backend.read(view))).toEqual([1, 2, 3, 4, 5, 6]);
      view.dispose();
      expect(Array.from(await backend.read(second))).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test("release is idempotent; using releases; a second release leaves views alone", async () => {
      const backend = await bench.backend();
      const tensor = backend.filled(2, 2, 1);
      const view = backend.reshape(tensor, 4, 1);
      tensor.dispose();
      tensor.dispose();
      expect(tensor.disposed).toBe(true);
      expect(view.disposed).toBe(false);
      expect(Array.from(await backend.read(view))).toEqual([1, 1, 1, 1]);
      view[Symbol.dispose]();
      expect(view.disposed).toBe(true);
    });

    test("use after release is a BackendError", async () => {
      const backend = await bench.backend();
      const live = backend.filled(2, 2, 1);
      const released = backend.filled(2, 2, 1);
      released.dispose();
      await expect(async () => backend.read(released)).rejects.toThrow(BackendError);
      expect(() => backend.reshape(released, 4, 1)).toThrow(BackendError);
      expect(() => backend.combine(1, live, 1, released)).toThrow(BackendError);
      expect(() => backend.linear(live, live, released)).toThrow(BackendError);
      expect(() => backend.concat([live, released])).toThrow(BackendError);
    });

    test("memory counts what tensors take, and the most of it", async () => {
      const backend = await bench.another();
      const bytes = 4000 * (backend.dtype === "float64" ? 8 : 4);
      const before = backend.memory(true).liveBytes;
      const [kept, released] = [backend.filled(40, 100, 1), backend.filled(40, 100, 2)];
      const view = backend.reshape(kept, 100, 40);
      await backend.finish();
      const full = backend.memory();
      expect(full.liveBytes).toBeGreaterThanOrEqual(before + 2 * bytes);
      expect(full.liveBytes).toBeLessThan(before + 3 * bytes);
      expect(full.peakBytes).toBeGreaterThanOrEqual(full.liveBytes);
      released.dispose();
      kept.dispose();
      const half = backend.memory(true);
      expect(half.liveBytes).toBeLessThan(full.liveBytes);
      expect(half.liveBytes).toBeGreaterThanOrEqual(before + bytes);
      expect(half.peakBytes).toBe(full.peakBytes);
      expect(backend.memory().peakBytes).toBe(half.liveBytes);
      view.dispose();
      expect(backend.memory().liveBytes).toBe(before);
      backend.dispose();
    });

    test("a backend that was disposed cannot be used; releasing again does nothing", async () => {
      const backend = await bench.another();
      const tensor = backend.filled(2, 2, 1);
      backend.dispose();
      expect(tensor.disposed).toBe(true);
      expect(() => backend.filled(2, 2, 1)).toThrow(BackendError);
      expect(() => backend.scaleBy(tensor, 1, 0)).toThrow(BackendError);
      await expect(async () => backend.read(tensor)).rejects.toThrow(BackendError);
      tensor.dispose();
      backend.dispose();
    });

    test("a tensor of another backend is a BackendError", async () => {
      const [backend, another] = [await bench.backend(), await bench.another()];
      const [ours, theirs] = [backend.filled(2, 2, 1), another.filled(2, 2, 1)];
      expect(() => backend.multiply(ours, theirs)).toThrow(BackendError);
      await expect(async () => backend.read(theirs)).rejects.toThrow(BackendError);
    });

    test("operations leave their arguments as they were", async () => {
      const backend = await bench.backend();
      const x = bench.matrix(4, 3);
      const tensor = await bench.upload(x);
      backend.apply({ kind: "relu" }, tensor);
      backend.scaleBy(tensor, 2, 1);
      backend.slice(tensor, 1, 2);
      backend.concat([tensor, tensor]);
      bench.expectClose(await bench.read(tensor), x, "argument", 0);
    });
  });
}
