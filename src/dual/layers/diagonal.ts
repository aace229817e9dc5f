import { apply, crop, dot, multiply, scaleShift, type Tape, type Variable } from "../../autodiff/index.js";
import { OWN, SHARED } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { AffineDual } from "../dual-layer.js";
import { cropWindow } from "../patch.js";

/** Dual of z = s ⊙ x + b with s and b as `[features, 1]`: ν ← s ⊙ ν, collects bᵀν. Exact. */
export function diagonalDual(tape: Tape, scale: Variable, offset: Variable, shape: Shape): AffineDual {
  const magnitude = apply(tape, { kind: "abs" }, scale);
  return {
    kind: "affine",
    coupling: "diagonal",
    offset,
    push: (tape, [x]) => scaleShift(tape, x, scale, undefined, SHARED),
    pull: (tape, nu) => [scaleShift(tape, nu, scale, undefined, SHARED)],
    collect: (tape, nu, _owners, want) => (want.centre ? { centre: dot(tape, nu, offset, SHARED) } : {}),
    absolute: (tape, [radius]) => scaleShift(tape, radius, magnitude, undefined, SHARED),
    crop:
      shape.length !== 3
        ? undefined
        : (patch) => {
            const window = cropWindow(shape, patch);
            return {
              input: patch,
              pull: (tape, nu) => multiply(tape, nu, crop(tape, scale, SHARED, window)),
              collect: (tape, nu, want) =>
                want.centre ? { centre: dot(tape, nu, crop(tape, offset, SHARED, window), OWN) } : {},
            };
          },
  };
}
