import { expect, test } from "vitest";
import { createBackend, nativeProblem } from "../../src/compute/index.js";
import { BackendError } from "../../src/errors.js";

const problem = await nativeProblem();

test("reference is in TypeScript, float64 unless asked otherwise", async () => {
  expect(await createBackend("portable")).toMatchObject({
    name: "portable",
    dtype: "float64",
    threads: 1,
    machine: "TypeScript",
  });
  expect(await createBackend("portable", { dtype: "float32" })).toMatchObject({ dtype: "float32" });
  expect(await (await createBackend("portable")).peakGflops()).toBeGreaterThan(0.01);
});

test("auto is native where there is one, else reference", async () => {
  const backend = await createBackend("auto", { threads: 2 });
  if (problem === null) expect(backend).toMatchObject({ name: "native", dtype: "float32", threads: 2 });
  else expect(backend).toMatchObject({ name: "portable", dtype: "float64", threads: 1 });
  backend.dispose();
});

test.skipIf(problem !== null)("native takes its options", async () => {
  const options = { dtype: "float64", threads: 1, instructionSet: "baseline", memoryLimit: 1000 } as const;
  const backend = await createBackend("native", options);
  expect(backend).toMatchObject({ name: "native", dtype: "float64", threads: 1, machine: "baseline" });
  expect(() => backend.upload(1, 1000, new Float32Array(1000))).toThrow(BackendError);
  backend.dispose();
  await expect(createBackend("native", { instructionSet: "mmx" })).rejects.toThrow(/avx|baseline/);
});

test.skipIf(problem === null)("native where it is absent says why, and how to get it", async () => {
  await expect(createBackend("native")).rejects.toThrow(BackendError);
  await expect(createBackend("native")).rejects.toThrow(/npm rebuild/);
});

test("a backend that this build lacks is said so, not replaced", async () => {
  await expect(createBackend("webgpu")).rejects.toThrow(BackendError);
  await expect(createBackend("webgpu")).rejects.toThrow("webgpu");
});

test("a name that there is none of is refused, and not repeated at any length", async () => {
  const refused = (name: unknown) => createBackend(name as "auto").catch((error: Error) => error);
  for (const [name, found] of [
    ["cuda", "cuda"],
    ["x".repeat(3e6), "(string)"],
    ["\u202e\u001b[2J", "(string)"],
    [Symbol("s"), "(symbol)"],
    [null, "(null)"],
  ] as const) {
    const error = await refused(name);
    expect(error).toBeInstanceOf(BackendError);
    expect((error as Error).message).toBe(`backend ${found}: expected auto, native or portable`);
  }
});

test("goes by its earlier name, too", async () => {
  expect((await createBackend("reference")).name).toBe("portable");
});
