import { conv2d as conv2dOp, type Tape, type Variable } from "../../autodiff/index.js";
import { multiplyAddsOfConv2d } from "../../compute/operations.js";
import { type LayerDefinition, NO_PARAMETERS } from "./definition.js";
import { type Pair, poolWindow, type Sides, type WindowOptions } from "./extents.js";
import { windowFields } from "./fields.js";
import { WEIGHT_AND_PRODUCT } from "./sums.js";
import { eachTap, windowAttributes, windowGeometry, windowShape } from "./window.js";

/** The mean over a window; padding counts as zeros. */
export interface AveragePoolLayer {
  readonly kind: "average-pool";
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
}

/** The mean over each window, padding counted as zeros. Stride is the kernel's size if left out. */
export function averagePool(options: WindowOptions): AveragePoolLayer {
  return { kind: "average-pool", ...poolWindow(options, "averagePool") };
}

/** The mean over a window, as a convolution by channel with the constant weight 1/(kh·kw). */
export const averagePoolDefinition: LayerDefinition<AveragePoolLayer> = {
  fields: windowFields,
  outputShape(layer, inputs, name) {
    return windowShape(layer, inputs, (channels) => channels, name);
  },
  parameters: NO_PARAMETERS,
  forward(tape, layer, context, [x]) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    return conv2dOp(tape, averagePoolWeight(tape, layer, geometry.inChannels), x, undefined, geometry);
  },
  multiplyAdds: (layer, [input], output) => multiplyAddsOfConv2d(windowGeometry(layer, input, output)),
  sums(layer, { inputShapes: [input], outputShape }) {
    const weight = 1 / (layer.kernel[0] * layer.kernel[1]);
    return {
      each: (take) =>
        eachTap(windowGeometry(layer, input, outputShape), (_, count, output, feature, step) =>
          take(weight, count, output, 1, feature, step),
        ),
      // The weight is a quotient.
      roundings: WEIGHT_AND_PRODUCT + 1,
      diagonal: false,
    };
  },
  onnx: (layer) => [{ op: "AveragePool", attributes: { ...windowAttributes(layer), count_include_pad: 1 } }],
};

export function averagePoolWeight(tape: Tape, layer: AveragePoolLayer, channels: number): Variable {
  const size = layer.kernel[0] * layer.kernel[1];
  return tape.own(tape.backend.filled(channels, size, 1 / size));
}
