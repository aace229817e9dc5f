import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { largestRelativeError } from "../support/numbers.js";
import { errorOfPatches, gradientsBothWays } from "../support/patch-comparison.js";
import { type Branches, randomPatchGraph } from "../support/patch-networks.js";

const GRAPHS = 12;
const backend = createPortableBackend();

describe.each<Branches>(["plain", "pooled and enlarged"])("%s branches", (branches) => {
  describe.each(Array.from({ length: GRAPHS }, (_, seed) => seed))("graph %d", (seed) => {
    it.each(["parallel", "adaptive"] as const)("rows through patches are whole rows: %s", async (method) => {
      const { nodes, worst } = await errorOfPatches(backend, randomPatchGraph(seed, branches), method);
      expect(nodes.length).toBeGreaterThan(3);
      expect(worst).toBeLessThan(1e-11);
    });

    it.each(["parallel", "adaptive"] as const)(
      "their gradients are those of whole rows: %s",
      async (method) => {
        const network = randomPatchGraph(seed, branches);
        const [whole, cropped] = await gradientsBothWays(backend, network, method);
        expect(whole.length).toBeGreaterThan(50);
        expect(largestRelativeError(cropped, whole)).toBeLessThan(1e-9);
      },
    );
  });
});
