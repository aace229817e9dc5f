import {
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProto,
} from "onnx-buf";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../errors.js";
import { checkRank } from "../../network/shape.js";
import {
  float16,
  readBfloat16,
  readFloat16,
  readFloat32,
  readFloat64,
  readInt32,
  readInt64,
  readUint8,
} from "../little-endian.js";

type Numbers = Float32Array | Float64Array;

/** A tensor that is fixed in the file: a weight, a shape, a normalisation. Integers come as doubles, truth as 0 and 1. */
export interface Constant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Numbers;
  /** Whether the values are those that any runtime has: stored, or computed without rounding. */
  readonly isExact: boolean;
}

interface Encoding {
  readonly bytes: number;
  raw(bytes: Uint8Array): Numbers;
  /** The field that holds the numbers where the file has no raw bytes. */
  field(tensor: TensorProto): readonly (number | bigint)[];
  typed(values: readonly (number | bigint)[]): Numbers;
}

const doubles = (values: readonly (number | bigint)[]): Float64Array => Float64Array.from(values, Number);

const int8 = (value: number): number => (value << 24) >> 24;
const truth = (value: number): number => (value === 0 ? 0 : 1);

const ENCODINGS: ReadonlyMap<number, Encoding> = new Map<number, Encoding>([
  [
    DataType.FLOAT,
    {
      bytes: 4,
      raw: readFloat32,
      field: (tensor) => tensor.floatData,
      typed: (values) => Float32Array.from(values, Number),
    },
  ],
  [DataType.DOUBLE, { bytes: 8, raw: readFloat64, field: (tensor) => tensor.doubleData, typed: doubles }],
  [DataType.INT64, { bytes: 8, raw: readInt64, field: (tensor) => tensor.int64Data, typed: doubles }],
  [DataType.INT32, { bytes: 4, raw: readInt32, field: (tensor) => tensor.int32Data, typed: doubles }],
  [
    DataType.INT8,
    {
      bytes: 1,
      raw: (bytes) => Float64Array.from(bytes, int8),
      field: (tensor) => tensor.int32Data,
      typed: doubles,
    },
  ],
  [DataType.UINT8, { bytes: 1, raw: readUint8, field: (tensor) => tensor.int32Data, typed: doubles }],
  [
    DataType.BOOL,
    {
      bytes: 1,
      raw: (bytes) => Float64Array.from(bytes, truth),
      field: (tensor) => tensor.int32Data,
      typed: (values) => doubles(values).map(truth),
    },
  ],
  [
    DataType.FLOAT16,
    {
      bytes: 2,
      raw: readFloat16,
      field: (tensor) => tensor.int32Data,
      typed: (bits) => Float32Array.from(bits, (value) => float16(Number(value))),
    },
  ],
  [
    DataType.BFLOAT16,
    {
      bytes: 2,
      raw: readBfloat16,
      field: (tensor) => tensor.int32Data,
      typed: (bits) => new Float32Array(Uint32Array.from(bits, (value) => Number(value) << 16).buffer),
    },
  ],
]);

/**
 * The numbers of an initializer or of a Constant node, copied out of the file; single precision stays single. Throws
 * a `FormatError` if their count is not the shape's or one of them is not finite.
 */
export function decodeTensor(tensor: TensorProto, name: string, where: string): Constant {
  const label = `${where}: tensor ${JSON.stringify(name)}`;
  const encoding = ENCODINGS.get(tensor.dataType);
  if (!encoding) {
    throw new UnsupportedOperatorError(
      `${label}: numbers of type ${DataType[tensor.dataType] ?? tensor.dataType} are not supported; ` +
        `known: ${[...ENCODINGS.keys()].map((type) => DataType[type]).join(", ")}`,
    );
  }
  if (tensor.dataLocation === DataLocation.EXTERNAL || tensor.externalData.length > 0) {
    throw new UnsupportedOperatorError(`${label}: is kept in another file; save the model as one file`);
  }
  if (tensor.segment)
    throw new UnsupportedOperatorError(`${label}: is split into segments; save it in one piece`);
  checkRank(label, tensor.dims);
  const shape = tensor.dims.map(Number);
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0)) {
    throw new ShapeError(`${label}: has no valid shape: [${shape.join(", ")}]`);
  }
  const size = shape.reduce((product, extent) => product * extent, 1);
  const { rawData } = tensor;
  const field = encoding.field(tensor);
  if (rawData.length > 0 ? rawData.length !== size * encoding.bytes : field.length !== size) {
    const found = rawData.length > 0 ? `${rawData.length / encoding.bytes}` : `${field.length}`;
    throw new FormatError(`${label}: shape [${shape.join(", ")}] needs ${size} numbers, found ${found}`);
  }
  const values = rawData.length > 0 ? encoding.raw(rawData) : encoding.typed(field);
  return finite({ name, shape, values, isExact: true }, label);
}

/** Real numbers as weights are kept: single where all of them are, else double. */
export function inSingleIfExact(values: Float64Array): Numbers {
  const single = Float32Array.from(values);
  return values.every((value, i) => value === single[i]) ? single : values;
}

function finite(constant: Constant, label: string): Constant {
  const bad = constant.values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new FormatError(`${label}[${bad}] is ${constant.values[bad]}, expected a finite number`);
  return constant;
}
