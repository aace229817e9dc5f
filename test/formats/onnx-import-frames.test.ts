import { toBinary } from "@bufbuild/protobuf";
import { TensorProto_DataType as DataType, ModelProtoSchema, type NodeProto } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { UnsupportedOperatorError } from "../../src/errors.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import type { ImportedModel } from "../../src/formats/onnx/imported-model.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import { floats, runtimeOutputs } from "./onnx-oracle.js";
import { list, w } from "./onnx-refusal.js";
import { modelProto, node, onnxBytes, tensor, valueInfo } from "./onnx-writer.js";

const backend = createPortableBackend();
const checked = (bytes: Uint8Array, output?: string) =>
  importCheckedOnnx(backend, bytes, "m.onnx", undefined, output);

async function outputsOf(model: ImportedModel, values: Float64Array): Promise<Float64Array> {
  const [outputs] = await networkOutputs(backend, model, [values]);
  return outputs;
}

const order = (values: ArrayLike<number>): number[] =>
  Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);

describe("a Softmax or LogSoftmax at the end", () => {
  const weights = [w("k", 4, 3), list("s", -1, 3), list("z", 0)];
  const logits = node("MatMul", ["x", "k"], "l");
  it.each<[string, number, NodeProto[]]>([
    ["Softmax", 17, [node("Softmax", ["l"], "y")]],
    ["Softmax along axis 1", 13, [node("Softmax", ["l"], "y", { axis: 1 })]],
    ["Softmax before operator set 13", 11, [node("Softmax", ["l"], "y")]],
    ["LogSoftmax", 17, [node("LogSoftmax", ["l"], "y")]],
    ["one that is reshaped", 17, [node("Softmax", ["l"], "p"), node("Reshape", ["p", "s"], "y")]],
    ["one under another name", 17, [node("Softmax", ["l"], "p"), node("Identity", ["p"], "y")]],
  ])("%s is left out, and the order of the classes stays", async (_, opset, ending) => {
    const nodes = [logits, ...ending];
    const proto = modelProto({ input: ["N", 4], nodes, weights });
    proto.opsetImport[0].version = BigInt(opset);
    const model = await checked(toBinary(ModelProtoSchema, proto));
    expect(model.leftOut).toBe(ending[0].opType);
    expect(model.notes).toEqual([expect.stringContaining(`the ${ending[0].opType} at the end is left out`)]);
    expect(model.network.outputShape).toEqual([3]);
    for (const name of ["a", "b", "c"]) {
      const x = floats(name, 1, 4);
      const { data } = (await runtimeOutputs(nodes, { x }, { y: "float" }, opset, weights)).get("y")!;
      const found = await outputsOf(model, x.values);
      expect(order(found)).toEqual(order(data as Float32Array));
      // Logits, no probabilities.
      expect(Math.abs(found.reduce((sum, value) => sum + value, 0) - 1)).toBeGreaterThan(1e-3);
    }
  });

  it.each<[string, NodeProto[], RegExp]>([
    [
      "over lines that are not all outputs",
      [node("Reshape", ["x", "q"], "l"), node("Softmax", ["l"], "y")],
      /runs over lines of 2 of 4 outputs/,
    ],
    [
      "with a layer behind it",
      [node("Softmax", ["x"], "p"), node("Neg", ["p"], "y")],
      /is not supported within a network/,
    ],
    [
      "that is read twice",
      [node("Softmax", ["x"], "p"), node("Add", ["p", "x"], "y")],
      /is not supported within a network/,
    ],
  ])("%s is refused", (_, nodes, message) => {
    const bytes = onnxBytes({ input: ["N", 4], nodes, weights: [list("q", 1, 2, 2)] });
    expect(() => importOnnx(bytes, "m.onnx")).toThrow(message);
    expect(() => importOnnx(bytes, "m.onnx")).toThrow(UnsupportedOperatorError);
  });

  it("is not there in a graph without one", () => {
    const model = importOnnx(onnxBytes({ input: ["N", 4], nodes: [node("Relu", ["x"], "y")] }), "m.onnx");
    expect([model.leftOut, model.notes]).toEqual([undefined, undefined]);
  });
});

describe("several outputs", () => {
  const proto = modelProto({
    input: ["N", 4],
    nodes: [
      node("MatMul", ["x", "k"], "h"),
      node("Softmax", ["h"], "probabilities"),
      node("ArgMax", ["probabilities"], "label", { axis: 1 }),
    ],
    weights: [w("k", 4, 3)],
  });
  proto.graph!.output = [
    valueInfo("label", ["N", 1], DataType.INT64),
    valueInfo("probabilities", ["N", 3]),
    valueInfo("h", ["N", 3]),
  ];
  const bytes = toBinary(ModelProtoSchema, proto);

  it("are listed where none is chosen, in one line", async () => {
    await expect(checked(bytes)).rejects.toThrow(
      /^m\.onnx: expected one output, found 3: "label", "probabilities", "h" \(INT64, FLOAT, FLOAT\); choose one by --output NAME$/,
    );
  });

  it("are listed where none is of the name", async () => {
    await expect(checked(bytes, "logits")).rejects.toThrow(
      /^m\.onnx: expected one of the outputs "label", .*, found --output "logits"$/,
    );
  });

  it("are taken by name", async () => {
    const [probabilities, h] = [await checked(bytes, "probabilities"), await checked(bytes, "h")];
    expect([probabilities.leftOut, h.leftOut]).toEqual(["Softmax", undefined]);
    const { values } = floats("x", 1, 4);
    expect(await outputsOf(probabilities, values)).toEqual(await outputsOf(h, values));
  });

  it("may not be of labels", async () => {
    await expect(checked(bytes, "label")).rejects.toThrow(/^m\.onnx: node "\w+" \(\w+\): /);
  });
});

it("a batch normalisation that gives statistics besides is named as one in training", () => {
  const norm = node("BatchNormalization", ["x", "g", "b", "m", "v"], "y");
  norm.output.push("mean", "variance");
  const statistics = [...["g", "b", "m"].map((name) => w(name, 2)), tensor("v", [2], [1, 2])];
  const proto = modelProto({ input: ["N", 2, 3], nodes: [norm], weights: statistics });
  proto.opsetImport[0].version = 9n;
  expect(() => importOnnx(toBinary(ModelProtoSchema, proto), "m.onnx")).toThrow(
    /\(BatchNormalization\): is in training mode; export the model for inference, as after model\.eval\(\)/,
  );
});
