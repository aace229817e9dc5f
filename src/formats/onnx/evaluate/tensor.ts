import { TensorProto_DataType as DataType, type TensorProto } from "onnx-buf";
import { UnsupportedOperatorError } from "../../../errors.js";
import { decodeTensor } from "../constant.js";
import type { NdArray } from "./array.js";
import { StoredArray } from "./stored-array.js";

const TYPES: ReadonlyMap<number, NdArray["type"]> = new Map<number, NdArray["type"]>([
  [DataType.FLOAT, "float"],
  [DataType.DOUBLE, "float"],
  [DataType.FLOAT16, "float"],
  [DataType.BFLOAT16, "float"],
  [DataType.INT8, "int"],
  [DataType.UINT8, "int"],
  [DataType.INT16, "int"],
  [DataType.UINT16, "int"],
  [DataType.INT32, "int"],
  [DataType.UINT32, "int"],
  [DataType.INT64, "int"],
  [DataType.UINT64, "int"],
  [DataType.BOOL, "bool"],
]);

/** What numbers of one of the file's types are to the evaluator. */
export function arrayType(dataType: number, label: string): NdArray["type"] {
  const type = TYPES.get(dataType);
  if (type) return type;
  throw new UnsupportedOperatorError(
    `${label}: numbers of type ${DataType[dataType] ?? dataType} are not supported`,
  );
}

/** A tensor of the file in double precision. Throws as `decodeTensor` does. */
export function arrayOfTensor(tensor: TensorProto, name: string, where: string): NdArray {
  const { shape, values } = decodeTensor(tensor, name, where);
  const type = arrayType(tensor.dataType, where);
  return values instanceof Float32Array ? new StoredArray(type, shape, values) : { type, shape, values };
}
