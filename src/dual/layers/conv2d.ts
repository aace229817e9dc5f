import {
  apply,
  conv2d as conv2dOp,
  conv2dSelect,
  conv2dTranspose,
  dot,
  gather,
} from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import type { Conv2dLayer } from "../../network/layer.js";
import { windowGeometry } from "../../network/layers/window.js";
import { sizeOf } from "../../network/shape.js";
import type { AffineRule } from "../dual-layer.js";

/** Dual of a convolution: ν through the transposed convolution, collects the channels' bias. Exact. */
export const conv2d: AffineRule<Conv2dLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const weight = context.parameter("weight");
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const features = sizeOf(context.outputShape);
    const channelOf = Int32Array.from({ length: features }, (_, f) =>
      Math.floor((f * geometry.outChannels) / features),
    );
    const offset = layer.bias ? gather(tape, context.parameter("bias"), channelOf) : undefined;
    return {
      kind: "affine",
      coupling: "mixing",
      offset,
      push: (tape, [x]) => conv2dOp(tape, weight, x, undefined, geometry),
      pull: (tape, nu) => [conv2dTranspose(tape, weight, nu, geometry)],
      collect: (tape, nu, _owners, want) =>
        want.centre && offset ? { centre: dot(tape, nu, offset, SHARED) } : {},
      absolute(tape, [radius], order) {
        if (order === 1) {
          return conv2dOp(tape, apply(tape, { kind: "abs" }, weight), radius, undefined, geometry);
        }
        const squared = apply(tape, { kind: "square" }, weight);
        const sum = conv2dOp(tape, squared, apply(tape, { kind: "square" }, radius), undefined, geometry);
        return apply(tape, { kind: "sqrt" }, sum);
      },
      select: (tape, index) => conv2dSelect(tape, weight, index, geometry),
    };
  },
};
