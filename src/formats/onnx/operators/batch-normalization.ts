import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { batchNorm } from "../../../network/build-layer.js";
import type { OperatorImport } from "../graph-import.js";
import { formatExtents } from "../values.js";

/** γ (x − μ)/√(σ² + ε) + β with the running statistics. */
export const batchNormalization: OperatorImport = (node, graph) => {
  const { attributes } = node;
  // Before operator set 14, giving the batch's statistics besides is what says so.
  const givesStatistics = node.opset < 14 && node.outputs.slice(1).some((value) => value !== "");
  if (attributes.int("training_mode", 0) !== 0 || givesStatistics) {
    throw new UnsupportedOperatorError(
      `${node.label}: is in training mode; export the model for inference${givesStatistics ? ", as after model.eval() of PyTorch" : ""}`,
    );
  }
  if (attributes.int("spatial", 1) !== 1) {
    throw new UnsupportedOperatorError(`${node.label}: spatial = 0 is not supported`);
  }
  const { handle, shape } = graph.activation(node, 0);
  if (shape.length < 2 || shape[0] !== 1) {
    throw new ShapeError(`${node.label}: expected a value [1, channels, ...], found ${formatExtents(shape)}`);
  }
  const [, channels] = shape;
  const [weight, bias, mean, variance] = [1, 2, 3, 4].map((index) => {
    const constant = graph.exactConstant(node, index);
    if (constant.shape.length !== 1 || constant.shape[0] !== channels) {
      throw new ShapeError(
        `${node.label}: ${JSON.stringify(constant.name)} must be [${channels}], found ${formatExtents(constant.shape)}`,
      );
    }
    return constant.values;
  });
  // ONNX gives the weight of the old statistics, in single precision: 1 − 0.9 should read 0.1.
  const momentum = Number((1 - attributes.float("momentum", 0.9)).toPrecision(6));
  const layer = batchNorm({ epsilon: attributes.float("epsilon", 1e-5), momentum });
  return { handle: graph.attach(node.name, layer, [handle], { weight, bias, mean, variance }), shape };
};
