import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import type { Backend } from "../../src/compute/backend.js";
import { createReferenceBackend } from "../../src/compute/reference/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { makeBall } from "../../src/dual/ball.js";
import type { DualOptions } from "../../src/dual/dual-network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";

const EXAMPLES = 2;

/** A backend whose results lie elsewhere, as a GPU's do: nothing can be read in the middle of a pass. */
function remote(): Backend {
  return new Proxy(createReferenceBackend(), {
    get: (target, name) => (name === "readNow" ? null : Reflect.get(target, name)),
  });
}

async function margins(backend: Backend, name: string, options: DualOptions): Promise<ArrayLike<number>> {
  const network = LAYER_NETWORKS[name]();
  const parameters = uploadWeights(backend, lively(network, 2));
  const x = randomExamples(network, EXAMPLES, 2);
  const ball = makeBall(backend, x, EXAMPLES, { norm: "linf", epsilon: 0.1, box: [0, 1] });
  using tape = new Tape(backend, { record: false });
  const dual = buildDual(tape, network, fixedBindings(parameters), ball, options);
  return backend.read(dual.margins(Int32Array.of(0, 1)).value);
}

describe.each(Object.keys(LAYER_NETWORKS))("a backend that cannot look at its own results: %s", (name) => {
  it.each<readonly [string, DualOptions]>([
    ["parallel", {}],
    ["parallel, forward", { direction: "forward" }],
    ["adaptive", { method: "adaptive", complete: true }],
  ])("bounds every neuron and gives the same margins: %s", async (_, options) => {
    const here = await margins(createReferenceBackend(), name, options);
    const there = await margins(remote(), name, options);
    expect(largestRelativeError(there, here)).toBeLessThan(1e-10);
  });
});
