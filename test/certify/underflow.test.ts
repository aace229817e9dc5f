import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";

/** Weights so far apart that rows of the dual network underflow where values do not. */
const NETWORK = sequential([1], [linear(1), linear(1), linear(2)]);

describe("rows that underflow", () => {
  it.each([
    ["float32", 1e30, 1e-25],
    ["float64", 1e250, 1e-200],
  ] as const)("prove nothing of what they have lost: %s", async (dtype, large, small) => {
    const backend = createPortableBackend({ dtype });
    // z₀ − z₁ = large · small · small · x + large · small³, negative at x = −0.1.
    const weights = new Map([
      ["linear1.weight", Float64Array.of(large)],
      ["linear1.bias", Float64Array.of(0)],
      ["linear2.weight", Float64Array.of(small)],
      ["linear2.bias", Float64Array.of(0)],
      ["linear3.weight", Float64Array.of(small, 0)],
      ["linear3.bias", Float64Array.of(0, -0.05 * large * small * small)],
    ]);
    const parameters = uploadWeights(backend, { network: NETWORK, weights });
    for (const method of ["parallel", "adaptive"] as const) {
      for (const rounding of ["real", "float32", "float64"] as const) {
        const { examples } = await certifyBatch(
          { backend, network: NETWORK, parameters },
          { x: Float64Array.of(0.5) },
          { norm: "linf", epsilon: 0.6, method, rounding },
        );
        expect(examples[0].certified).toBe(false);
      }
    }
  });
});
