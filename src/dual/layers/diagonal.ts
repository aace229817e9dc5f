import { apply, crop, multiply, scaleShift, type Tape, type Variable } from "../../autodiff/index.js";
import { SHARED } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { AffineDual } from "../dual-layer.js";
import { backByPatch, dotWithin, type PatchBack } from "../patch.js";

/** Dual of z = s ⊙ x + b with s and b as `[features, 1]`: ν ← s ⊙ ν, collects bᵀν. Exact. */
export function diagonalDual(tape: Tape, scale: Variable, offset: Variable, shape: Shape): AffineDual {
  const magnitude = apply(tape, { kind: "abs" }, scale);
  const back: PatchBack = (tape, nu, _owners, want, window) => ({
    nus: [
      window
        ? multiply(tape, nu, crop(tape, scale, SHARED, window))
        : scaleShift(tape, nu, scale, undefined, SHARED),
    ],
    centre: want.centre ? dotWithin(tape, nu, offset, SHARED, window) : undefined,
  });
  return {
    kind: "affine",
    coupling: "diagonal",
    offset,
    push: (tape, [x]) => scaleShift(tape, x, scale, undefined, SHARED),
    absolute: (tape, [radius]) => scaleShift(tape, radius, magnitude, undefined, SHARED),
    ...backByPatch(shape, back),
  };
}
