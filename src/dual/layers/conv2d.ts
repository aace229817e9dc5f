import { gather } from "../../autodiff/index.js";
import type { Conv2dLayer } from "../../network/layers/conv2d.js";
import { windowGeometry } from "../../network/layers/window.js";
import { sizeOf } from "../../network/shape.js";
import type { AffineRule } from "../dual-layer.js";
import { convolutionDual } from "./convolution.js";

/** Dual of a convolution: ν through the transposed convolution, collects the channels' bias. Exact. */
export const conv2d: AffineRule<Conv2dLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const positions = geometry.outHeight * geometry.outWidth;
    const channelOf = new Int32Array(sizeOf(context.outputShape));
    for (let f = 0; f < channelOf.length; f++) channelOf[f] = f / positions;
    const offset = layer.bias ? gather(tape, context.parameter("bias"), channelOf) : undefined;
    return convolutionDual(tape, context.parameter("weight"), offset, geometry);
  },
};
