import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Backend } from "../../src/compute/backend.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { placeModel } from "../../src/network/weights.js";
import { lively } from "../support/networks.js";

const MEBIBYTE = 2 ** 20;

/** No two of some thousands have the same shapes. */
function networkOf(number: number): Network {
  const [height, width] = [5 + (number % 17), 5 + (Math.floor(number / 17) % 19)];
  const kernel = 2 + (number % 3);
  const size = 3 + (number % 101);
  return sequential(
    [1 + (number % 2), height, width],
    [conv2d(2, { kernel }), relu(), flatten(), linear(size), relu(), linear(2 + (number % 7))],
  );
}

async function certify(backend: Backend, number: number): Promise<readonly number[]> {
  const network = networkOf(number);
  const placed = placeModel(backend, lively(network, number));
  const features = network.inputShape.reduce((a, b) => a * b, 1);
  const x = Float64Array.from({ length: features }, (_, i) => ((i * 7919 + number) % 1000) / 1000);
  const method = number % 3 === 0 ? "adaptive" : "parallel";
  try {
    const { examples } = await certifyBatch(placed, { x }, { norm: "linf", epsilon: 0.05, method });
    return examples[0].marginLower;
  } finally {
    placed[Symbol.dispose]();
  }
}

describe.skipIf(nativeProblem() !== null)("many networks on one native backend", () => {
  it("5,000 of changing shapes take no more memory than the first thousand, and none falls over another", async () => {
    const backend = createNativeBackend({ threads: 1, memoryLimit: 256 * MEBIBYTE });
    const resident: number[] = [];
    for (let number = 0; number < 5000; number++) {
      const margins = await certify(backend, number);
      // What it gives does not depend on what the backend did before: plans that it keeps are this network's.
      if (number % 250 === 249) {
        const fresh = createNativeBackend({ threads: 1 });
        expect(margins).toEqual(await certify(fresh, number));
        fresh.dispose();
        await backend.finish();
        expect(backend.memory().liveBytes).toBe(0);
        resident.push(process.memoryUsage.rss());
      }
    }
    const [, , , first] = resident;
    expect((resident.at(-1) as number) - first).toBeLessThan(128 * MEBIBYTE);
    backend.dispose();
  }, 600_000);
});
