import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { certifiedRadii } from "../../src/certify/radius.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall, releaseBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const REASON = new Error("enough");
const SPEC = { norm: "linf", epsilon: 0.2 } as const;

/** Builds the bounds of a convolutional network; gives the names of the layers that were bounded. */
async function layersUntil(
  options: DualOptions,
  onLayer: (name: string) => void = () => {},
): Promise<string[]> {
  const backend = createPortableBackend();
  const network = LAYER_NETWORKS.conv2d();
  const parameters = uploadWeights(backend, lively(network, 1));
  const ball = makeBall(backend, randomExamples(network, 2, 1), 2, SPEC);
  const names: string[] = [];
  const before = backend.memory().liveBytes;
  try {
    using tape = new Tape(backend, { record: false });
    await buildDual(tape, network, fixedBindings(parameters), ball, {
      ...options,
      onLayer({ name }) {
        names.push(name);
        onLayer(name);
      },
    }).catch((error: unknown) => expect(error).toBe(REASON));
  } finally {
    expect(backend.memory().liveBytes).toBe(before);
    releaseBall(ball);
  }
  return names;
}

describe("a signal", () => {
  it("that has aborted lets nothing begin", async () => {
    expect(await layersUntil({ signal: AbortSignal.abort(REASON) })).toEqual([]);
  });

  it("stops between nodes", async () => {
    const all = await layersUntil({ signal: new AbortController().signal });
    expect(all.length).toBeGreaterThan(2);
    const control = new AbortController();
    const names = await layersUntil({ signal: control.signal }, () => control.abort(REASON));
    expect(names).toEqual(all.slice(0, 1));
  });

  it("is let in on a backend that computes at once", async () => {
    const all = await layersUntil({ signal: new AbortController().signal });
    const control = new AbortController();
    setImmediate(() => control.abort(REASON));
    expect((await layersUntil({ signal: control.signal })).length).toBeLessThan(all.length);
  });

  it("stops certificates and radii, and leaves no memory behind", async () => {
    const backend = createPortableBackend();
    const network = LAYER_NETWORKS.conv2d();
    const placed = { backend, network, parameters: uploadWeights(backend, lively(network, 1)) };
    const x = randomExamples(network, 2, 1);
    const before = backend.memory().liveBytes;
    const control = new AbortController();
    const signal = control.signal;
    const stop = { signal, onLayer: () => control.abort(REASON) };
    await expect(certifyBatch(placed, { x }, { ...SPEC, ...stop })).rejects.toBe(REASON);
    const options = { norm: "linf", signal, most: 1, tolerance: 0.1 } as const;
    await expect(certifiedRadii(placed, { x }, options)).rejects.toBe(REASON);
    expect(backend.memory().liveBytes).toBe(before);
  });
});
