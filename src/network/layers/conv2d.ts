import * as z from "zod";
import { conv2d as conv2dOp } from "../../autodiff/index.js";
import { multiplyAddsOfConv2d } from "../../compute/operations.js";
import { expectBoolean, expectFinite, expectOptions } from "../../errors.js";
import { biasByOutput, checkChannels, convolutionParameters } from "./convolution.js";
import type { LayerDefinition } from "./definition.js";
import { affineParameters } from "./exported-node.js";
import {
  type Pair,
  type PairLike,
  pair,
  type Sides,
  sides,
  WINDOW_OPTIONS,
  type WindowOptions,
} from "./extents.js";
import { pairField, positive, windowFields } from "./fields.js";
import { WEIGHT_AND_PRODUCT } from "./sums.js";
import { eachTap, windowAttributes, windowGeometry, windowShape } from "./window.js";

/** A convolution: weight `[out, in/groups, kh, kw]`, bias `[out]`. */
export interface Conv2dLayer {
  readonly kind: "conv2d";
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
}

/** The window of a convolution. Defaults: stride 1, padding 0, dilation 1, one group, with a bias. */
export interface Conv2dOptions extends WindowOptions {
  readonly dilation?: PairLike;
  readonly groups?: number;
  readonly bias?: boolean;
}

/** The names of `Conv2dOptions`. */
export const CONV2D_OPTIONS: readonly string[] = [...WINDOW_OPTIONS, "dilation", "groups", "bias"];

/** A convolution with `outChannels` filters: `[channels, height, width]` → `[outChannels, …]`. */
export function conv2d(outChannels: number, options: Conv2dOptions): Conv2dLayer {
  expectOptions("conv2d: options", options, CONV2D_OPTIONS);
  const { groups = 1, bias = true } = options;
  expectFinite("conv2d: groups", groups);
  expectBoolean("conv2d: bias", bias);
  return {
    kind: "conv2d",
    outChannels,
    kernel: pair(options.kernel, "conv2d: kernel"),
    stride: pair(options.stride ?? 1, "conv2d: stride"),
    padding: sides(options.padding ?? 0, "conv2d: padding"),
    dilation: pair(options.dilation ?? 1, "conv2d: dilation"),
    groups,
    bias,
  };
}

/** Convolution: weight `[out, in/groups, kh, kw]`, bias `[out]`. Starts from the paper's normal, std √(2/(k·k·out)). */
export const conv2dDefinition: LayerDefinition<Conv2dLayer> = {
  fields: {
    outChannels: positive,
    ...windowFields,
    dilation: pairField,
    groups: positive,
    bias: z.boolean(),
  },
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
  multiplyAdds: (layer, [input], output) => multiplyAddsOfConv2d(windowGeometry(layer, input, output)),
  sums(layer, { inputShapes: [input], outputShape, parameter }) {
    const weight = parameter("weight");
    return {
      each: (take) =>
        eachTap(windowGeometry(layer, input, outputShape), (at, count, output, feature, step) =>
          take(weight[at], count, output, 1, feature, step),
        ),
      offset: biasByOutput(layer, outputShape, parameter),
      roundings: WEIGHT_AND_PRODUCT,
      diagonal: false,
    };
  },
  onnx: (layer, _inputs, tensors) => [
    {
      op: "Conv",
      tensors: affineParameters(layer, tensors),
      attributes: { ...windowAttributes(layer), dilations: layer.dilation, group: layer.groups },
    },
  ],
};
