import { conv2d as conv2dOp } from "../../autodiff/index.js";
import type { Conv2dLayer } from "../layer.js";
import { checkChannels, convolutionParameters } from "./convolution.js";
import type { LayerDefinition } from "./definition.js";
import { windowGeometry, windowShape } from "./window.js";

/** Convolution: weight `[out, in/groups, kh, kw]`, bias `[out]`. Starts from the paper's normal, std √(2/(k·k·out)). */
export const conv2d: LayerDefinition<Conv2dLayer> = {
  outputShape(layer, inputs, name) {
    const shape = windowShape(layer, inputs, () => layer.outChannels, name);
    checkChannels(layer, inputs[0][0], name);
    return shape;
  },
  parameters(layer, [[channels]]) {
    const [kh, kw] = layer.kernel;
    const shape = [layer.outChannels, channels / layer.groups, kh, kw];
    return convolutionParameters(layer, shape, Math.sqrt(2 / (kh * kw * layer.outChannels)));
  },
  forward(tape, layer, context, [x]) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const bias = layer.bias ? context.parameter("bias") : undefined;
    return conv2dOp(tape, context.parameter("weight"), x, bias, geometry);
  },
};
