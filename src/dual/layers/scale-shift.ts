import type { ScaleShiftLayer } from "../../network/layers/scale-shift.js";
import { scaleShiftConstants } from "../../network/layers/scale-shift.js";
import type { AffineRule } from "../dual-layer.js";
import { diagonalDual } from "./diagonal.js";

/** Dual of a constant scale and shift, data normalisation above all. Exact. */
export const scaleShift: AffineRule<ScaleShiftLayer> = {
  form: "affine",
  bind(tape, layer, context) {
    const { scale, shift } = scaleShiftConstants(tape, layer, context.inputShapes[0]);
    return diagonalDual(tape, scale, shift, context.inputShapes[0]);
  },
};
