import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { add, batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { foldBatchNorms } from "../../src/network/fold-batch-norms.js";
import { forward } from "../../src/network/forward.js";
import { graph, type Network } from "../../src/network/network.js";
import { fixedBindings, type Model, uploadWeights } from "../../src/network/weights.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const EXAMPLES = 5;

/** Batch norms after a convolution without a bias, a matrix with one, a ReLU, and a convolution that another layer reads as well. */
const NETWORK = graph([2, 6, 6], (input, attach) => {
  const first = attach(batchNorm(), attach(conv2d(3, { kernel: 3, padding: 1, bias: false }), input));
  const read = attach(conv2d(3, { kernel: 3, padding: 1 }), attach(batchNorm(), attach(relu(), first)));
  const both = attach(add(), read, attach(batchNorm(), read));
  const hidden = attach(batchNorm(), attach(linear(7), attach(flatten(), both)));
  return attach(linear(3), attach(relu(), hidden));
});

const backend = createPortableBackend();

async function outputs({ network, weights }: Model): Promise<readonly number[]> {
  using tape = new Tape(backend, { record: false });
  const x = tape.own(backend.upload(72, EXAMPLES, randomExamples(NETWORK, EXAMPLES, 2)));
  const bindings = fixedBindings(uploadWeights(backend, { network, weights }));
  return Array.from(await backend.read(forward(tape, network, bindings, x).output.value));
}

function norms({ nodes }: Network): number {
  return nodes.filter(({ layer }) => layer?.kind === "batch-norm").length;
}

describe("batch norms folded into the layers before them", () => {
  it("leave the function as it is, where they are alone in reading a convolution or a matrix", async () => {
    const model = lively(NETWORK, 3);
    const folded = foldBatchNorms(model);
    expect([norms(NETWORK), norms(folded.network)]).toEqual([4, 2]);
    const [before, after] = [await outputs(model), await outputs(folded)];
    after.forEach((value, i) => {
      expect(value).toBeCloseTo(before[i], 10);
    });
    expect(folded.network.parameters.map(({ name }) => name)).toEqual([...folded.weights.keys()]);
  });

  it("stay where there is nothing to take them, and the precision of weights stays", () => {
    const model = lively(NETWORK, 3);
    const folded = foldBatchNorms(model);
    expect(foldBatchNorms(folded)).toEqual(folded);
    const single = new Map([...model.weights].map(([name, values]) => [name, Float32Array.from(values)]));
    const { weights } = foldBatchNorms({ network: NETWORK, weights: single });
    for (const values of weights.values()) expect(values).toBeInstanceOf(Float32Array);
  });
});
