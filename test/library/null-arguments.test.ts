import { describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { lively } from "../support/networks.js";

const network = library.sequential([2], [library.linear(3), library.relu(), library.linear(2)]);
const model = lively(network, 1);
const images = [[0.25, 0.5]];
const property = library.parseVnnlib(
  "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real) (declare-const Y_1 Real)" +
    "(assert (<= X_0 1)) (assert (>= X_0 0)) (assert (<= X_1 1)) (assert (>= X_1 0)) (assert (>= Y_0 100))",
);
const dataset = await library.loadDataset("glyphs", { split: "test", limit: 2 });

/** Calls that are right up to one argument or one part of it, which is null. */
const CALLS: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  certify: [
    [model, images, null],
    [model, null, { epsilon: 0.1 }],
    [model, [null], { epsilon: 0.1 }],
    [model, images, { epsilon: null }],
  ],
  attack: [
    [model, images, null],
    [model, dataset, { epsilon: null }],
    [model, { ...dataset, labels: null }, { epsilon: 0.1 }],
  ],
  radius: [
    [model, images, null],
    [model, null, {}],
    [model, images, { tolerance: null }],
  ],
  drift: [
    [model, images, null],
    [model, null, {}],
    [model, images, { epsilon: null }],
  ],
  verify: [
    [model, null],
    [model, property, null],
    [model, { ...property, cases: null }],
    [model, { ...property, cases: [null] }],
    [{ network, weights: null }, property],
    [{ network: null, weights: model.weights }, property],
  ],
  checkCertificate: [
    ["no-such-file", null],
    ["no-such-file", "x", null],
    [null, "x"],
  ],
  train: [
    [null],
    [{ data: null, model: network, epsilon: 0.1 }],
    [{ data: "glyphs", model: null, epsilon: 0.1 }],
    [{ data: "glyphs", model: "tiny", epsilon: null }],
  ],
  resumeTraining: [
    ["no-such-folder", null],
    [null, {}],
  ],
  quickstart: [[null], [{ out: null }]],
  report: [["no-such-folder", null], [null]],
  readRun: [[null]],
  loadDataset: [
    ["glyphs", null],
    ["glyphs", { split: null }],
    ["glyphs", { split: "test", limit: null, seed: null }],
  ],
  loadModelFile: [[null], ["no-such.onnx", null], ["no-such.safetensors", null, null, null]],
  loadPretrained: [[null]],
  createBackend: [[null], ["portable", null], ["portable", { dtype: null }]],
  encodeModel: [[model, null], [{ network, weights: new Map([["linear1.weight", null]]) }], [null]],
  exportOnnx: [[model, null], [model, { metadata: null }], [null]],
  parseVnnlib: [["(assert (<= X_0 1))", null], [null]],
  formatVnnlib: [
    [null],
    [{ ...property, cases: null }],
    [{ ...property, cases: [{ box: null, constraints: null }] }],
  ],
  robustness: [
    [null, {}],
    [[0.5], null],
    [[0.5], { epsilon: null, prediction: 0, classes: 2 }],
    [[0.5], { epsilon: 0.1, box: null, prediction: null, classes: null }],
  ],
  architecture: [
    ["tiny", null],
    [null, {}],
    ["tiny", { inputShape: null, classes: null }],
  ],
  initialWeights: [
    [network, null],
    [network, 1, null],
    [null, 1],
  ],
  sequential: [
    [[2], [null]],
    [null, []],
    [[null], []],
  ],
  graph: [
    [[2], null],
    [[2], () => null],
    [[2], (_: unknown, attach: (layer: null, x: null) => unknown) => attach(null, null)],
  ],
  examples: [
    [dataset, null],
    [dataset, [null]],
    [null, []],
  ],
  take: [
    [dataset, null],
    [null, 1],
  ],
  defineLayer: [[null], [{ name: null }], [{ name: "x", forward: null }]],
  conv2d: [
    [3, null],
    [null, { kernel: 3 }],
    [3, { kernel: null }],
  ],
  maxPool: [[null], [{ kernel: null }]],
  reshape: [[null], [[null]]],
  pad: [[null], [null, null]],
  permute: [[null], [[null]]],
  takeAlong: [
    [null, null],
    [0, null],
  ],
};

const calls = library as unknown as Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;

describe("null in the place of an argument", () => {
  it.each(Object.entries(CALLS))(
    "%s answers with a result or an AutodualError of one line",
    async (name, lists) => {
      for (const [i, given] of lists.entries()) {
        let found: unknown;
        try {
          await calls[name](...given);
        } catch (error) {
          found = error;
        }
        if (found === undefined) continue;
        const stack = found instanceof library.AutodualError ? "" : (found as Error).stack;
        expect([name, i, stack]).toEqual([name, i, ""]);
        expect((found as Error).message).not.toContain("\n");
      }
    },
  );

  it("reading a tensor that was released, or none, rejects and does not throw", async () => {
    const backend = await library.createBackend("portable");
    const tensor = backend.upload(1, 1, [1]);
    tensor.dispose();
    // Awaited later: a call that throws at once fails here.
    const ofReleased = backend.read(tensor);
    await expect(ofReleased).rejects.toBeInstanceOf(library.BackendError);
    const ofNull = backend.read(null as never);
    await expect(ofNull).rejects.toBeInstanceOf(library.BackendError);
    backend.dispose();
  });
});
