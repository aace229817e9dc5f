import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { leakyRelu, linear, scaleShift } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";

/** Weights so far apart that rows of the dual network underflow where values do not. */
const NETWORK = sequential([1], [linear(1), linear(1), linear(2)]);

/** Logits 0 and 0.5 on a machine whose slope or scale is 0, far from that in real arithmetic. */
const LOST = [
  ["a slope that single precision takes for 0", leakyRelu(5e-46), -1e30, "float32"],
  ["a slope that a machine may take for 0", leakyRelu(1e-39), -1e22, "float32-ftz"],
  ["the same, by a hair", leakyRelu(1.1e-38), -1e22, "float32-ftz"],
  ["a scale that single precision takes for 0", scaleShift(5e-46, 0), 2e30, "float32"],
  ["a scale that a machine may take for 0", scaleShift(1e-39, 0), 1e22, "float32-ftz"],
] as const;

describe("numbers of a file that an evaluation does not have", () => {
  it.each(LOST)("prove nothing: %s", async (_, layer, x, evaluation) => {
    const network = sequential([1], [layer, linear(2)]);
    const weights = new Map([
      ["linear1.weight", Float64Array.of(Math.sign(x) * 1e30, 0)],
      ["linear1.bias", Float64Array.of(0, 0.5)],
    ]);
    for (const dtype of ["float32", "float64"] as const) {
      const backend = createPortableBackend({ dtype });
      const parameters = uploadWeights(backend, { network, weights });
      for (const method of ["parallel", "adaptive"] as const) {
        for (const epsilon of [0, 1]) {
          const { examples } = await certifyBatch(
            { backend, network, parameters },
            { x: Float64Array.of(x) },
            { norm: "linf", epsilon, box: null, method, rounding: evaluation },
          );
          expect(examples[0].certified).toBe(false);
          // Without rounding the first logit is the larger by far, where our arithmetic has the number.
          if (dtype === "float32") continue;
          const real = await certifyBatch(
            { backend, network, parameters },
            { x: Float64Array.of(x) },
            { norm: "linf", epsilon, box: null, method, rounding: "real" },
          );
          expect(real.examples[0].certified).toBe(true);
        }
      }
    }
  });
});

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
