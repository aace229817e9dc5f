import { clone, create } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  NodeProtoSchema,
  TensorProtoSchema,
} from "onnx-buf";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { AutodualError, FormatError } from "../../src/errors.js";
import { NETWORK_KEY } from "../../src/formats/network-description.js";
import { exportOnnx } from "../../src/formats/onnx/export/export.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { conv2d, flatten, hardtanh, leakyRelu, linear, scaleShift } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { initialWeights, type Model } from "../../src/network/weights.js";
import { changed } from "./onnx-change.js";
import { tensor, valueInfo } from "./onnx-writer.js";

const network = sequential(
  [1, 4, 4],
  [
    scaleShift(1 / 0.3081, -0.1307 / 0.3081),
    conv2d(2, { kernel: 3, padding: 1 }),
    leakyRelu(0.2),
    flatten(),
    linear(3),
    hardtanh(-9, 9),
  ],
);
const model: Model = {
  network,
  weights: new Map(
    [...initialWeights(network, 1)].map(([name, values]) => [name, Float32Array.from(values)]),
  ),
};
const bytes = exportOnnx(model);

type Change = (file: ModelProto, graph: GraphProto) => void;
const edited = (change: Change) => changed(bytes, (file) => change(file, file.graph!));

const nodeOf = (graph: GraphProto, name: string) => graph.node.find((node) => node.name === name)!;
const tensorOf = (graph: GraphProto, name: string) => graph.initializer.find((one) => one.name === name)!;
const entryOf = (file: ModelProto) => file.metadataProps.find(({ key }) => key === NETWORK_KEY)!;
const integer = (name: string, value: number) =>
  create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });

describe("a description that is the graph's", () => {
  it.each<[string, Change]>([
    ["as it was written", () => {}],
    [
      "with tensors packed in another way, in another order",
      (_, graph) => {
        const weight = tensorOf(graph, "linear1.weight");
        weight.floatData = [...model.weights.get("linear1.weight")!];
        weight.rawData = new Uint8Array();
        graph.initializer.reverse();
      },
    ],
    [
      "with a batch of 1, shapes of inner values and notes",
      (file, graph) => {
        graph.input = [valueInfo("input", [1, 1, 4, 4])];
        graph.valueInfo = [valueInfo("conv2d1", [1, 2, 4, 4])];
        graph.docString = "a note";
        nodeOf(graph, "linear1").attribute[0].docString = "another";
        file.producerName = "another program";
      },
    ],
    [
      "with weights listed among the inputs, as old files have them",
      (_, graph) => graph.input.push(valueInfo("linear1.bias", [3])),
    ],
  ])("is taken: %s", async (_, change) => {
    const back = await importCheckedOnnx(createPortableBackend(), edited(change), "m.onnx");
    expect(back.network.nodes).toEqual(network.nodes);
    expect(back.weights).toEqual(model.weights);
    expect(back.metadata).toEqual({});
  });

  it("is taken with weights that were trained further elsewhere", () => {
    const bias = Float32Array.of(1, 2, 3);
    const back = importOnnx(
      edited((_, graph) => {
        tensorOf(graph, "linear1.bias").rawData = new Uint8Array(bias.buffer);
      }),
      "m.onnx",
    );
    expect(back.weights.get("linear1.bias")).toEqual(bias);
    expect(back.network.nodes).toEqual(network.nodes);
  });
});

describe("a description that is not the graph's", () => {
  it.each<[string, Change, RegExp]>([
    [
      "another operator",
      (_, graph) => {
        nodeOf(graph, "leaky-relu1").opType = "Relu";
        nodeOf(graph, "leaky-relu1").attribute = [];
      },
      /node "leaky-relu1": expected "LeakyRelu", found "Relu"/,
    ],
    [
      "an operator of another domain",
      (_, graph) => {
        nodeOf(graph, "flatten1").domain = "mine";
      },
      /node "flatten1": expected "Flatten", found "mine\.Flatten"/,
    ],
    [
      "another slope",
      (_, graph) => {
        nodeOf(graph, "leaky-relu1").attribute[0].f = 0.3;
      },
      /node "leaky-relu1": attribute "alpha" differs/,
    ],
    [
      "an attribute less",
      (_, graph) => {
        nodeOf(graph, "linear1").attribute = [];
      },
      /node "linear1": attribute "transB" is missing/,
    ],
    [
      "an attribute more",
      (_, graph) => nodeOf(graph, "linear1").attribute.push(integer("transA", 1)),
      /node "linear1" has 1 further attribute;/,
    ],
    [
      "another name",
      (_, graph) => {
        nodeOf(graph, "linear1").name = "fc";
      },
      /node "linear1": expected "linear1", found "fc"/,
    ],
    [
      "another edge",
      (_, graph) => {
        nodeOf(graph, "leaky-relu1").input = ["input"];
      },
      /node "leaky-relu1", input: expected \["conv2d1"\], found \["input"\]/,
    ],
    ["a node less", (_, graph) => graph.node.pop(), /node "hardtanh1": expected "Clip", found nothing/],
    [
      "a node more",
      (_, graph) => {
        graph.node.push(
          create(NodeProtoSchema, { opType: "Softmax", name: "s", input: ["output"], output: ["p"] }),
        );
      },
      /a further node: expected none, found "s"/,
    ],
    [
      "other bounds",
      (_, graph) => {
        tensorOf(graph, "hardtanh1.minimum").rawData = new Uint8Array(Float32Array.of(-900).buffer);
      },
      /initializer "hardtanh1.minimum"\[0\]: expected -9, found -900/,
    ],
    [
      "a constant that is missing",
      (_, graph) => {
        graph.initializer = graph.initializer.filter(({ name }) => name !== "hardtanh1.minimum");
      },
      /initializer "hardtanh1.minimum": expected \[\], found nothing/,
    ],
    [
      "a weight that is missing",
      (_, graph) => {
        graph.initializer = graph.initializer.filter(({ name }) => name !== "linear1.weight");
      },
      /expected an initializer "linear1.weight", found none/,
    ],
    [
      "a weight twice",
      (_, graph) => graph.initializer.push(clone(TensorProtoSchema, tensorOf(graph, "linear1.bias"))),
      /initializers: expected 8, found 9/,
    ],
    [
      "a weight of another shape",
      (_, graph) => {
        const at = graph.initializer.findIndex(({ name }) => name === "linear1.bias");
        graph.initializer[at] = tensor("linear1.bias", [1, 3], [1, 2, 3]);
      },
      /"linear1.bias": expected shape \[3\], found \[1, 3\]/,
    ],
    [
      "weights of half precision",
      (_, graph) => {
        const bias = tensorOf(graph, "linear1.bias");
        bias.dataType = DataType.FLOAT16;
        bias.rawData = new Uint8Array(6);
      },
      /initializer "linear1.bias": expected FLOAT, found FLOAT16/,
    ],
    [
      "an input of half precision",
      (_, graph) => {
        graph.input = [valueInfo("input", ["batch", 1, 4, 4], DataType.FLOAT16)];
      },
      /its input is neither FLOAT nor DOUBLE/,
    ],
    [
      "a larger input",
      (_, graph) => {
        graph.input = [valueInfo("input", ["batch", 1, 4, 5])];
      },
      /the input's shape: expected \[1, 1, 4, 4\], found \[1, 1, 4, 5\]/,
    ],
    [
      "a larger batch",
      (_, graph) => {
        graph.input = [valueInfo("input", [2, 1, 4, 4])];
      },
      /the input's shape: expected \[1, 1, 4, 4\], found \[2, 1, 4, 4\]/,
    ],
    [
      "another output",
      (_, graph) => {
        graph.output[0].name = "linear1";
      },
      /the output: expected "output", found "linear1"/,
    ],
    [
      "another operator set",
      (file) => {
        file.opsetImport[0].version = 15n;
      },
      /expected operator set 17, found 15/,
    ],
    [
      "a description of another network",
      (file) => {
        entryOf(file).value = entryOf(file).value.replace('"slope":0.2', '"slope":0.25');
      },
      /node "leaky-relu1": attribute "alpha" differs/,
    ],
  ])("is refused: %s", (_, change, message) => {
    const run = () => importOnnx(edited(change), "m.onnx");
    expect(run).toThrow(FormatError);
    expect(run).toThrow(message);
    expect(run).toThrow(
      /^m\.onnx: the metadata entry "autodual\.network" does not describe [^\n]+as it stands$/,
    );
  });

  it.each<[string, string, RegExp]>([
    ["no JSON", "{", /^m\.onnx: the metadata entry "autodual\.network" is not JSON$/],
    ["no description", "{}", /^m\.onnx: network\.version: /],
  ])("is refused: %s", (_, text, message) => {
    const file = edited((proto) => {
      entryOf(proto).value = text;
    });
    expect(() => importOnnx(file, "m.onnx")).toThrow(message);
  });

  it("never fails in another way, whichever bit is flipped", () => {
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Uint8Array.from(bytes);
      flipped[i] ^= 1 << (i % 8);
      try {
        importOnnx(flipped, "m");
      } catch (error) {
        expect(error, `byte ${i}`).toBeInstanceOf(AutodualError);
        expect((error as Error).message).toMatch(/^m: [^\n]+$/);
      }
    }
  });

  it("does not matter once it is gone", async () => {
    const file = edited((proto, graph) => {
      proto.metadataProps = [];
      nodeOf(graph, "leaky-relu1").attribute[0].f = 0.5;
    });
    const back = await importCheckedOnnx(createPortableBackend(), file, "m.onnx");
    expect(back.network.nodes.map(({ name }) => name)).toContain("leaky-relu1");
  });
});
