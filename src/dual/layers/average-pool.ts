import { apply, conv2d, conv2dSelect, conv2dTranspose } from "../../autodiff/index.js";
import type { AveragePoolLayer } from "../../network/layer.js";
import { averagePoolWeight } from "../../network/layers/average-pool.js";
import { windowGeometry } from "../../network/layers/window.js";
import type { AffineRule } from "../dual-layer.js";

/** Dual of average pooling: a convolution by channel with constant weights. Exact. */
export const averagePool: AffineRule<AveragePoolLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    const weight = averagePoolWeight(tape, layer, geometry.inChannels);
    return {
      kind: "affine",
      coupling: "mixing",
      offset: undefined,
      push: (tape, [x]) => conv2d(tape, weight, x, undefined, geometry),
      pull: (tape, nu) => [conv2dTranspose(tape, weight, nu, geometry)],
      collect: () => ({}),
      absolute(tape, [radius], order) {
        if (order === 1) return conv2d(tape, weight, radius, undefined, geometry);
        const squared = apply(tape, { kind: "square" }, weight);
        const sum = conv2d(tape, squared, apply(tape, { kind: "square" }, radius), undefined, geometry);
        return apply(tape, { kind: "sqrt" }, sum);
      },
      select: (tape, index) => conv2dSelect(tape, weight, index, geometry),
    };
  },
};
