import { gather, type Variable } from "../../autodiff/index.js";
import type { BatchNormLayer } from "../../network/layers/batch-norm.js";
import { batchNormCoefficients } from "../../network/layers/batch-norm.js";
import { sizeOf } from "../../network/shape.js";
import type { AffineRule } from "../dual-layer.js";
import { diagonalDual } from "./diagonal.js";

/** Dual of batch normalisation with its statistics fixed (Appendix B.5): a scale and shift by channel. Exact. */
export const batchNorm: AffineRule<BatchNormLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const { scale, shift, magnitude, steps } = batchNormCoefficients(tape, layer, context);
    const [shape] = context.inputShapes;
    const positions = sizeOf(shape) / shape[0];
    const channelOf = new Int32Array(sizeOf(shape));
    for (let c = 0; c < shape[0]; c++) channelOf.fill(c, c * positions, (c + 1) * positions);
    const byFeature = (x: Variable): Variable => gather(tape, x, channelOf);
    return diagonalDual(tape, byFeature(scale), byFeature(shift), shape, {
      offsetMagnitude: byFeature(magnitude()),
      intermediates: () => {
        const between = steps();
        return { scale: byFeature(between.scale), offset: byFeature(between.offset) };
      },
    });
  },
};
