import type { TensorProto_DataType as DataType, NodeProto } from "onnx-buf";
import type { Stop } from "../../../compute/deadline.js";
import { FormatError, UnsupportedOperatorError } from "../../../errors.js";
import { Attributes } from "../attributes.js";
import { isStandardDomain } from "../model-proto.js";
import type { NdArray } from "./array.js";
import type { OperatorEvaluation } from "./evaluation.js";
import { EVALUATED } from "./operators/index.js";

/** How a node's operator is evaluated; an `UnsupportedOperatorError` if it is not known. */
export function evaluationOf(node: NodeProto, label: string): OperatorEvaluation {
  const evaluate = isStandardDomain(node.domain) ? EVALUATED.get(node.opType) : undefined;
  if (!evaluate) {
    const name = isStandardDomain(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
    throw new UnsupportedOperatorError(
      `${label}: operator ${JSON.stringify(name)} cannot be evaluated; known: ${[...EVALUATED.keys()].join(", ")}`,
    );
  }
  return evaluate;
}

/**
 * The outputs of one node in double precision, as the ONNX standard defines its operator. Integers are exact up to
 * 2⁵³ or refused; real numbers are doubles whatever type the file gives them, but for a Cast whose input's type is among
 * `types`: it rounds to the type that it casts to.
 *
 * Throws, in one line that begins with `label`: an `UnsupportedOperatorError` for operators, attributes, modes and
 * outputs that are not known; a `ShapeError` for shapes, axes and indices that do not fit; a `FormatError` for inputs
 * that are missing or of a wrong type. Throws the reason of `stop` before a node, and within products and convolutions.
 */
export function evaluateNode(
  node: NodeProto,
  inputs: readonly (NdArray | undefined)[],
  opset: number,
  label: string,
  types?: readonly (DataType | undefined)[],
  stop?: Stop,
): readonly NdArray[] {
  const evaluate = evaluationOf(node, label);
  const attributes = new Attributes(node, label);
  const named = node.output.findLastIndex((output) => output !== "") + 1;
  if (named === 0) throw new FormatError(`${label}: names no output`);
  const given = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
  stop?.throwIfAborted();
  const results = evaluate({
    ...(stop && { stop }),
    inputs: given,
    ...(types && { types }),
    outputs: node.output.length,
    opset,
    label,
    attributes,
  });
  attributes.checkAllRead();
  if (named > results.length) {
    throw new UnsupportedOperatorError(
      `${label}: output ${results.length} is not supported, only the first ${results.length}`,
    );
  }
  return results;
}
