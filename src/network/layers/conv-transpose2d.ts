import * as z from "zod";
import {
  gather,
  scaleShift,
  type Tape,
  conv2dTranspose as transposeOp,
  type Variable,
} from "../../autodiff/index.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import { multiplyAddsOfConv2d } from "../../compute/operations.js";
import { SHARED } from "../../compute/owners.js";
import { expectOptions, ShapeError } from "../../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { CONV2D_OPTIONS, type Conv2dOptions, conv2d } from "./conv2d.js";
import { biasByOutput, checkChannels, convolutionParameters } from "./convolution.js";
import { type LayerContext, type LayerDefinition, onlyShape } from "./definition.js";
import { affineParameters } from "./exported-node.js";
import { type Pair, type PairLike, pair, type Sides } from "./extents.js";
import { pairField, positive, whole, windowFields } from "./fields.js";
import { WEIGHT_AND_PRODUCT } from "./sums.js";
import { checkWindow, eachTap, windowAttributes } from "./window.js";

/**
 * The transpose of a convolution, from its output's shape to its input's. Padding is the convolution's, so it is cut off
 * here; `outputPadding` adds lines at the bottom and right that a stride leaves open.
 */
export interface ConvTranspose2dLayer {
  readonly kind: "conv-transpose2d";
  readonly outChannels: number;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly outputPadding: Pair;
  readonly dilation: Pair;
  readonly groups: number;
  readonly bias: boolean;
}

/** The transpose of a convolution: enlarges an image by its stride. */
export function convTranspose2d(
  outChannels: number,
  options: Conv2dOptions & { readonly outputPadding?: PairLike },
): ConvTranspose2dLayer {
  expectOptions("convTranspose2d: options", options, [...CONV2D_OPTIONS, "outputPadding"]);
  const { outputPadding: more = 0, ...window } = options;
  const { kernel, stride, padding, dilation, groups, bias } = conv2d(outChannels, window);
  const outputPadding = pair(more, "convTranspose2d: outputPadding");
  return {
    kind: "conv-transpose2d",
    outChannels,
    kernel,
    stride,
    padding,
    outputPadding,
    dilation,
    groups,
    bias,
  };
}

/**
 * The transpose of a convolution: weight `[in, out/groups, kh, kw]`, as the convolution that it transposes has it, bias
 * `[out]`. An extent becomes (n − 1)·stride + reach + outputPadding − padding.
 */
export const convTranspose2dDefinition: LayerDefinition<ConvTranspose2dLayer> = {
  fields: {
    outChannels: positive,
    ...windowFields,
    outputPadding: z.tuple([whole, whole]),
    dilation: pairField,
    groups: positive,
    bias: z.boolean(),
  },
  outputShape(layer, inputs, name) {
    const shape = onlyShape(inputs, "conv-transpose2d", name);
    if (shape.length !== 3) {
      throw new ShapeError(
        `${name}: conv-transpose2d takes channels×height×width, got ${formatShape(shape)}`,
      );
    }
    checkWindow({ ...layer, padding: [...layer.padding, ...layer.outputPadding] }, name);
    checkChannels(layer, shape[0], name);
    const [top, left, bottom, right] = layer.padding;
    const extent = (i: 0 | 1, before: number, after: number): number => {
      const reach = layer.dilation[i] * (layer.kernel[i] - 1) + 1;
      const open = (shape[i + 1] - 1) * layer.stride[i] + reach + layer.outputPadding[i];
      if (open - before - after < 1) {
        throw new ShapeError(`${name}: padding ${before + after} leaves nothing of an extent of ${open}`);
      }
      return open - before - after;
    };
    return [layer.outChannels, extent(0, top, bottom), extent(1, left, right)];
  },
  parameters(layer, [[channels]]) {
    const [kh, kw] = layer.kernel;
    const shape = [channels, layer.outChannels / layer.groups, kh, kw];
    return convolutionParameters(layer, shape, Math.sqrt(2 / (kh * kw * channels)));
  },
  forward(tape, layer, context, [x]) {
    const geometry = transposedGeometry(layer, context.inputShapes[0], context.outputShape);
    const value = transposeOp(tape, context.parameter("weight"), x, geometry);
    const bias = biasByFeature(tape, layer, context);
    return bias ? scaleShift(tape, value, undefined, bias, SHARED) : value;
  },
  multiplyAdds: (layer, [input], output) => multiplyAddsOfConv2d(transposedGeometry(layer, input, output)),
  sums(layer, { inputShapes: [input], outputShape, parameter }) {
    const weight = parameter("weight");
    return {
      // The convolution that is transposed goes from the layer's output to its input.
      each: (take) =>
        eachTap(transposedGeometry(layer, input, outputShape), (at, count, feature, output, step) =>
          take(weight[at], count, output, step, feature, 1),
        ),
      offset: biasByOutput(layer, outputShape, parameter),
      roundings: WEIGHT_AND_PRODUCT,
      diagonal: false,
    };
  },
  onnx: (layer, _inputs, tensors) => [
    {
      op: "ConvTranspose",
      tensors: affineParameters(layer, tensors),
      attributes: {
        ...windowAttributes(layer),
        output_padding: layer.outputPadding,
        dilations: layer.dilation,
        group: layer.groups,
      },
    },
  ],
};

/** The bias of every output feature, `[out, 1]`, if there is one. */
export function biasByFeature(
  tape: Tape,
  { bias, outChannels }: ConvTranspose2dLayer,
  context: LayerContext,
): Variable | undefined {
  if (!bias) return undefined;
  const positions = sizeOf(context.outputShape) / outChannels;
  const channelOf = Int32Array.from({ length: outChannels * positions }, (_, f) => f / positions);
  return gather(tape, context.parameter("bias"), channelOf);
}

/** The geometry of the convolution that is transposed: from the layer's output to its input. */
export function transposedGeometry(layer: ConvTranspose2dLayer, input: Shape, output: Shape): Conv2dGeometry {
  return {
    inChannels: output[0],
    inHeight: output[1],
    inWidth: output[2],
    outChannels: input[0],
    outHeight: input[1],
    outWidth: input[2],
    kernelHeight: layer.kernel[0],
    kernelWidth: layer.kernel[1],
    strideHeight: layer.stride[0],
    strideWidth: layer.stride[1],
    padTop: layer.padding[0],
    padLeft: layer.padding[1],
    dilationHeight: layer.dilation[0],
    dilationWidth: layer.dilation[1],
    groups: layer.groups,
  };
}
