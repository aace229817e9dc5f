import { describe, expect, it } from "vitest";
import { attackBatch } from "../../src/attack/attack.js";
import { certifyBatch } from "../../src/certify/certify.js";
import type { Backend, Tensor } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import type { Network } from "../../src/network/network.js";
import { uploadWeights } from "../../src/network/weights.js";
import { trainingStep } from "../../src/train/step.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";

/** A backend that remembers every tensor it gave out. */
function remembering(): { backend: Backend; alive: () => number } {
  const given: Tensor[] = [];
  const keep = (result: unknown): void => {
    if (typeof result !== "object" || result === null) return;
    if ("disposed" in result) given.push(result as Tensor);
    else for (const part of Object.values(result)) keep(part);
  };
  const backend = new Proxy(createPortableBackend(), {
    get(target, name) {
      const member = Reflect.get(target, name);
      if (typeof member !== "function" || name === "read") return member;
      return (...parts: unknown[]) => {
        const result = member.apply(target, parts);
        keep(result);
        return result;
      };
    },
  });
  return { backend, alive: () => given.filter(({ disposed }) => !disposed).length };
}

const LABELS = Int32Array.of(0, 2);
const BALL = { norm: "linf", epsilon: 0.1, box: [0, 1] } as const;
const NETWORKS: readonly (readonly [string, () => Network])[] = [
  ...Object.entries(LAYER_NETWORKS),
  ["a random graph", () => randomGraph(3)],
];

describe.each(NETWORKS)("nothing is left behind: %s", (_, makeNetwork) => {
  const network = makeNetwork();
  const x = randomExamples(network, 2, 1);

  it.each<readonly [string, DualOptions]>([
    ["parallel", {}],
    ["parallel, in pieces", { pieceBytes: 1 }],
    ["parallel, forward", { direction: "forward" }],
    ["adaptive", { method: "adaptive" }],
  ])("by a training step, a certificate and an attack: %s", async (_name, dual) => {
    const { backend, alive } = remembering();
    const parameters = uploadWeights(backend, lively(network, 1));
    const before = alive();
    expect(before).toBe(network.parameters.length);
    const step = await trainingStep(
      { backend, network, parameters },
      { x, labels: LABELS },
      { ball: BALL, kappa: 0.5, dual },
    );
    for (const tensor of [...step.gradients.values(), ...step.statistics.values()]) tensor.dispose();
    expect(alive()).toBe(before);
    await certifyBatch({ backend, network, parameters }, { x }, { ...BALL, ...dual });
    expect(alive()).toBe(before);
    await attackBatch(
      { backend, network, parameters },
      { x, labels: LABELS },
      { ...BALL, steps: 3, restarts: 1 },
    );
    expect(alive()).toBe(before);
  });
});
