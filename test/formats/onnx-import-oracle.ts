import { create, toBinary } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
} from "onnx-buf";
import { expect, it } from "vitest";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { NdArray } from "../../src/formats/onnx/evaluate/index.js";
import { importOnnx } from "../../src/formats/onnx/import.js";
import { importCheckedOnnx } from "../../src/formats/onnx/import-checked.js";
import { networkShape } from "../../src/formats/onnx/values.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import {
  describeCase,
  ELEMENTS,
  expectClose,
  floats,
  type NodeCase,
  nodeOf,
  runtimeOutputs,
} from "./onnx-oracle.js";
import { int64, modelProto, tensor, valueInfo } from "./onnx-writer.js";

/** A graph from `x` to `y`, with the input's whole shape. */
export interface GraphCase {
  readonly name: string;
  readonly input: readonly number[];
  readonly nodes: readonly NodeProto[];
  readonly weights?: readonly TensorProto[];
  /** 17 unless given. */
  readonly opset?: number;
  /** Inputs to compare at; a random one unless given. */
  readonly points?: readonly NdArray[];
}

export const opsetOf = ({ opset = 17 }: GraphCase): number => opset;

export function fileOf(one: GraphCase): Uint8Array {
  const model = modelProto({ input: one.input, nodes: one.nodes, weights: one.weights, output: ["y", []] });
  const [{ type } = { type: "float" as const }] = one.points ?? [];
  model.graph!.input = [valueInfo("x", one.input, ELEMENTS[type])];
  model.opsetImport[0].version = BigInt(opsetOf(one));
  return toBinary(ModelProtoSchema, model);
}

const reference = createPortableBackend();

/** The network made of a graph has onnxruntime's shape and values, and passes the importer's own check. */
export async function expectImported(one: GraphCase): Promise<void> {
  const bytes = fileOf(one);
  const model = importOnnx(bytes, "m.onnx");
  const points = one.points ?? [floats(`${one.name}/x`, ...one.input)];
  const computed = await networkOutputs(
    reference,
    model,
    points.map(({ values }) => values),
  );
  for (const [i, x] of points.entries()) {
    const outputs = await runtimeOutputs(one.nodes, { x }, { y: "float" }, opsetOf(one), one.weights);
    const { dims, data } = outputs.get("y")!;
    expect(model.network.outputShape, one.name).toEqual(networkShape(dims));
    expectClose(computed[i], data as Float32Array, one.name);
  }
  await importCheckedOnnx(reference, bytes, "m.onnx");
}

/** A test for each graph. */
export function imports(cases: readonly GraphCase[]): void {
  it.each(cases.map((one): [string, GraphCase] => [one.name, one]))("%s", (_, one) => expectImported(one));
}

/** A constant as the file stores it. */
export function stored(name: string, { type, shape, values }: NdArray): TensorProto {
  switch (type) {
    case "float":
      return tensor(name, shape, values);
    case "int":
      return int64(name, [...values].map(wholeInt64), [...shape]);
    case "bool":
      return create(TensorProtoSchema, {
        name,
        dims: shape.map(BigInt),
        dataType: DataType.BOOL,
        int32Data: [...values],
      });
    default:
      return type satisfies never;
  }
}

/** Doubles beyond what 64 bits hold stand for its largest and least integers. */
const wholeInt64 = (value: number): number => Math.min(Math.max(value, -(2 ** 63)), 2 ** 63 - 1024);

/** A case of one node as a graph: one of its inputs is the network's, the others are constants. */
export function graphOf(one: NodeCase, activation = 0, output = 0): GraphCase {
  const proto = nodeOf(one);
  const x = one.inputs[activation]!;
  proto.input = one.inputs.map((input, i) => (input ? (i === activation ? "x" : `i${i}`) : ""));
  proto.output = proto.output.map((name, i) => (i === output ? "y" : name));
  const role = [activation && `input ${activation}`, output && `output ${output}`].filter(Boolean);
  return {
    name: [describeCase(one), ...role].join(", "),
    input: x.shape,
    nodes: [proto],
    weights: one.inputs.flatMap((input, i) => (input && i !== activation ? [stored(`i${i}`, input)] : [])),
    opset: one.opset,
    points: [x],
  };
}
