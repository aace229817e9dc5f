import type { AveragePoolLayer } from "../../network/layers/average-pool.js";
import { averagePoolWeight } from "../../network/layers/average-pool.js";
import { windowGeometry } from "../../network/layers/window.js";
import type { AffineRule } from "../dual-layer.js";
import { convolutionDual } from "./convolution.js";

/** Dual of average pooling: a convolution by channel with constant weights. Exact. */
export const averagePool: AffineRule<AveragePoolLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const geometry = windowGeometry(layer, context.inputShapes[0], context.outputShape);
    return convolutionDual(tape, averagePoolWeight(tape, layer, geometry.inChannels), undefined, geometry);
  },
};
