import { TensorProto_DataType as DataType } from "onnx-buf";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { holdsAll, roundedTo } from "../../number-types.js";
import { intVector, mostGrown, type NdArray, zeros } from "../array.js";
import { commonType, type NodeEvaluation, operand, requiredIntegers, scalar, taking } from "../evaluation.js";
import { arrayOfTensor, arrayType } from "../tensor.js";

const number = (type: NdArray["type"], value: number): NdArray => ({
  type,
  shape: [],
  values: Float64Array.of(value),
});

/** Each way in which a Constant node may hold its value. */
const FORMS: ReadonlyMap<string, (evaluation: NodeEvaluation) => NdArray> = new Map([
  ["value", tensorAttribute],
  ["value_float", ({ attributes }) => number("float", attributes.float("value_float", 0))],
  ["value_int", ({ attributes }) => number("int", attributes.int("value_int", 0))],
  ["value_floats", ({ attributes }) => ({ ...intVector(attributes.floats("value_floats")), type: "float" })],
  ["value_ints", ({ attributes }) => intVector(attributes.roundedInts("value_ints") ?? [])],
]);

function tensorAttribute({ attributes, label }: NodeEvaluation): NdArray {
  const tensor = attributes.tensor("value");
  if (!tensor) throw new FormatError(`${label}: its tensor is missing`);
  return arrayOfTensor(tensor, tensor.name, label);
}

const constant = taking(0, 0, (evaluation) => {
  const { attributes, label } = evaluation;
  const forms = [...FORMS.keys()].filter((name) => attributes.has(name));
  if (forms.length === 1) return FORMS.get(forms[0])!(evaluation);
  if (forms.length > 1) throw new FormatError(`${label}: holds both ${forms.join(" and ")}`);
  for (const name of ["sparse_value", "value_string", "value_strings"]) {
    if (attributes.has(name)) {
      throw new UnsupportedOperatorError(`${label}: attribute ${JSON.stringify(name)} is not supported`);
    }
  }
  throw new FormatError(`${label}: holds no value; known: ${[...FORMS.keys()].join(", ")}`);
});

const constantOfShape = taking(1, 1, (evaluation) => {
  const { attributes, label } = evaluation;
  const shape = requiredIntegers(evaluation, 0);
  const value = attributes.has("value") ? tensorAttribute(evaluation) : number("float", 0);
  if (value.values.length !== 1) throw new ShapeError(`${label}: its value must be one number`);
  const result = zeros(value.type, shape, label, mostGrown());
  result.values.fill(value.values[0]);
  return result;
});

const range = taking(3, 3, (evaluation) => {
  const { label } = evaluation;
  const bounds = [0, 1, 2].map((index) => operand(evaluation, index));
  const type = commonType(bounds, label);
  const [start, limit, delta] = bounds.map((_, index) => scalar(evaluation, index) as number);
  const count = Math.max(Math.ceil((limit - start) / delta), 0);
  if (!Number.isFinite(count)) {
    throw new ShapeError(`${label}: from ${start} to ${limit} by ${delta} is no finite range`);
  }
  const result = zeros(type, [count], label, mostGrown());
  for (let i = 0; i < count; i++) result.values[i] = start + i * delta;
  return result;
});

/** Of the integer types that a Cast may name, the least and the most. */
const INTEGERS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [DataType.INT8, [-(2 ** 7), 2 ** 7 - 1]],
  [DataType.UINT8, [0, 2 ** 8 - 1]],
  [DataType.INT16, [-(2 ** 15), 2 ** 15 - 1]],
  [DataType.UINT16, [0, 2 ** 16 - 1]],
  [DataType.INT32, [-(2 ** 31), 2 ** 31 - 1]],
  [DataType.UINT32, [0, 2 ** 32 - 1]],
  [DataType.INT64, [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]],
  [DataType.UINT64, [0, Number.MAX_SAFE_INTEGER]],
]);

/**
 * To a type of real numbers it rounds, where the type that it comes from is known and does not fit into it; to integers it
 * truncates, and what does not fit is refused.
 */
const cast = taking(1, 1, (evaluation) => {
  const { attributes, label, opset, types } = evaluation;
  const x = operand(evaluation, 0);
  const to = attributes.int("to", undefined);
  if (to === undefined) throw new FormatError(`${label}: attribute "to" is missing`);
  // Only the 8-bit reals depend on it.
  if (opset >= 19) attributes.int("saturate", 1);
  const type = arrayType(to, label);
  if (type === "float") {
    const from = types?.[0];
    if (from === undefined || holdsAll(to, from)) return { ...x, type };
    return { ...x, type, values: x.values.map((value) => roundedTo(to, value)) };
  }
  if (type === "bool") return { ...x, type, values: x.values.map((value) => (value === 0 ? 0 : 1)) };
  const [least, most] = INTEGERS.get(to) as readonly [number, number];
  const values = x.values.map((value) => {
    const whole = Math.trunc(value) + 0;
    if (!(whole >= least && whole <= most)) {
      throw new FormatError(`${label}: ${value} does not fit into ${DataType[to]}`);
    }
    return whole;
  });
  return { ...x, type, values };
});

export const CONSTANTS = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: range,
  Cast: cast,
};
