import { clone, create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";

/** A number or a dimension's name; nothing is a dimension that says nothing. */
export type Dimension = number | string | undefined;

export function tensor(name: string, dims: readonly number[], values: ArrayLike<number>): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DataType.FLOAT,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });
}

export function int64(name: string, values: readonly number[], dims = [values.length]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DataType.INT64,
    int64Data: values.map(BigInt),
  });
}

export type AttributeValue = number | readonly number[] | string | TensorProto | { readonly float: number };

/** Whole numbers become INT; `{ float }` is a FLOAT. */
function attribute(name: string, value: AttributeValue): AttributeProto {
  const init = (() => {
    if (typeof value === "number") return { type: AttributeType.INT, i: BigInt(value) };
    if (typeof value === "string")
      return { type: AttributeType.STRING, s: new Uint8Array(Buffer.from(value)) };
    if (Array.isArray(value)) return { type: AttributeType.INTS, ints: value.map(BigInt) };
    if ("float" in (value as object))
      return { type: AttributeType.FLOAT, f: (value as { float: number }).float };
    return { type: AttributeType.TENSOR, t: value as TensorProto };
  })();
  return create(AttributeProtoSchema, { name, ...init });
}

export function node(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
  name = "",
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name,
    input: [...input],
    output: [output],
    attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
  });
}

function dimension(value: Dimension): TensorShapeProto_Dimension {
  if (value === undefined) return create(TensorShapeProto_DimensionSchema, {});
  return create(TensorShapeProto_DimensionSchema, {
    value:
      typeof value === "number" ? { case: "dimValue", value: BigInt(value) } : { case: "dimParam", value },
  });
}

export function valueInfo(
  name: string,
  dimensions: readonly Dimension[],
  elemType = DataType.FLOAT,
): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType,
          shape: {
            dim: dimensions.map(dimension),
          },
        },
      },
    },
  });
}

export interface GraphParts {
  /** Of `x`, the input. */
  readonly input: readonly Dimension[];
  readonly nodes: readonly NodeProto[];
  readonly weights?: readonly TensorProto[];
  /** The output's name and shape; `y` of unknown shape unless given. */
  readonly output?: readonly [string, readonly Dimension[]];
}

export function modelProto({
  input,
  nodes,
  weights = [],
  output = ["y", ["N", undefined]],
}: GraphParts): ModelProto {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ domain: "", version: 17n }],
    producerName: "autodual-test",
    graph: create(GraphProtoSchema, {
      name: "g",
      node: [...nodes],
      initializer: [...weights],
      input: [valueInfo("x", input)],
      output: [valueInfo(...output)],
    }),
  });
  // A copy of its own, so that a test may change it.
  return clone(ModelProtoSchema, model);
}

export function onnxBytes(parts: GraphParts): Uint8Array {
  return toBinary(ModelProtoSchema, modelProto(parts));
}
