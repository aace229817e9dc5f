import { afterEach, describe, expect, it, vi } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { backward } from "../../src/dual/bounders/backward.js";
import type { Bounder } from "../../src/dual/bounders/bounder.js";
import { patches } from "../../src/dual/bounders/patches.js";
import type { BoundMethod } from "../../src/dual/dual-options.js";
import type { Network } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";
import { randomPatchChain, randomPatchGraph } from "../support/patch-networks.js";

const backend = createPortableBackend();

/** Outward bounds of all neurons, node by node, and how they were found. */
async function outwardBounds(
  network: Network,
  method: BoundMethod,
): Promise<{ readonly bounds: readonly number[][]; readonly ways: readonly string[] }> {
  using tape = new Tape(backend, { record: false });
  const bindings = fixedBindings(uploadWeights(backend, lively(network, 1)));
  const ball = makeBall(backend, randomExamples(network, 1, 1), 1, { norm: "l2", epsilon: 0.2 });
  const ways: string[] = [];
  const onLayer = ({ way }: { way: string }) => ways.push(way);
  const options = { complete: true, method, rounding: "float32", onLayer } as const;
  const { preActivation } = await buildDual(tape, network, bindings, ball, options);
  const bounds: number[][] = [];
  for (const { lower, upper } of preActivation.values()) {
    for (const side of [lower, upper]) bounds.push(Array.from(await backend.read(side.value)));
  }
  return { bounds, ways };
}

/** Has the planner think that a way takes nothing but these multiply-adds, where it applies. */
function asIfFree(bounder: Bounder, multiplyAdds: number): void {
  const { cost } = bounder;
  vi.spyOn(bounder, "cost").mockImplementation((place, neurons) => {
    const own = cost(place, neurons);
    return own && { ...own, multiplyAdds };
  });
}

afterEach(() => vi.restoreAllMocks());

describe.each([
  ...[0, 1, 2, 3, 4, 5].map((seed) => ({ name: `chain ${seed}`, of: () => randomPatchChain(seed) })),
  ...[0, 1].map((seed) => ({
    name: `graph ${seed}`,
    of: () => randomPatchGraph(seed, "pooled and enlarged"),
  })),
])("$name", ({ of }) => {
  it.each(["parallel", "adaptive"] as const)("outward bounds are those of whole rows: %s", async (method) => {
    const network = of();
    const spy = vi.spyOn(patches, "cost");
    asIfFree(backward, 1);
    spy.mockReturnValue(null);
    const whole = await outwardBounds(network, method);
    // The box where it is exact.
    expect(whole.ways.filter((way) => way !== "box" && way !== "backward")).toEqual([]);
    spy.mockRestore();
    asIfFree(patches, 0);
    const cropped = await outwardBounds(network, method);
    expect(cropped.ways.filter((way) => way === "patches").length).toBeGreaterThan(2);
    for (const [i, side] of cropped.bounds.entries()) {
      expect(largestRelativeError(side, whole.bounds[i])).toBeLessThan(1e-11);
    }
  });
});
