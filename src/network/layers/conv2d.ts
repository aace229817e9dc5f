import { conv2d as conv2dOp } from "../../autodiff/index.js";
import { ShapeError } from "../../errors.js";
import type { Conv2dLayer } from "../layer.js";
import type { LayerDefinition } from "./definition.js";
import { windowGeometry, windowShape } from "./window.js";

/** Convolution: weight `[out, in/groups, kh, kw]`, bias `[out]`. Starts from the paper's normal, std √(2/(k·k·out)). */
export const conv2d: LayerDefinition<Conv2dLayer> = {
  outputShape(layer, inputs, name) {
    if (!Number.isInteger(layer.outChannels) || layer.outChannels < 1) {
      throw new ShapeError(`${name}: outChannels must be a positive integer, got ${layer.outChannels}`);
    }
    const shape = windowShape(layer, inputs, () => layer.outChannels, name);
    const channels = inputs[0][0];
    const { groups } = layer;
    if (
      !Number.isInteger(groups) ||
      groups < 1 ||
      channels % groups !== 0 ||
      layer.outChannels % groups !== 0
    ) {
      throw new ShapeError(
        `${name}: groups must divide both channel counts, got ${groups} for ${channels} in and ${layer.outChannels} out`,
      );
    }
    return shape;
  },
  parameters(layer, [[channels]]) {
    const [kh, kw] = layer.kernel;
    const weight = {
      name: "weight",
      shape: [layer.outChannels, channels / layer.groups, kh, kw],
      role: "trained",
      initialization: { kind: "normal", std: Math.sqrt(2 / (kh * kw * layer.outChannels)) },
    } as const;
    const bias = {
      name: "bias",
      shape: [layer.outChannels],
      role: "trained",
      initialization: { kind: "constant", value: 0 },
    } as const;
    return layer.bias ? [weight, bias] : [weight];
  },
  forward(tape, layer, context, [x]) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const bias = layer.bias ? context.parameter("bias") : undefined;
    return conv2dOp(tape, context.parameter("weight"), x, bias, geometry);
  },
};
