import {
  adaptiveLines,
  add,
  apply,
  combine,
  crop,
  enclose,
  norm,
  parallelLines,
  patchNorm,
  scaleBySign,
  scaleShift,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { Activation } from "../../compute/elementwise.js";
import { OWN } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { Bounds, EnclosedRule, NeuronState, ParallelDual, TwoLineDual } from "../dual-layer.js";
import { backByPatch, dotWithin, type PatchBack } from "../patch.js";

/**
 * The dual of an elementwise activation: slope d, shift m, radius ρ. Backward: collects mᵀν − ρᵀ|ν|, then ν ← d ⊙ ν.
 * Forward: v ← d ⊙ v + m, G ← d ⊙ G with the columns diag(ρ) appended. `stateOf(ℓ, u)` says where
 * the lines meet the activation exactly, so that tighter bounds would not change them.
 */
export function elementwiseRule<A extends Activation>(
  stateOf: (layer: A, lower: number, upper: number) => NeuronState,
): EnclosedRule<A> {
  return {
    form: "enclosed",
    parallel: (tape, layer, context, bounds) => parallelDual(tape, layer, context.outputShape, bounds),
    adaptive: (tape, layer, context, bounds) => twoLineDual(tape, layer, context.outputShape, bounds),
    interval: (tape, layer, _context, { lower, upper }) => ({
      lower: apply(tape, layer, lower),
      upper: apply(tape, layer, upper),
    }),
    states(layer, _context, lower, upper) {
      const states = new Uint8Array(lower.length);
      for (let i = 0; i < states.length; i++) states[i] = stateOf(layer, lower[i], upper[i]);
      return states;
    },
  };
}

function parallelDual(
  tape: Tape,
  activation: Activation,
  shape: Shape,
  { lower, upper }: Bounds,
): ParallelDual {
  const { slope, shift, radius } = parallelLines(tape, activation, lower, upper);
  const back: PatchBack = (tape, nu, owners, want, window) => {
    const enclosed = enclose(tape, nu, slope, radius, owners, window);
    return {
      nus: [enclosed.nu],
      centre: want.centre ? dotWithin(tape, nu, shift, owners, window) : undefined,
      radius: enclosed.radius,
    };
  };
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift,
    radius,
    push: (tape, [x], owners) => scaleShift(tape, x, slope, undefined, owners),
    // Slopes of monotone activations are never negative.
    absolute: (tape, r) => scaleShift(tape, r, slope, undefined, OWN),
    ...backByPatch(shape, back),
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
  const back: PatchBack = (tape, nu, owners, _want, window) => {
    const { lowerSlope, upperSlope } = lines;
    const place = (slope: Variable): Variable => (window ? crop(tape, slope, owners, window) : slope);
    const size = window ? patchNorm(tape, nu, odd, owners, window) : norm(tape, nu, odd, owners, 1);
    return {
      nus: [scaleBySign(tape, nu, place(lowerSlope), place(upperSlope), window ? OWN : owners)],
      centre: add(tape, dotWithin(tape, nu, even, owners, window), size),
    };
  };
  return { kind: "two-lines", ...backByPatch(shape, back) };
}
