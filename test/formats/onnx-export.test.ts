import { TensorProto_DataType as DataType, type NodeProto } from "onnx-buf";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { random } from "../../src/compute/random.js";
import { UnsupportedOperatorError, UsageError } from "../../src/errors.js";
import { graphFunction } from "../../src/formats/onnx/check-import.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { readOnnxFile } from "../../src/formats/onnx/model-proto.js";
import { packageVersion } from "../../src/formats/package-version.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { architecture } from "../../src/network/architectures.js";
import {
  add,
  batchNorm,
  concat,
  hardtanh,
  leakyRelu,
  linear,
  pad,
  relu,
  scaleShift,
  sigmoid,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { changed, protoOf } from "./onnx-change.js";

const BATCH = 3;

/** Lively weights, of single precision. */
function single(network: Network, seed = 1): Model {
  const { weights } = lively(network, seed);
  return {
    network,
    weights: new Map([...weights].map(([name, values]) => [name, Float32Array.from(values)])),
  };
}

function inputsFor({ inputShape }: Network): Float64Array[] {
  const source = random(7, "export");
  return Array.from({ length: BATCH }, () =>
    Float64Array.from({ length: sizeOf(inputShape) }, () => Math.fround(2 * source.normal())),
  );
}

/** What onnxruntime, in single precision, makes of a batch. */
async function runtime(bytes: Uint8Array, network: Network): Promise<Float64Array[]> {
  const session = await ort.InferenceSession.create(bytes, {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const flat = Float32Array.from(inputsFor(network).flatMap((input) => [...input]));
  const x = new ort.Tensor("float32", flat, [BATCH, ...network.inputShape]);
  const { output } = await session.run({ input: x });
  await session.release();
  expect(output.dims).toEqual([BATCH, ...network.outputShape]);
  const values = Float64Array.from(output.data as Float32Array);
  const count = values.length / BATCH;
  return Array.from({ length: BATCH }, (_, i) => values.slice(i * count, (i + 1) * count));
}

async function expectSameOutputs(
  found: readonly ArrayLike<number>[],
  model: Model,
  tolerance: number,
): Promise<void> {
  const expected = await networkOutputs(createPortableBackend(), model, inputsFor(model.network));
  for (const [i, output] of expected.entries()) {
    const scale = output.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(found[i].length).toBe(output.length);
    for (const [f, value] of output.entries()) {
      expect(Math.abs(found[i][f] - value), `output ${f}`).toBeLessThanOrEqual(tolerance * scale);
    }
  }
}

const evaluated = (bytes: Uint8Array, network: Network) => {
  const evaluator = graphFunction(readOnnxFile(bytes, "m.onnx"), "m.onnx");
  return inputsFor(network).map((input) => evaluator.run(input));
};

/** Layers, names and weights are those of the model, and a second export has the same bytes. */
function expectRoundTrip(model: Model, bytes: Uint8Array): void {
  const back = importOnnx(bytes, "m.onnx");
  expect(back.network.nodes).toEqual(model.network.nodes);
  expect(back.network.output).toBe(model.network.output);
  expect([...back.weights.keys()]).toEqual([...model.weights.keys()]);
  for (const [name, values] of model.weights) {
    expect(Buffer.compare(bytesOf(back.weights.get(name)!), bytesOf(values)), name).toBe(0);
  }
  expect(Buffer.compare(exportOnnx(back, { metadata: back.metadata }), bytes)).toBe(0);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Float64Array) =>
  new Uint8Array(buffer, byteOffset, byteLength);

const NETWORKS: readonly [string, () => Network][] = [
  ...Object.entries(LAYER_NETWORKS),
  ...Array.from({ length: 12 }, (_, seed): [string, () => Network] => [
    `random graph ${seed}`,
    () => randomGraph(seed),
  ]),
  [
    "resnet with a normalisation",
    () =>
      architecture("resnet", {
        inputShape: [1, 8, 8],
        classes: 4,
        normalization: { mean: 0.1307, std: 0.3081 },
      }),
  ],
];

describe("exported networks", () => {
  it.each(NETWORKS)("%s: onnxruntime agrees, and the file gives the same model back", async (_, build) => {
    const model = single(build());
    const bytes = exportOnnx(model, { metadata: { made: "here" } });
    await expectSameOutputs(await runtime(bytes, model.network), model, 1e-5);
    expectRoundTrip(model, bytes);
    const checked = await importCheckedOnnx(createPortableBackend(), bytes, "m.onnx");
    expect(checked.metadata).toEqual({ made: "here" });
  });

  it.each(NETWORKS)("%s: double weights are kept exactly", async (_, build) => {
    const model = lively(build(), 2);
    const bytes = exportOnnx(model);
    expect(protoOf(bytes).graph!.initializer.every(({ dataType }) => dataType !== DataType.FLOAT)).toBe(true);
    await expectSameOutputs(evaluated(bytes, model.network), model, 1e-6);
    expectRoundTrip(model, bytes);
  });

  it.each(Object.entries(LAYER_NETWORKS))(
    "%s: without its description the graph says the same",
    async (_, build) => {
      const model = single(build());
      const bytes = changed(exportOnnx(model), (file) => {
        file.metadataProps = [];
      });
      const bare = await importCheckedOnnx(createPortableBackend(), bytes, "m.onnx");
      expect(bare.network.nodes).not.toEqual([]);
      await expectSameOutputs(
        await networkOutputs(createPortableBackend(), bare, inputsFor(model.network)),
        model,
        1e-6,
      );
    },
  );

  it("say what they are", () => {
    const model = single(sequential([4], [linear(3), relu()]));
    const file = protoOf(exportOnnx(model, { name: "mine", metadata: { epochs: "3" } }));
    expect(file).toMatchObject({
      irVersion: 8n,
      producerName: "autodual",
      producerVersion: packageVersion(),
      opsetImport: [{ domain: "", version: 17n }],
      graph: { name: "mine", input: [{ name: "input" }], output: [{ name: "output" }] },
    });
    expect(file.metadataProps.map(({ key }) => key)).toEqual(["epochs", "autodual.network"]);
    expect(file.graph!.node.map(signature)).toEqual([
      "linear1: Gemm(input, linear1.weight, linear1.bias) -> linear1",
      "relu1: Relu(linear1) -> output",
    ]);
    expect(file.graph!.input[0].type!.value.value).toMatchObject({
      elemType: DataType.FLOAT,
      shape: { dim: [{ value: { value: "batch" } }, { value: { value: 4n } }] },
    });
    expect(protoOf(exportOnnx(model)).graph!.name).toBe("autodual");
  });

  it.each<[string, Layer, readonly string[]]>([
    ["a scale", scaleShift([2, 1], 0), ["scale-shift1: Mul(input, scale-shift1.scale) -> output"]],
    ["a shift", scaleShift(1, [0, 3]), ["scale-shift1: Add(input, scale-shift1.shift) -> output"]],
    ["neither", scaleShift(1, -0), ["scale-shift1: Mul(input, scale-shift1.scale) -> output"]],
    [
      "both",
      scaleShift(3, [-0, 2]),
      [
        "scale-shift1/mul: Mul(input, scale-shift1.scale) -> scale-shift1/mul",
        "scale-shift1: Add(scale-shift1/mul, scale-shift1.shift) -> output",
      ],
    ],
  ])("a scale-shift of %s takes no more nodes than it needs", async (_, layer, nodes) => {
    const model = single(sequential([2, 1, 1], [layer]));
    const bytes = exportOnnx(model);
    expect(protoOf(bytes).graph!.node.map(signature)).toEqual(nodes);
    await expectSameOutputs(await runtime(bytes, model.network), model, 1e-6);
    // −0 becomes 0 in the description: the function is the same, and so are the bytes of a second export.
    expect(exportOnnx(importOnnx(bytes, "m.onnx"))).toEqual(bytes);
  });

  it.each<[string, (x: number) => Layer]>([
    ["channel", () => scaleShift([2, -1, 0.5], [0, 1, 2])],
    [
      "feature",
      (size) =>
        scaleShift(
          Array.from({ length: size }, (_, i) => i - 2),
          1,
        ),
    ],
  ])("constants a %s broadcast", async (_, layer) => {
    const model = single(sequential([3, 2, 3], [layer(18)]));
    await expectSameOutputs(await runtime(exportOnnx(model), model.network), model, 1e-6);
  });

  it("are double where a constant is beyond single precision", async () => {
    const network = sequential([2], [scaleShift(1e50, 0), hardtanh(-1e45, 1e45), scaleShift(1e-45, 0)]);
    const model = single(network);
    const bytes = exportOnnx(model);
    await expectSameOutputs(evaluated(bytes, network), model, 1e-12);
    expectRoundTrip(model, bytes);
    const large = sequential([2, 1], [pad([0, 0], [0, 1], 1e300)]);
    expectRoundTrip(single(large), exportOnnx(single(large)));
  });

  it("keep doubles that are numbers of single precision in single precision", () => {
    const network = sequential([4], [linear(3)]);
    const model = {
      network,
      weights: new Map([...single(network).weights].map(([k, v]) => [k, Float64Array.from(v)])),
    };
    const bytes = exportOnnx(model);
    const back = importOnnx(bytes, "m.onnx");
    expect(back.weights.get("linear1.weight")).toEqual(single(network).weights.get("linear1.weight"));
    expect(exportOnnx(back)).toEqual(bytes);
  });

  it("leave names to their owners, whatever layers are called", async () => {
    const network = graph([2], (input, attach) => {
      const a = attach.named("output", linear(3), input);
      const b = attach.named("a", linear(3), a);
      const c = attach.named("a.weight", relu(), b);
      const d = attach.named("s/mul", sigmoid(), c);
      const e = attach.named("s", scaleShift(2, 1), d);
      const f = attach.named("s.scale", leakyRelu(2.5), attach.named("identity", add(), e, e, c));
      return attach.named("last", concat(), f, f);
    });
    const model = single(network);
    const bytes = exportOnnx(model);
    await expectSameOutputs(await runtime(bytes, network), model, 1e-5);
    expectRoundTrip(model, bytes);
  });

  it("keep layers that the output does not depend on, and an output that is an inner layer", async () => {
    const network = graph([2], (input, attach) => {
      const logits = attach(linear(3), input);
      attach(linear(2), attach(relu(), logits));
      return logits;
    });
    const model = single(network);
    const bytes = exportOnnx(model);
    await expectSameOutputs(await runtime(bytes, network), model, 1e-5);
    expectRoundTrip(model, bytes);
  });

  it("may be nothing but their input", async () => {
    const model = single(graph([2, 3], (input) => input));
    const bytes = exportOnnx(model);
    await expectSameOutputs(await runtime(bytes, model.network), model, 0);
    expectRoundTrip(model, bytes);
  });

  it("refuse what ONNX cannot hold, broken weights and the network's own key", () => {
    const steep = single(sequential([2], [leakyRelu(1e39)]));
    expect(() => exportOnnx(steep)).toThrow(UnsupportedOperatorError);
    expect(() => exportOnnx(steep)).toThrow(/^layer "leaky-relu1": expected .* "alpha" .* found 1e\+39$/);
    const fine = single(sequential([2], [batchNorm({ epsilon: 1e-60 })]));
    expect(() => exportOnnx(fine)).toThrow(/"epsilon" .* found 1e-60/);
    const network = sequential([2], [linear(2)]);
    const nan = new Map(single(network).weights).set("linear1.bias", Float32Array.of(0, Number.NaN));
    expect(() => exportOnnx({ network, weights: nan })).toThrow(/"linear1.bias"\[1\] is NaN/);
    expect(() => exportOnnx(single(network), { metadata: { "autodual.network": "{}" } })).toThrow(UsageError);
  });
});

const signature = ({ name, opType, input, output }: NodeProto) =>
  `${name}: ${opType}(${input.join(", ")}) -> ${output.join(", ")}`;
