import { ShapeError, UnsupportedOperatorError } from "../../../../errors.js";
import { elementCount, formatExtents, type NdArray, zeros } from "../array.js";
import {
  checkInputCount,
  expectAttribute,
  type NodeEvaluation,
  operand,
  scalar,
  taking,
  typedOperand,
} from "../evaluation.js";

/** With the stored mean and variance: `scale · (x − mean) / √(variance + ε) + bias`, one of each per channel. */
const batchNormalization = taking(5, 5, (evaluation) => {
  const { attributes, label, opset } = evaluation;
  const x = typedOperand(evaluation, 0, "float");
  const epsilon = attributes.float("epsilon", 1e-5);
  // Only training reads it.
  attributes.float("momentum", 0.9);
  if (opset < 9) expectAttribute(evaluation, "spatial", 1);
  if (opset >= 14) expectAttribute(evaluation, "training_mode", 0);
  if (x.shape.length < 2) {
    throw new ShapeError(`${label}: expected [batch, channels, ...], found ${formatExtents(x.shape)}`);
  }
  const channels = x.shape[1];
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((index) => {
    const { shape, values } = typedOperand(evaluation, index, "float");
    if (shape.length !== 1 || shape[0] !== channels) {
      throw new ShapeError(
        `${label}: input ${index} must have shape [${channels}], found ${formatExtents(shape)}`,
      );
    }
    return values;
  });
  const size = elementCount(x.shape.slice(2));
  const result = zeros("float", x.shape, label);
  for (let i = 0; i < x.values.length; i++) {
    const c = Math.floor(i / size) % channels;
    result.values[i] = (scale[c] * (x.values[i] - mean[c])) / Math.sqrt(variance[c] + epsilon) + bias[c];
  }
  return result;
});

/** The identity outside training; the second output tells that all is kept. */
function dropout(evaluation: NodeEvaluation): readonly NdArray[] {
  const { attributes, label, opset } = evaluation;
  checkInputCount(evaluation, 1, opset < 12 ? 1 : 3);
  const x = operand(evaluation, 0);
  if (opset < 12) {
    attributes.float("ratio", 0.5);
  } else {
    attributes.int("seed", 0);
    scalar(evaluation, 1);
    if (evaluation.inputs[2]) {
      typedOperand(evaluation, 2, "bool");
      if (scalar(evaluation, 2) !== 0) {
        throw new UnsupportedOperatorError(`${label}: training mode is not supported; export for inference`);
      }
    }
  }
  const type = opset < 10 ? x.type : "bool";
  return [x, { type, shape: x.shape, values: new Float64Array(x.values.length).fill(1) }];
}

export const NORMALIZATION = { BatchNormalization: batchNormalization, Dropout: dropout };
