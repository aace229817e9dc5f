import { expect, test } from "vitest";
import { createBackend } from "../../src/compute/index.js";
import { BackendError } from "../../src/errors.js";

test("auto and reference give the reference backend, float64 unless asked otherwise", async () => {
  for (const name of ["auto", "reference"] as const) {
    expect(await createBackend(name)).toMatchObject({ name: "reference", dtype: "float64" });
    expect(await createBackend(name, { dtype: "float32" })).toMatchObject({ dtype: "float32" });
  }
});

test("a backend that this build lacks is said so, not replaced", async () => {
  for (const name of ["native", "webgpu"] as const) {
    await expect(createBackend(name)).rejects.toThrow(BackendError);
    await expect(createBackend(name)).rejects.toThrow(name);
  }
});
