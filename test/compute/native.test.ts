import { describe, expect, test } from "vitest";
import type { Dtype } from "../../src/compute/backend.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend, instructionSets } from "../../src/compute/native/index.js";
import { OWN, SHARED } from "../../src/compute/owners.js";
import { BackendError, OutOfMemoryError, ShapeError } from "../../src/errors.js";
import { conformance } from "./conformance.js";

const problem = nativeProblem();

/** Relative to the oracle, which computes in double. */
const TOLERANCES: Readonly<Record<Dtype, number>> = { float32: 64 * 2 ** -23, float64: 1e-12 };

describe.skipIf(problem !== null)(`native backend${problem === null ? "" : ` (absent: ${problem})`}`, () => {
  const sets = problem === null ? instructionSets() : [];

  for (const instructionSet of sets) {
    for (const dtype of ["float32", "float64"] as const) {
      const options = { dtype, instructionSet, threads: 2, poison: true, misalign: true };
      conformance(`native, ${instructionSet}, ${dtype}`, async () => createNativeBackend(options), {
        relative: TOLERANCES[dtype],
      });
    }
  }

  test("every machine has the baseline", () => {
    expect(sets).toContain("baseline");
  });

  test("says what runs", () => {
    for (const machine of sets) {
      const backend = createNativeBackend({ instructionSet: machine, threads: 3 });
      expect(backend).toMatchObject({ name: "native", dtype: "float32", threads: 3, machine });
      backend.dispose();
    }
    expect(createNativeBackend().machine).toBe(sets[0]);
  });

  test("takes no instruction set, number of threads or limit that is none", () => {
    expect(() => createNativeBackend({ instructionSet: "mmx" })).toThrow(/baseline.*got mmx/);
    for (const threads of [0, -1, 1.5, Number.NaN, 2000]) {
      expect(() => createNativeBackend({ threads }), `${threads} threads`).toThrow(BackendError);
    }
    for (const memoryLimit of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createNativeBackend({ memoryLimit }), `limit ${memoryLimit}`).toThrow(BackendError);
    }
  });

  test("beyond the memory limit what is awaited rejects, and what is given is refused", async () => {
    const backend = createNativeBackend({ memoryLimit: 10_000 });
    const small = backend.filled(10, 100, 1);
    expect(await backend.read(small)).toHaveLength(1000);
    expect(() => backend.upload(10, 1000, new Float32Array(10_000))).toThrow(/out of memory/);
    // Nothing is lost by an upload that was refused.
    expect(await backend.read(small)).toHaveLength(1000);
    const large = backend.filled(10, 1000, 1);
    await expect(backend.read(large)).rejects.toThrow(OutOfMemoryError);
    backend.dispose();
  });

  test("what ran out of memory, and what is made of it, has no numbers; the rest goes on", async () => {
    const backend = createNativeBackend({ memoryLimit: 10_000 });
    const small = backend.filled(10, 10, 2);
    const large = backend.filled(10, 1000, 1);
    const views = [large, backend.reshape(large, 1000, 10)];
    const made = [
      backend.scaleBy(large, 0, 0),
      backend.slice(large, 0, 1),
      backend.concat([small, backend.slice(views[1], 0, 10)]),
      backend.sumRows(backend.slice(large, 3, 2), SHARED, 1),
    ];
    for (const x of [...views, ...made]) {
      await expect(backend.read(x)).rejects.toThrow(/40000 bytes wanted beside 400/);
      await expect(backend.read(x)).rejects.toThrow(OutOfMemoryError);
    }
    expect(await backend.read(backend.scaleBy(small, 2, 1))).toEqual(new Float32Array(100).fill(5));
    for (const x of [...views, ...made]) x.dispose();
    // What a later call takes has room again.
    expect((await backend.read(backend.filled(10, 150, 3))).at(-1)).toBe(3);
    backend.dispose();
  });

  test("what was changed in place by what has no numbers has none", async () => {
    const backend = createNativeBackend({ memoryLimit: 10_000 });
    const [parameter, first, second] = [1, 0, 0].map((value) => backend.filled(1, 100, value));
    const large = backend.filled(1, 100, 0);
    const gradient = backend.slice(backend.concat([backend.filled(100, 100, 1), large]), 0, 1);
    const settings = { rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, step: 1 };
    backend.adamStep(parameter, gradient, first, second, settings);
    for (const x of [parameter, first, second]) {
      await expect(backend.read(x)).rejects.toThrow(OutOfMemoryError);
    }
    expect(await backend.read(large)).toHaveLength(100);
    backend.dispose();
  });

  test("`finish` says once what nobody was told of", async () => {
    const backend = createNativeBackend({ memoryLimit: 10_000 });
    backend.filled(10, 1000, 1);
    await expect(backend.finish()).rejects.toThrow(OutOfMemoryError);
    await backend.finish();
    await expect(backend.read(backend.filled(10, 1000, 1))).rejects.toThrow(OutOfMemoryError);
    await backend.finish();
    expect(await backend.peakGflops()).toBeGreaterThan(0);
    backend.dispose();
  });

  test("rejects what is awaited when it is disposed, and then lets the process end", async () => {
    const backend = createNativeBackend();
    const x = backend.filled(300, 300, 1);
    let y = x;
    for (let i = 0; i < 100; i++) y = backend.linear(x, y, null);
    const read = backend.read(y);
    backend.dispose();
    await expect(read).rejects.toThrow(BackendError);
  });

  test("throws the same ShapeErrors before it works, and an activation's UsageErrors", () => {
    const backend = createNativeBackend();
    const [x, y] = [backend.filled(2, 3, 1), backend.filled(3, 2, 1)];
    expect(() => backend.multiply(x, y)).toThrow(ShapeError);
    expect(() => backend.spread(x, OWN, 4)).toThrow(ShapeError);
    expect(() => backend.apply({ kind: "leaky-relu", slope: Number.NaN }, x)).toThrow(/leaky-relu/);
    expect(() => backend.parallelLines({ kind: "hardtanh", minimum: 1, maximum: 0 }, x, x)).toThrow(
      /hardtanh/,
    );
    backend.dispose();
  });

  test("many tensors come and go, and their memory with them", async () => {
    const backend = createNativeBackend({ threads: 2 });
    for (let i = 0; i < 2000; i++) {
      using x = backend.filled(1 + (i % 37), 1 + (i % 53), i);
      using y = backend.scaleBy(x, 2, 0);
      if (i % 100 === 0) expect((await backend.read(y))[0]).toBe(2 * i);
    }
    await backend.finish();
    expect(backend.memory().liveBytes).toBe(0);
    backend.dispose();
  });

  test("measures its own peak", async () => {
    for (const instructionSet of sets) {
      const backend = createNativeBackend({ instructionSet, threads: 1 });
      expect(await backend.peakGflops()).toBeGreaterThan(0.1);
      backend.dispose();
    }
  });
});
