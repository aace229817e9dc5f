import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Backend, Dtype } from "../../src/compute/backend.js";
import { nativeProblem } from "../../src/compute/native/addon.js";
import { createNativeBackend } from "../../src/compute/native/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { architecture } from "../../src/network/architectures.js";
import type { Network } from "../../src/network/network.js";
import { releaseParameters, uploadWeights } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const EXAMPLES = 5;
const BALLS: readonly BallSpec[] = [
  { norm: "linf", epsilon: 0.03, box: [0, 1] },
  { norm: "l2", epsilon: 0.1, box: null },
];
const METHODS: readonly DualOptions[] = [
  {},
  { pieceBytes: 1 },
  { method: "adaptive" },
  { direction: "forward" },
];
/** Of margins over the largest of their network. */
const TOLERANCES: Readonly<Record<Dtype, number>> = { float32: 2e-5, float64: 1e-12 };

async function margins(
  backend: Backend,
  network: Network,
  ball: BallSpec,
  options: DualOptions,
): Promise<readonly number[]> {
  const parameters = uploadWeights(backend, lively(network, 7));
  const x = randomExamples(network, EXAMPLES, 3);
  const labels = Int32Array.from({ length: EXAMPLES }, (_, b) => b % network.classes);
  const { examples } = await certifyBatch(
    { backend, network, parameters },
    { x, labels },
    { ...ball, ...options, against: "label", rounding: null },
  );
  releaseParameters(parameters);
  return examples.flatMap(({ marginLower }) => marginLower);
}

describe.skipIf(nativeProblem() !== null)("certification on the native backend", () => {
  it.each(Object.entries(LAYER_NETWORKS))("gives the reference's margins: %s", async (_name, makeNetwork) => {
    const network = makeNetwork();
    const reference = createPortableBackend();
    for (const dtype of ["float32", "float64"] as const) {
      const native = createNativeBackend({ dtype, threads: 2 });
      for (const ball of BALLS) {
        for (const options of METHODS) {
          const expected = await margins(reference, network, ball, options);
          const got = await margins(native, network, ball, options);
          const scale = Math.max(...expected.map(Math.abs));
          got.forEach((margin, i) => {
            expect(Math.abs(margin - expected[i]) / scale).toBeLessThan(TOLERANCES[dtype]);
          });
        }
      }
      native.dispose();
    }
  });

  it("gives the same bits on one thread, on two, and again", async () => {
    const network = architecture("small", { inputShape: [1, 12, 12], classes: 4 });
    const runs: (readonly number[])[] = [];
    for (const threads of [1, 2, 2]) {
      const native = createNativeBackend({ threads });
      runs.push(await margins(native, network, BALLS[0], {}));
      native.dispose();
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
  });

  it("leaves nothing behind in 1,000 certifications", async () => {
    const network = LAYER_NETWORKS.conv2d();
    const native = createNativeBackend({ threads: 2 });
    const used: number[] = [];
    for (let run = 0; run < 1000; run++) {
      await margins(native, network, BALLS[run % 2], METHODS[run % METHODS.length]);
      await native.finish();
      if (run === 100 || run === 999) used.push(native.memory().liveBytes, process.memoryUsage().rss);
    }
    const [liveThen, residentThen, live, resident] = used;
    expect([liveThen, live]).toEqual([0, 0]);
    // The process itself comes and goes by some tens of megabytes.
    expect(resident - residentThen).toBeLessThan(64 * 2 ** 20);
    native.dispose();
  });
});
