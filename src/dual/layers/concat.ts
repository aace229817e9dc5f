import { concat as concatOp, slice } from "../../autodiff/index.js";
import type { ConcatLayer } from "../../network/layers/join.js";
import { sizeOf } from "../../network/shape.js";
import type { AffineRule } from "../dual-layer.js";

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
      absolute: (tape, radii) => concatOp(tape, radii),
    };
  },
};
