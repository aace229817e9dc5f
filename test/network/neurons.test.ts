import { describe, expect, it } from "vitest";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import {
  batchNorm,
  convTranspose2d,
  flatten,
  linear,
  relu,
  scaleShift,
} from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { neuronLayers } from "../../src/network/neurons.js";
import { sizeOf } from "../../src/network/shape.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";
import { runNeurons } from "../support/run-neurons.js";

const networks: Readonly<Record<string, () => Network>> = {
  ...LAYER_NETWORKS,
  "conv-transpose2d, grouped": () =>
    sequential(
      [4, 3, 3],
      [convTranspose2d(6, { kernel: [2, 3], stride: 2, groups: 2 }), relu(), flatten(), linear(3)],
    ),
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
    const more = graph([2], (x, attach) => {
      const output = attach.named("output", linear(3), x);
      attach.named("after", relu(), output);
      return output;
    });
    expect(neuronLayers(lively(more, 1)).map(({ name }) => name)).toEqual(["input", "output"]);
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

  it("tell what a constant is the sum of, although it may be 0", () => {
    const network = sequential([2], [batchNorm()]);
    const [name] = network.nodes.slice(1).map((node) => node.name);
    const weights = new Map(
      Object.entries({ weight: [2, 1], bias: [3, -1], mean: [1.5, -1], variance: [1, 4] }).map(
        ([of, values]) => [`${name}.${of}`, Float64Array.from(values)],
      ),
    );
    const { affine } = neuronLayers({ network, weights }).at(-1)!;
    // β − μγ/σ: 3 − 1.5 · 2, and −1 + 1/2.
    expect([...affine!.bias].map((value) => Math.round(1e4 * value) / 1e4)).toEqual([0, -0.5]);
    expect([...affine!.constants].map((value) => Math.round(1e4 * value) / 1e4)).toEqual([6, 1.5]);
  });

  it("of a rescaling tell what another formula divides by, or nothing where it cannot", () => {
    const network = sequential([3], [scaleShift([4, -0.5, 0], [1, 0, -2])]);
    const { affine } = neuronLayers({ network, weights: new Map() }).at(-1)!;
    expect([...affine!.factors]).toEqual([0.25, -2, 0]);
    expect([...affine!.constants]).toEqual([1, 0, 2]);
  });
});
