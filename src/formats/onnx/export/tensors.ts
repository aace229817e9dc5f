import { create } from "@bufbuild/protobuf";
import {
  TensorProto_DataType as DataType,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { Shape } from "../../../network/shape.js";
import type { ElementType } from "./precision.js";

/** Real numbers as a tensor of the file, in the graph's precision. */
export function realTensor(
  name: string,
  shape: Shape,
  values: Float32Array | Float64Array | readonly number[],
  dataType: ElementType,
): TensorProto {
  const Numbers = dataType === DataType.FLOAT ? Float32Array : Float64Array;
  // Weights that are in the graph's precision are not copied.
  return rawTensor(name, shape, dataType, values instanceof Numbers ? values : Numbers.from(values));
}

/** A list of integers as a tensor of the file. */
export function integerTensor(name: string, values: readonly number[]): TensorProto {
  return rawTensor(name, [values.length], DataType.INT64, BigInt64Array.from(values, BigInt));
}

/** Little-endian as every platform that this library runs on. */
function rawTensor(
  name: string,
  shape: Shape,
  dataType: DataType,
  { buffer, byteOffset, byteLength }: Float32Array | Float64Array | BigInt64Array,
): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType,
    rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  });
}

/** A value with an open batch in front of its shape. */
export function batchValue(name: string, shape: Shape, elemType: ElementType): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType,
          shape: {
            dim: [
              { value: { case: "dimParam", value: "batch" } },
              ...shape.map((extent) => ({ value: { case: "dimValue", value: BigInt(extent) } as const })),
            ],
          },
        },
      },
    },
  });
}
