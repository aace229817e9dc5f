import { apply, dot, maximum, scaleShift, type Tape, type Variable } from "../../autodiff/index.js";
import type { BackwardStep } from "../../compute/backend.js";
import { SHARED } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { AffineDual } from "../dual-layer.js";
import { offsetStep, type PositionwiseBack, positionwise } from "../patch.js";

/** Roundings of a scale that is computed, as batch norm's is, and of the product with it. */
const COEFFICIENT = 8;

/** Dual of z = s ⊙ x + b with s and b as `[features, 1]`: ν ← s ⊙ ν, collects bᵀν. Exact. */
export function diagonalDual(
  tape: Tape,
  scale: Variable,
  offset: Variable,
  shape: Shape,
  { offsetMagnitude, intermediates }: Pick<AffineDual, "offsetMagnitude" | "intermediates"> = {},
): AffineDual {
  const magnitude = apply(tape, { kind: "abs" }, scale);
  const back: PositionwiseBack = (tape, nu, want, look) => {
    const { values, owners } = look(scale, "shared");
    const nus = [scaleShift(tape, nu, values, undefined, owners)];
    if (!want.centre) return { nus };
    return { nus, centre: dot(tape, nu, look(offset, "shared").values, owners) };
  };
  return {
    kind: "affine",
    coupling: "diagonal",
    offset,
    ...(offsetMagnitude && { offsetMagnitude }),
    intermediates:
      intermediates ??
      ((own) => ({
        scale: maximum(own, magnitude, ones(own, magnitude)),
        offset: apply(own, { kind: "abs" }, offset),
      })),
    roundings: { forward: COEFFICIENT, backward: COEFFICIENT },
    push: (tape, [x]) => scaleShift(tape, x, scale, undefined, SHARED),
    absolute: (tape, [radius]) => scaleShift(tape, radius, magnitude, undefined, SHARED),
    ...positionwise(shape, back, (look, want) => {
      const { values, ...reading } = look(scale, "shared");
      const own: BackwardStep = { kind: "scale", scale: values.value, ...reading };
      return want.centre ? [offsetStep(look(offset, "shared")), own] : [own];
    }),
  };
}

function ones(tape: Tape, { value }: Variable): Variable {
  return tape.own(tape.backend.filled(value.features, 1, 1));
}
