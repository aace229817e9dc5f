import { describe, expect, it } from "vitest";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { concat, conv2d, convTranspose2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { graph } from "../../src/network/network.js";
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
      const few = await errorOfPatches(backend, network, method, 2);
      expect(few.worst).toBeLessThan(1e-11);
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

it("where branches meet whose patches lie alike for some neurons alone, rows are whole", async () => {
  // Those of the corners do.
  const network = graph([2, 7, 7], (input, attach) => {
    const wide = attach(relu(), attach(conv2d(2, { kernel: 3, padding: 1 }), input));
    const half = attach(relu(), attach(conv2d(3, { kernel: 3, stride: 2, padding: 1 }), wide));
    const again = attach(convTranspose2d(2, { kernel: 3, stride: 2, padding: 1 }), half);
    const both = attach(relu(), attach(conv2d(2, { kernel: 1 }), attach(concat(), wide, again)));
    return attach(linear(3), attach(flatten(), both));
  });
  const { nodes, bounded, worst } = await errorOfPatches(backends[0], network, "parallel");
  expect(bounded.length).toBe(3);
  expect(nodes).toEqual(bounded.slice(0, 2));
  expect(worst).toBeLessThan(1e-11);
});
