import { type Activation, activationDefinition } from "../../activations/index.js";
import {
  adaptiveLines,
  add,
  apply,
  combine,
  dot,
  enclose,
  norm,
  parallelLines,
  scaleBySign,
  scaleShift,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import { OWN } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { Bounds, EnclosedRule, ParallelDual, TwoLineDual } from "../dual-layer.js";
import { type PositionwiseBack, positionwise } from "../patch.js";

/**
 * The dual of every elementwise activation: slope d, shift m, radius ρ. Backward: collects mᵀν − ρᵀ|ν|, then ν ← d ⊙ ν.
 * Forward: v ← d ⊙ v + m, G ← d ⊙ G with the columns diag(ρ) appended. Which lines, and where they meet the activation
 * exactly, so that tighter bounds would not change them, stands in the activation's definition.
 */
export const elementwise: EnclosedRule<Activation> = {
  form: "enclosed",
  parallel: (tape, layer, context, bounds) => parallelDual(tape, layer, context.outputShape, bounds),
  adaptive: (tape, layer, context, bounds) => twoLineDual(tape, layer, context.outputShape, bounds),
  interval: (tape, layer, _context, { lower, upper }) => ({
    lower: apply(tape, layer, lower),
    upper: apply(tape, layer, upper),
  }),
  states(layer, _context, lower, upper) {
    const definition = activationDefinition(layer);
    const states = new Uint8Array(lower.length);
    for (let i = 0; i < states.length; i++) states[i] = definition.state(layer, lower[i], upper[i]);
    return states;
  },
};

function parallelDual(
  tape: Tape,
  activation: Activation,
  shape: Shape,
  { lower, upper }: Bounds,
): ParallelDual {
  const { slope, shift, radius } = parallelLines(tape, activation, lower, upper);
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
    // Slopes of monotone activations are never negative.
    absolute: (tape, r) => scaleShift(tape, r, slope, undefined, OWN),
    ...positionwise(shape, back, (look) => {
      const [slopes, radii] = [look(slope, "by example"), look(radius, "by example")];
      const { owners } = slopes;
      return { kind: "enclose", slope: slopes.values.value, radius: radii.values.value, owners };
    }),
  };
}

function twoLineDual(
  tape: Tape,
  activation: Activation,
  shape: Shape,
  { lower, upper }: Bounds,
): TwoLineDual {
  const lines = adaptiveLines(tape, activation, lower, upper);
  // A lower bound takes the lower line where ν > 0 and the upper line where ν < 0:
  // p·ν₊ + n·ν₋ = (p + n)/2·ν + (p − n)/2·|ν| for the shifts p and n.
  const half = (sign: 1 | -1): Variable => combine(tape, 0.5, lines.lowerShift, 0.5 * sign, lines.upperShift);
  const even = half(1);
  const odd = half(-1);
  const back: PositionwiseBack = (tape, nu, _want, look) => {
    const [lower, upper] = [look(lines.lowerSlope, "by example"), look(lines.upperSlope, "by example")];
    const { owners } = lower;
    const size = norm(tape, nu, look(odd, "by example").values, owners, 1);
    return {
      nus: [scaleBySign(tape, nu, lower.values, upper.values, owners)],
      centre: add(tape, dot(tape, nu, look(even, "by example").values, owners), size),
    };
  };
  return { kind: "two-lines", ...positionwise(shape, back) };
}
