import {
  apply,
  dot,
  maximum,
  multiply,
  scaleShift,
  type Tape,
  type Variable,
  weightedSum,
} from "../../autodiff/index.js";
import type { BackwardStep } from "../../compute/backend.js";
import { SHARED } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { AffineDual, Intermediates } from "../dual-layer.js";
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
    intermediates: intermediates ?? ((own) => asQuotient(own, magnitude, offset)),
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

/** Also as (x − b/s) · s, or over 1/s: nothing of it may be beyond the numbers, and 1/s no smaller than the normal ones. */
function asQuotient(tape: Tape, magnitude: Variable, offset: Variable): Intermediates {
  const scale = maximum(tape, magnitude, ones(tape, magnitude));
  const root = apply(tape, { kind: "reciprocal-sqrt", offset: 2 ** -126 }, magnitude);
  const inverse = multiply(tape, apply(tape, { kind: "sign" }, magnitude), multiply(tape, root, root));
  const size = apply(tape, { kind: "abs" }, offset);
  const moved = multiply(tape, size, inverse);
  const terms = [size, moved].map((x) => ({ weight: 1, x }));
  return { scale, offset: weightedSum(tape, [...terms, { weight: 8, x: scale }]) };
}
