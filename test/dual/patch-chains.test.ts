import { describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { largestRelativeError } from "../support/numbers.js";
import { errorOfPatches, gradientsBothWays } from "../support/patch-comparison.js";
import { randomPatchChain } from "../support/patch-networks.js";

const CHAINS = 16;
const backends = [
  createPortableBackend(),
  ...(nativeProblem() === null ? [createNativeBackend({ dtype: "float64", threads: 1 })] : []),
];

describe.each(Array.from({ length: CHAINS }, (_, seed) => seed))("chain %d", (seed) => {
  describe.each(backends)("$name", (backend) => {
    it.each(["parallel", "adaptive"] as const)("rows through patches are whole rows: %s", async (method) => {
      const network = randomPatchChain(seed);
      const { nodes, bounded, worst } = await errorOfPatches(backend, network, method);
      expect(nodes).toEqual(bounded);
      expect(worst).toBeLessThan(1e-11);
    });
  });

  it.each(["parallel", "adaptive"] as const)(
    "their gradients are those of whole rows: %s",
    async (method) => {
      const [whole, cropped] = await gradientsBothWays(backends[0], randomPatchChain(seed), method);
      expect(whole.length).toBeGreaterThan(20);
      expect(largestRelativeError(cropped, whole)).toBeLessThan(1e-9);
    },
  );
});
