import { describe, expect, it } from "vitest";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { neuronLayers } from "../../src/network/neurons.js";
import { sizeOf } from "../../src/network/shape.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";
import { runNeurons } from "../support/run-neurons.js";

const networks = {
  ...LAYER_NETWORKS,
  ...Object.fromEntries([1, 2, 3, 4].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)])),
};

describe("neurons of a network", () => {
  it.each(Object.keys(networks))("have the values of its forward pass: %s", async (name) => {
    const model = lively(networks[name](), 3);
    const source = random(5, name);
    const x = Float64Array.from({ length: sizeOf(model.network.inputShape) }, () => source.uniform());
    const backend = await createBackend("portable", { dtype: "float64" });
    const outputs = await outputsAt(subjectOf(backend, model), x, 1);
    const values = runNeurons(model, x, { round: (value) => value, source, isFused: false });
    const { from } = neuronLayers(model).at(-1)!;
    expect(largestRelativeError(values.subarray(from), outputs)).toBeLessThan(1e-12);
    backend.dispose();
  });

  it("end with the output, whatever follows it", () => {
    const layers = neuronLayers(lively(LAYER_NETWORKS.linear(), 1));
    expect(layers.map(({ name }) => name)).toEqual([
      "input",
      "linear1",
      "relu1",
      "linear2",
      "relu2",
      "linear3",
    ]);
    expect(layers.map(({ from, to }) => [from, to])).toEqual([
      [0, 6],
      [6, 15],
      [15, 24],
      [24, 32],
      [32, 40],
      [40, 43],
    ]);
  });
});
