import { join } from "node:path";
import { expect, it } from "vitest";
import { ShapeError, UsageError } from "../../src/errors.js";
import { writeNpz } from "../../src/formats/npz.js";
import { attack, certify, drift, flatten, linear, radius, sequential } from "../../src/index.js";
import { initialWeights } from "../../src/network/weights.js";
import { temporaryFolder } from "../data/fixtures.js";

const folder = temporaryFolder();

it("layout is an option of every call that takes data, and said where it is missing", async () => {
  const network = sequential([3, 2, 4], [flatten(), linear(2)]);
  const model = { network, weights: initialWeights(network, 1) };
  const path = join(folder, "last.npz");
  const values = Float32Array.from({ length: 2 * 24 }, (_, i) => (i % 24) / 24);
  await writeNpz(path, {
    x: { shape: [2, 2, 4, 3], values },
    y: { shape: [2], values: Int32Array.of(0, 1) },
  });
  const options = { backend: "portable" } as const;
  const calls = {
    certify: (more: object) => certify(model, path, { epsilon: 0.01, ...options, ...more }),
    attack: (more: object) => attack(model, path, { epsilon: 0.01, ...options, ...more }),
    drift: (more: object) => drift(model, path, { ...options, ...more }),
    radius: (more: object) => radius(model, path, { ...options, ...more }),
  };
  for (const call of Object.values(calls)) {
    await expect(call({})).rejects.toThrow(ShapeError);
    await expect(call({})).rejects.toThrow(/3×2×4.*2×4×3.*--layout nhwc/);
    await expect(call({ layout: "last" })).rejects.toThrow(UsageError);
    await expect(call({ layout: "nhwc" })).resolves.toBeDefined();
  }
});
