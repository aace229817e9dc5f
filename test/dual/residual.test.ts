import { describe, expect, it } from "vitest";
import { residualNetwork } from "../../src/bench/growth.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import type { LayerReport } from "../../src/dual/planner.js";
import { architecture } from "../../src/network/architectures.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { initialWeights, uploadWeights } from "../../src/network/weights.js";

/** Networks whose rows went whole before patches passed joins, ε, and multiply-adds in 10⁹ that rows may take. */
const NETWORKS: readonly (readonly [string, () => Network, epsilon: number, most: number])[] = [
  ["six convolutions at 52×52", () => residualNetwork({ side: 52, channels: 16, blocks: 2 }), 2 / 255, 40],
  [
    "the paper's residual network for CIFAR-10",
    () => architecture("resnet", { inputShape: [3, 32, 32], classes: 10 }),
    8 / 255,
    100,
  ],
];

const MEBIBYTE = 2 ** 20;

describe("residual networks", () => {
  it.each(NETWORKS)("are bounded through patches, in little memory: %s", async (_, make, epsilon, most) => {
    const network = make();
    const backend = await createBackend("auto", { threads: 2 });
    try {
      const parameters = uploadWeights(backend, { network, weights: initialWeights(network, 1) });
      const source = random(1, "residual image");
      const x = Float64Array.from({ length: sizeOf(network.inputShape) }, () => source.uniform());
      const reports: LayerReport[] = [];
      backend.memory(true);
      await certifyBatch(
        { backend, network, parameters },
        { x },
        { norm: "linf", epsilon, box: [0, 1], onLayer: (report) => reports.push(report) },
      );
      expect(backend.memory().peakBytes).toBeLessThan(200 * MEBIBYTE);
      const work = reports.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
      expect(work / 1e9).toBeLessThan(most);
      // After the first, whose box is exact, and before rows start at a linear layer.
      const convolutional = reports.slice(1, reports.findLastIndex(({ way }) => way === "patches") + 1);
      expect(convolutional.length).toBeGreaterThan(4);
      for (const { way } of convolutional) expect(way).toBe("patches");
    } finally {
      backend.dispose();
    }
  });
});
