import { type Activation, activationDefinition } from "../../activations/index.js";
import {
  adaptiveLines,
  apply,
  combine,
  multiply,
  parallelLines,
  scaleBy,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";

/** A line per neuron: slope·z + shift, each `[n, columns]`; no shift is a shift of zero. */
export interface Line {
  readonly slope: Variable;
  readonly shift?: Variable;
}

/**
 * Lines that enclose an activation over pre-activation bounds. Every mix w·first + (1 − w)·second of two lower lines, with
 * w between 0 and 1, is a lower line again, and so with upper ones: what the weights are chosen for. A single line leaves
 * no choice.
 */
export interface Enclosure {
  readonly lower: readonly [Line] | readonly [Line, Line];
  readonly upper: readonly [Line] | readonly [Line, Line];
  /** Weights to begin with, those of CROWN's lines, `[n, columns]`. */
  readonly start: Variable;
}

/** The lines of an activation over [ℓ, u], each `[n, columns]`. */
export function enclosureOf(tape: Tape, activation: Activation, lower: Variable, upper: Variable): Enclosure {
  const mix = activationDefinition(activation).mix(activation);
  switch (mix.kind) {
    case "kinked at zero":
      return kinkedAtZero(tape, activation, lower, upper, mix.below);
    case "between known":
      return betweenKnown(tape, activation, lower, upper);
    default:
      return mix satisfies never;
  }
}

/** max(slope·z, z): the chord above; below, where z may have either sign, any slope from `slope` to 1. */
function kinkedAtZero(
  tape: Tape,
  activation: Activation,
  lower: Variable,
  upper: Variable,
  slope: number,
): Enclosure {
  const lines = parallelLines(tape, activation, lower, upper);
  // A radius says that neither piece alone is the function: 1 there, else 0.
  const unstable = apply(tape, { kind: "sign" }, lines.radius);
  const settled = combine(tape, 1, lines.slope, -1, multiply(tape, unstable, lines.slope));
  const near = adaptiveLines(tape, activation, lower, upper);
  return {
    start: apply(
      tape,
      { kind: "hardtanh", minimum: 0, maximum: 1 },
      scaleBy(tape, near.lowerSlope, 1 / (1 - slope), -slope / (1 - slope)),
    ),
    lower: [
      { slope: combine(tape, 1, settled, 1, unstable) },
      { slope: slope === 0 ? settled : combine(tape, 1, settled, slope, unstable) },
    ],
    upper: [{ slope: lines.slope, shift: combine(tape, 1, lines.shift, 1, lines.radius) }],
  };
}

/** CROWN's lines and the parallel ones. */
function betweenKnown(tape: Tape, activation: Activation, lower: Variable, upper: Variable): Enclosure {
  const near = adaptiveLines(tape, activation, lower, upper);
  const { slope, shift, radius } = parallelLines(tape, activation, lower, upper);
  const { features, rows } = near.lowerSlope.value;
  return {
    start: tape.own(tape.backend.filled(features, rows, 1)),
    lower: [
      { slope: near.lowerSlope, shift: near.lowerShift },
      { slope, shift: combine(tape, 1, shift, -1, radius) },
    ],
    upper: [
      { slope: near.upperSlope, shift: near.upperShift },
      { slope, shift: combine(tape, 1, shift, 1, radius) },
    ],
  };
}
