import { FormatError, ShapeError } from "../../../../errors.js";
import { mostGrown, type NdArray, zeros } from "../array.js";
import { broadcastShape, broadcastTo } from "../broadcast.js";
import { checkInputCount, commonType, type NodeEvaluation, operand, scalar, taking } from "../evaluation.js";

type Binary = (a: number, b: number) => number;

/** Two arrays under numpy's broadcasting, entry by entry. */
export function zipped(a: NdArray, b: NdArray, type: NdArray["type"], f: Binary, label: string): NdArray {
  const shape = broadcastShape([a.shape, b.shape], label);
  const most = mostGrown(a.values.length, b.values.length);
  const left = broadcastTo(a, shape, label, most).values;
  const right = broadcastTo(b, shape, label, most).values;
  const result = zeros(type, shape, label);
  for (let i = 0; i < left.length; i++) result.values[i] = f(left[i], right[i]);
  return result;
}

/** Integers come as doubles; past 2⁵³ their sums and products would no longer be right. */
function exact(array: NdArray, label: string): NdArray {
  if (array.type === "int" && !array.values.every((value) => Number.isSafeInteger(value))) {
    throw new FormatError(`${label}: an integer of the result is too large or not defined`);
  }
  return array;
}

function arithmetic(f: Binary, onIntegers = f) {
  return taking(2, 2, (evaluation) => {
    const [a, b] = [operand(evaluation, 0), operand(evaluation, 1)];
    const type = numeric(commonType([a, b], evaluation.label), evaluation.label);
    const result = zipped(a, b, type, type === "int" ? onIntegers : f, evaluation.label);
    return exact(result, evaluation.label);
  });
}

/** Operators that take any number of inputs. Before operator set 8 these must have one shape. */
function variadic(f: Binary) {
  return (evaluation: NodeEvaluation): readonly NdArray[] => {
    const { inputs, label, opset } = evaluation;
    checkInputCount(evaluation, Math.max(inputs.length, 1), inputs.length);
    const arrays = inputs.map((_, index) => operand(evaluation, index));
    const type = numeric(commonType(arrays, label), label);
    if (opset < 8 && new Set(arrays.map(({ shape }) => shape.join())).size > 1) {
      throw new ShapeError(`${label}: before operator set 8 the inputs must have one shape`);
    }
    return [
      exact(
        arrays.slice(1).reduce((all, array) => zipped(all, array, type, f, label), arrays[0]),
        label,
      ),
    ];
  };
}

function numeric(type: NdArray["type"], label: string): NdArray["type"] {
  if (type === "bool") throw new FormatError(`${label}: inputs must be numbers, found bool`);
  return type;
}

/** The exponent may be of another type; the result has the base's. */
const pow = taking(2, 2, (evaluation) => {
  const { label } = evaluation;
  const [base, exponent] = [operand(evaluation, 0), operand(evaluation, 1)];
  const type = numeric(base.type, label);
  numeric(exponent.type, label);
  if (evaluation.opset < 12) commonType([base, exponent], label);
  const power: Binary = type === "int" ? (a, b) => Math.trunc(a ** b) : (a, b) => a ** b;
  return exact(zipped(base, exponent, type, power, label), label);
});

/** Bounds as attributes before operator set 11, as inputs from then on. Where they cross, the upper one wins. */
const clip = taking(1, 3, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  const array = operand(evaluation, 0);
  numeric(array.type, label);
  if (opset < 11) checkInputCount(evaluation, 1, 1);
  const bounds = [evaluation.inputs[1], evaluation.inputs[2]].filter((bound) => bound !== undefined);
  commonType([array, ...bounds], label);
  const lower = opset < 11 ? attributes.float("min", Number.NEGATIVE_INFINITY) : scalar(evaluation, 1);
  const upper = opset < 11 ? attributes.float("max", Number.POSITIVE_INFINITY) : scalar(evaluation, 2);
  const least = lower ?? Number.NEGATIVE_INFINITY;
  const most = upper ?? Number.POSITIVE_INFINITY;
  return { ...array, values: array.values.map((value) => Math.min(Math.max(value, least), most)) };
});

export const ARITHMETIC = {
  Add: arithmetic((a, b) => a + b),
  Sub: arithmetic((a, b) => a - b),
  Mul: arithmetic((a, b) => a * b),
  Div: arithmetic(
    (a, b) => a / b,
    // Adding 0 turns −0 into an integer.
    (a, b) => Math.trunc(a / b) + 0,
  ),
  Pow: pow,
  Sum: variadic((a, b) => a + b),
  Min: variadic(Math.min),
  Max: variadic(Math.max),
  Clip: clip,
};
