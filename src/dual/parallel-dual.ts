import { add, apply, dot, enclose, scaleShift, type Tape, type Variable } from "../autodiff/index.js";
import type { Weighted } from "../compute/backend.js";
import { OWN } from "../compute/owners.js";
import { expectNumbers, expectRecord } from "../errors.js";
import type { Shape } from "../network/shape.js";
import type { ParallelDual } from "./dual-layer.js";
import { type PositionwiseBack, positionwise } from "./patch.js";

/** Slope d, shift m and radius ρ of every neuron, each `[n, examples]`: d·z + m − ρ ≤ σ(z) ≤ d·z + m + ρ, ρ ≥ 0. */
export interface EnclosingLines {
  readonly slope: Variable;
  readonly shift: Variable;
  readonly radius: Variable;
}

/**
 * The dual layer of parallel lines around a function of each feature by itself, for an output of this shape. Backward it
 * collects mᵀν − ρᵀ|ν|, then ν ← d ⊙ ν; forward v ← d ⊙ v + m, G ← d ⊙ G with the columns diag(ρ) appended. `magnitude` gives
 * |d| where slopes are known not to be negative; if left out it is computed; so for `constants`, |m| + ρ.
 */
export function parallelDual(
  lines: EnclosingLines,
  shape: Shape,
  magnitude: (slope: Variable, tape: Tape) => Variable = (d, tape) => apply(tape, { kind: "abs" }, d),
  constants?: (lines: EnclosingLines) => readonly Weighted<Variable>[],
): ParallelDual {
  expectRecord("parallelDual: lines", lines);
  expectNumbers("parallelDual: shape", shape);
  const { slope, shift, radius } = lines;
  const back: PositionwiseBack = (tape, nu, want, look) => {
    const [slopes, radii] = [look(slope, "by example"), look(radius, "by example")];
    const enclosed = enclose(tape, nu, slopes.values, radii.values, slopes.owners);
    const step = { nus: [enclosed.nu], radius: enclosed.radius };
    if (!want.centre) return step;
    return { ...step, centre: dot(tape, nu, look(shift, "by example").values, slopes.owners) };
  };
  return {
    kind: "parallel",
    coupling: "diagonal",
    slope,
    shift,
    radius,
    push: (tape, [x], owners) => scaleShift(tape, x, slope, undefined, owners),
    absolute: (tape, r) => scaleShift(tape, r, magnitude(slope, tape), undefined, OWN),
    magnitude: (tape) => magnitude(slope, tape),
    ...(constants && { constants: () => constants({ slope, shift, radius }) }),
    widened: (tape, by) => ({
      ...parallelDual({ slope, shift, radius: add(tape, radius, by) }, shape, magnitude, constants),
      widening: { own: radius, by },
    }),
    ...positionwise(shape, back, (look, want) => {
      const [slopes, radii] = [look(slope, "by example"), look(radius, "by example")];
      const { values, ...reading } = slopes;
      const shifted = want.centre ? { shift: look(shift, "by example").values.value } : {};
      return [{ kind: "enclose", slope: values.value, radius: radii.values.value, ...shifted, ...reading }];
    }),
  };
}
