import {
  adaptiveLines,
  add,
  apply,
  combine,
  crop,
  dot,
  multiply,
  norm,
  parallelLines,
  scaleBySign,
  scaleShift,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { Activation } from "../../compute/elementwise.js";
import { OWN } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type {
  Bounds,
  Collected,
  DualLayer,
  EnclosedRule,
  NeuronState,
  ParallelDual,
  TwoLineDual,
} from "../dual-layer.js";
import { cropWindow } from "../patch.js";

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
    crop: croppedBy(shape, (tape, place) => ({
      pull: (nu) => multiply(tape, nu, place(slope)),
      collect: (nu, want) => ({
        centre: want.centre ? dot(tape, nu, place(shift), OWN) : undefined,
        radius: norm(tape, nu, place(radius), OWN, 1),
      }),
    })),
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
  return {
    kind: "two-lines",
    pull: (tape, nu, owners) => [scaleBySign(tape, nu, lines.lowerSlope, lines.upperSlope, owners)],
    collect: (tape, nu, owners) => ({
      centre: add(tape, dot(tape, nu, even, owners), norm(tape, nu, odd, owners, 1)),
    }),
    crop: croppedBy(shape, (tape, place) => ({
      pull: (nu) => scaleBySign(tape, nu, place(lines.lowerSlope), place(lines.upperSlope), OWN),
      collect: (nu) => ({
        centre: add(tape, dot(tape, nu, place(even), OWN), norm(tape, nu, place(odd), OWN, 1)),
      }),
    })),
  };
}

type Place = (coefficients: Variable) => Variable;

/** A layer whose numbers, one a neuron and example, are cropped to each row's patch. Absent for flat layers. */
function croppedBy(
  shape: Shape,
  act: (
    tape: Tape,
    place: Place,
  ) => {
    pull(nu: Variable): Variable;
    collect(nu: Variable, want: { readonly centre: boolean }): Collected;
  },
): DualLayer["crop"] {
  if (shape.length !== 3) return undefined;
  return (patch, owners) => {
    const window = cropWindow(shape, patch);
    const placeOn =
      (tape: Tape): Place =>
      (coefficients) =>
        crop(tape, coefficients, owners, window);
    return {
      input: patch,
      pull: (tape, nu) => act(tape, placeOn(tape)).pull(nu),
      collect: (tape, nu, want) => act(tape, placeOn(tape)).collect(nu, want),
    };
  };
}
