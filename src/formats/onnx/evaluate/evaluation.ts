import type { TensorProto_DataType as DataType } from "onnx-buf";
import type { Stop } from "../../../compute/deadline.js";
import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import type { Attributes } from "../attributes.js";
import { formatExtents, type NdArray } from "./array.js";

/** A node with the values of its inputs, as the operators' evaluations take it. */
export interface NodeEvaluation {
  /** An input that was left out is undefined. */
  readonly inputs: readonly (NdArray | undefined)[];
  /** The types in which the file keeps the inputs; nothing where real numbers are to be taken as exact. */
  readonly types?: readonly (DataType | undefined)[];
  /** How many outputs the node lists, with those that it gives no name. */
  readonly outputs: number;
  readonly opset: number;
  /** How messages begin. */
  readonly label: string;
  readonly attributes: Attributes;
  /** Is asked in the midst of what takes long. */
  readonly stop?: Stop;
}

/** An operator by its definition in the ONNX standard: the outputs of a node, in order. */
export type OperatorEvaluation = (evaluation: NodeEvaluation) => readonly NdArray[];

/** An operator with `least` to `most` inputs and one output. */
export function taking(
  least: number,
  most: number,
  evaluate: (evaluation: NodeEvaluation) => NdArray,
): OperatorEvaluation {
  return (evaluation) => {
    checkInputCount(evaluation, least, most);
    return [evaluate(evaluation)];
  };
}

/** A `FormatError` unless the first `least` inputs are there and none after the first `most`. */
export function checkInputCount(evaluation: NodeEvaluation, least: number, most: number): void {
  const { inputs, label } = evaluation;
  if (inputs.length > most) {
    throw new FormatError(`${label}: expected at most ${most} inputs, found ${inputs.length}`);
  }
  for (let index = 0; index < least; index++) operand(evaluation, index);
}

/** Input number `index`, which must be there. */
export function operand({ inputs, label }: NodeEvaluation, index: number): NdArray {
  const array = inputs[index];
  if (!array) throw new FormatError(`${label}: input ${index} is missing`);
  return array;
}

/** Input number `index`, which must be there and of that type. */
export function typedOperand(evaluation: NodeEvaluation, index: number, type: NdArray["type"]): NdArray {
  const array = operand(evaluation, index);
  if (array.type !== type) {
    throw new FormatError(`${evaluation.label}: input ${index} must be ${type}, found ${array.type}`);
  }
  return array;
}

/** Input number `index` as a list of integers, such as a shape or axes; nothing where it was left out. */
export function integers(evaluation: NodeEvaluation, index: number): readonly number[] | undefined {
  if (!evaluation.inputs[index]) return undefined;
  const { shape, values } = typedOperand(evaluation, index, "int");
  if (shape.length > 1) {
    throw new ShapeError(
      `${evaluation.label}: input ${index} must be a vector, found shape ${formatExtents(shape)}`,
    );
  }
  return Array.from(values);
}

/** The same where it must be there. */
export function requiredIntegers(evaluation: NodeEvaluation, index: number): readonly number[] {
  operand(evaluation, index);
  return integers(evaluation, index) as readonly number[];
}

/** The one number of input number `index`; nothing where it was left out. */
export function scalar(evaluation: NodeEvaluation, index: number): number | undefined {
  const array = evaluation.inputs[index];
  if (!array) return undefined;
  if (array.values.length !== 1) {
    throw new ShapeError(
      `${evaluation.label}: input ${index} must be one number, found shape ${formatExtents(array.shape)}`,
    );
  }
  return array.values[0];
}

/** A list of integers that is attribute `name` before operator set `since` and input `index` from then on. */
export function listArgument(
  evaluation: NodeEvaluation,
  name: string,
  index: number,
  since: number,
): readonly number[] | undefined {
  if (evaluation.opset >= since) return integers(evaluation, index);
  checkInputCount(evaluation, 0, index);
  return evaluation.attributes.roundedInts(name);
}

/** The type that the arrays share; a `FormatError` where they do not, since ONNX converts nothing by itself. */
export function commonType(arrays: readonly NdArray[], label: string): NdArray["type"] {
  const types = new Set(arrays.map(({ type }) => type));
  if (types.size > 1) {
    throw new FormatError(`${label}: inputs must be of one type, found ${[...types].join(" and ")}`);
  }
  return arrays[0].type;
}

/** An axis counted from the front; a `ShapeError` outside −rank … rank − 1. */
export function resolvedAxis(axis: number, rank: number, label: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`${label}: axis ${axis} is out of range for ${rank} dimensions`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** The same for a list, in which no axis may stand twice. */
export function resolvedAxes(axes: readonly number[], rank: number, label: string): readonly number[] {
  const resolved = axes.map((axis) => resolvedAxis(axis, rank, label));
  if (new Set(resolved).size !== resolved.length) {
    throw new ShapeError(`${label}: an axis stands twice in ${formatExtents(axes)}`);
  }
  return resolved;
}

/** An attribute that is read only to be refused where it has another value than the one known. */
export function expectAttribute(evaluation: NodeEvaluation, name: string, known: number | string): void {
  const { attributes, label } = evaluation;
  const found = typeof known === "number" ? attributes.int(name, known) : attributes.string(name, known);
  if (found !== known) {
    throw new UnsupportedOperatorError(
      `${label}: attribute ${JSON.stringify(name)} = ${JSON.stringify(found)} is not supported, ` +
        `expected ${JSON.stringify(known)}`,
    );
  }
}
