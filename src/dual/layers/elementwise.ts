import {
  adaptiveLines,
  add,
  apply,
  combine,
  dot,
  norm,
  parallelLines,
  scaleBySign,
  scaleShift,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { Activation } from "../../compute/elementwise.js";
import { OWN } from "../../compute/owners.js";
import type { Bounds, EnclosedRule, ParallelDual, TwoLineDual } from "../dual-layer.js";

/**
 * The dual of an elementwise activation: slope d, shift m, radius ρ. Backward: collects mᵀν − ρᵀ|ν|, then ν ← d ⊙ ν.
 * Forward: v ← d ⊙ v + m, G ← d ⊙ G with the columns diag(ρ) appended. `isFixed(ℓ, u)` says where the lines meet the
 * activation exactly, so that tighter bounds would change nothing.
 */
export function elementwiseRule<A extends Activation>(
  isFixed: (layer: A, lower: number, upper: number) => boolean,
): EnclosedRule<A> {
  return {
    form: "enclosed",
    parallel: (tape, layer, _context, bounds) => parallelDual(tape, layer, bounds),
    adaptive: (tape, layer, _context, bounds) => twoLineDual(tape, layer, bounds),
    interval: (tape, layer, _context, { lower, upper }) => ({
      lower: apply(tape, layer, lower),
      upper: apply(tape, layer, upper),
    }),
    open(layer, _context, lower, upper) {
      const flags = new Uint8Array(lower.length);
      for (let i = 0; i < flags.length; i++) flags[i] = isFixed(layer, lower[i], upper[i]) ? 0 : 1;
      return flags;
    },
  };
}

function parallelDual(tape: Tape, activation: Activation, { lower, upper }: Bounds): ParallelDual {
  const { slope, shift, radius } = parallelLines(tape, activation, lower, upper);
  return {
    kind: "parallel",
    coupling: "diagonal",
    shift,
    radius,
    push: (tape, [x], owners) => scaleShift(tape, x, slope, undefined, owners),
    pull: (tape, nu, owners) => [scaleShift(tape, nu, slope, undefined, owners)],
    collect: (tape, nu, owners, want) => ({
      centre: want.centre ? dot(tape, nu, shift, owners) : undefined,
      radius: norm(tape, nu, radius, owners, 1),
    }),
    // Slopes of monotone activations are never negative.
    absolute: (tape, r) => scaleShift(tape, r, slope, undefined, OWN),
  };
}

function twoLineDual(tape: Tape, activation: Activation, { lower, upper }: Bounds): TwoLineDual {
  const lines = adaptiveLines(tape, activation, lower, upper);
  // A lower bound takes the lower line where ν > 0 and the upper line where ν < 0:
  // p·ν₊ + n·ν₋ = (p + n)/2·ν + (p − n)/2·|ν| for the shifts p and n.
  const half = (sign: 1 | -1): Variable => combine(tape, 0.5, lines.lowerShift, 0.5 * sign, lines.upperShift);
  const even = half(1);
  const odd = half(-1);
  return {
    kind: "two-lines",
    pull: (tape, nu, owners) => [scaleBySign(tape, nu, lines.lowerSlope, lines.upperSlope, owners)],
    collect: (tape, nu, owners) => ({
      centre: add(tape, dot(tape, nu, even, owners), norm(tape, nu, odd, owners, 1)),
    }),
  };
}
