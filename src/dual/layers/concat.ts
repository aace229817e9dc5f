import { concat as concatOp, slice } from "../../autodiff/index.js";
import type { LayerContext } from "../../network/layers/definition.js";
import type { ConcatLayer } from "../../network/layers/join.js";
import { sizeOf } from "../../network/shape.js";
import { positionwiseCost } from "../cost.js";
import type { AffineRule, CroppedLayer, Patch } from "../dual-layer.js";

/** Features of ν side by side. */
function range(from: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => from + i);
}

/** Images are stacked along their channels. */
function cropped({ inputShapes }: LayerContext, patch: Patch): CroppedLayer {
  const sizes = inputShapes.map(([channels]) => channels * patch.height * patch.width);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  return {
    input: patch,
    multiplyAdds: sizes.reduce((sum, size) => sum + positionwiseCost(size), 0),
    passes: true,
    back: (tape, nu) => ({ nus: sizes.map((size, i) => slice(tape, nu, starts[i], size)) }),
    parts: () => sizes.map((size, i) => range(starts[i], size)),
  };
}

/** Dual of stacking: each branch gets its part of ν. Exact. */
export const concat: AffineRule<ConcatLayer> = {
  form: "affine",
  bind(_tape, _layer, context) {
    const sizes = context.inputShapes.map(sizeOf);
    const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
    return {
      kind: "affine",
      coupling: "join",
      offset: undefined,
      roundings: { forward: 0, backward: 0 },
      push: (tape, inputs) => concatOp(tape, inputs),
      back: (tape, nu) => ({ nus: sizes.map((size, i) => slice(tape, nu, starts[i], size)) }),
      parts: () => sizes.map((size, i) => range(starts[i], size)),
      ...(context.outputShape.length === 3 && { crop: (patch: Patch) => cropped(context, patch) }),
      absolute: (tape, radii) => concatOp(tape, radii),
    };
  },
};
