import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import * as ort from "onnxruntime-node";
import { expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import type { AutodualError } from "../../src/errors.js";
import { evaluateNode, type NdArray } from "../../src/formats/onnx/evaluate/index.js";
import { type AttributeValue, node } from "./onnx-writer.js";

type Attributes = Readonly<Record<string, AttributeValue | { readonly floats: readonly number[] }>>;

/** A graph of one node, its inputs fed from outside. */
export interface NodeCase {
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly (NdArray | undefined)[];
  readonly attributes?: Attributes;
  /** How many outputs; 1 unless given. */
  readonly outputs?: number;
}

const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Normal numbers, in single precision as onnxruntime takes them. */
export function floats(seed: string, ...shape: number[]): NdArray {
  const source = random(11, seed);
  return {
    type: "float",
    shape,
    values: Float64Array.from({ length: countOf(shape) }, () => Math.fround(source.normal())),
  };
}

export const reals = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  type: "float",
  shape,
  values: Float64Array.from(values, Math.fround),
});

export const ints = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  ...reals([], shape),
  type: "int",
  values: Float64Array.from(values),
});

export const bools = (values: readonly number[], shape: readonly number[] = [values.length]): NdArray => ({
  ...ints(values, shape),
  type: "bool",
});

/** `0, 1, 2, …`, so that every entry can be told from the others. */
export const counting = (...shape: number[]): NdArray =>
  reals(
    Array.from({ length: countOf(shape) }, (_, i) => i),
    shape,
  );

export function nodeOf({ op, inputs, attributes = {}, outputs = 1 }: NodeCase): NodeProto {
  const plain: Record<string, AttributeValue> = {};
  const proto = node(
    op,
    inputs.map((input, i) => (input ? `i${i}` : "")),
    "o0",
  );
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "object" && "floats" in value) {
      const list = { name, type: AttributeType.FLOATS, floats: [...value.floats] };
      proto.attribute.push(create(AttributeProtoSchema, list));
    } else {
      plain[name] = value;
    }
  }
  proto.attribute.push(...node(op, [], "", plain).attribute);
  proto.output = Array.from({ length: outputs }, (_, i) => `o${i}`);
  return proto;
}

export function evaluated(one: NodeCase): readonly NdArray[] {
  return evaluateNode(nodeOf(one), one.inputs, one.opset, "m.onnx: node");
}

/** How a file stores what the evaluator tells apart. */
export const ELEMENTS = { float: DataType.FLOAT, int: DataType.INT64, bool: DataType.BOOL };

/** A value of any shape. */
function typedValue(name: string, elemType: DataType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: "tensorType", value: { elemType } } },
  });
}

function fed({ type, shape, values }: NdArray): ort.Tensor {
  switch (type) {
    case "float":
      return new ort.Tensor("float32", Float32Array.from(values), shape);
    case "int":
      return new ort.Tensor("int64", BigInt64Array.from(values as never, big), shape);
    case "bool":
      return new ort.Tensor("bool", Uint8Array.from(values), shape);
    default:
      return type satisfies never;
  }
}

/** Doubles beyond 2⁶³ stand for its largest and least integers. */
function big(value: number): bigint {
  const [most, least] = [2n ** 63n - 1n, -(2n ** 63n)];
  const exact = BigInt(value);
  return exact > most ? most : exact < least ? least : exact;
}

/** What onnxruntime, in single precision, makes of a graph. */
export async function runtimeOutputs(
  nodes: readonly NodeProto[],
  feeds: Readonly<Record<string, NdArray>>,
  outputs: Readonly<Record<string, NdArray["type"]>>,
  opset: number,
  weights: readonly TensorProto[] = [],
): Promise<ReadonlyMap<string, ort.Tensor>> {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: BigInt(opset) }],
    graph: create(GraphProtoSchema, {
      name: "g",
      node: [...nodes],
      initializer: [...weights],
      input: Object.entries(feeds).map(([name, { type }]) => typedValue(name, ELEMENTS[type])),
      output: Object.entries(outputs).map(([name, type]) => typedValue(name, ELEMENTS[type])),
    }),
  });
  const session = await ort.InferenceSession.create(toBinary(ModelProtoSchema, model), {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const tensors = Object.fromEntries(Object.entries(feeds).map(([name, array]) => [name, fed(array)]));
  const results = await session.run(tensors);
  await session.release();
  return new Map(Object.entries(results));
}

/** Equal within 1e-5 of the larger of 1 and the number; infinities and NaN alike. */
export function expectClose(ours: ArrayLike<number>, theirs: ArrayLike<number | bigint>, what: string): void {
  expect(ours.length, what).toBe(theirs.length);
  for (let i = 0; i < ours.length; i++) {
    const [a, b] = [ours[i], Number(theirs[i])];
    if (Object.is(a, b) || a === b) continue;
    if (Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b))) continue;
    expect.fail(`${what}: entry ${i} is ${a}, onnxruntime has ${b}`);
  }
}

/** Our evaluation of a node has onnxruntime's types, shapes and values. */
export async function expectAgreement(one: NodeCase): Promise<void> {
  const what = describeCase(one);
  const ours = evaluated(one).slice(0, one.outputs ?? 1);
  const proto = nodeOf(one);
  const feeds = Object.fromEntries(one.inputs.flatMap((input, i) => (input ? [[`i${i}`, input]] : [])));
  const types = Object.fromEntries(ours.map(({ type }, i) => [`o${i}`, type]));
  const theirs = await runtimeOutputs([proto], feeds, types, one.opset);
  ours.forEach((array, i) => {
    const tensor = theirs.get(`o${i}`)!;
    expect(array.shape, what).toEqual(tensor.dims);
    expectClose(array.values, tensor.data as unknown as ArrayLike<number | bigint>, what);
  });
}

export function describeCase({ op, opset, inputs, attributes }: NodeCase): string {
  const shapes = inputs.map((input) => (input ? `${input.type}[${input.shape}]` : "-"));
  return `${op}-${opset}(${shapes.join(", ")}) ${JSON.stringify(attributes ?? {}, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`;
}

/** A test for each case: onnxruntime says the same. */
export function agrees(cases: readonly NodeCase[]): void {
  it.each(cases.map((one): [string, NodeCase] => [describeCase(one), one]))("%s", (_, one) =>
    expectAgreement(one),
  );
}

export type Refusal = [one: NodeCase, type: new () => AutodualError, message: RegExp];

/** A test for each case: it is refused by an error of that type, in one line that begins with the node's label. */
export function refuses(cases: readonly Refusal[]): void {
  it.each(cases.map((refusal): [string, Refusal] => [describeCase(refusal[0]), refusal]))(
    "refuses %s",
    (_, [one, type, message]) => {
      const run = () => evaluated(one);
      expect(run).toThrow(type);
      expect(run).toThrow(message);
      expect(run).toThrow(/^m\.onnx: node: [^\n]*$/);
    },
  );
}
