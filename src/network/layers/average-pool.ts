import { conv2d, type Tape, type Variable } from "../../autodiff/index.js";
import type { AveragePoolLayer } from "../layer.js";
import { type LayerDefinition, NO_PARAMETERS } from "./definition.js";
import { windowGeometry, windowShape } from "./window.js";

/** The mean over a window, as a convolution by channel with the constant weight 1/(kh·kw). */
export const averagePool: LayerDefinition<AveragePoolLayer> = {
  outputShape(layer, inputs, name) {
    return windowShape(layer, inputs, (channels) => channels, name);
  },
  parameters: NO_PARAMETERS,
  forward(tape, layer, context, [x]) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    return conv2d(tape, averagePoolWeight(tape, layer, geometry.inChannels), x, undefined, geometry);
  },
};

export function averagePoolWeight(tape: Tape, layer: AveragePoolLayer, channels: number): Variable {
  const size = layer.kernel[0] * layer.kernel[1];
  return tape.own(tape.backend.filled(channels, size, 1 / size));
}
