import { type Activation, activationDefinition } from "../../activations/index.js";
import {
  activateBox,
  adaptiveLines,
  add,
  apply,
  combine,
  dot,
  maximum,
  norm,
  parallelLines,
  scaleBySign,
  scaleShift,
  subtract,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import { OWN } from "../../compute/owners.js";
import type { Shape } from "../../network/shape.js";
import type { Bounds, EnclosedRule, TwoLineDual } from "../dual-layer.js";
import { parallelDual } from "../parallel-dual.js";
import { type PositionwiseBack, positionwise } from "../patch.js";

/**
 * The dual of every elementwise activation: slope d, shift m, radius ρ. Backward: collects mᵀν − ρᵀ|ν|, then ν ← d ⊙ ν.
 * Forward: v ← d ⊙ v + m, G ← d ⊙ G with the columns diag(ρ) appended. Which lines, and where they meet the activation
 * exactly, so that tighter bounds would not change them, stands in the activation's definition.
 */
export const elementwise: EnclosedRule<Activation> = {
  form: "enclosed",
  parallel: (tape, layer, context, { lower, upper }) =>
    // Slopes of monotone activations are never negative.
    parallelDual(
      parallelLines(tape, layer, lower, upper),
      context.outputShape,
      (slope) => slope,
      // m = ρ.
      layer.kind === "relu" ? ({ radius }) => [{ weight: 2, x: radius }] : undefined,
    ),
  adaptive: (tape, layer, context, bounds) => twoLineDual(tape, layer, context.outputShape, bounds),
  interval: (tape, layer, _context, { lower, upper }) => ({
    lower: apply(tape, layer, lower),
    upper: apply(tape, layer, upper),
  }),
  box: (tape, layer, _context, box) => activateBox(tape, layer, box),
  states(layer, _context, lower, upper) {
    const definition = activationDefinition(layer);
    const states = new Uint8Array(lower.length);
    for (let i = 0; i < states.length; i++) states[i] = definition.state(layer, lower[i], upper[i]);
    return states;
  },
};

type AdaptiveLines = ReturnType<typeof adaptiveLines>;

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
  return betweenLines(lines, half(1), half(-1), shape);
}

function betweenLines(lines: AdaptiveLines, even: Variable, odd: Variable, shape: Shape): TwoLineDual {
  const back: PositionwiseBack = (tape, nu, _want, look) => {
    const [lower, upper] = [look(lines.lowerSlope, "by example"), look(lines.upperSlope, "by example")];
    const { owners } = lower;
    const size = norm(tape, nu, look(odd, "by example").values, owners, 1);
    return {
      nus: [scaleBySign(tape, nu, lower.values, upper.values, owners)],
      centre: add(tape, dot(tape, nu, look(even, "by example").values, owners), size),
    };
  };
  // Slopes of monotone activations are never negative.
  const magnitude = (tape: Tape): Variable => maximum(tape, lines.lowerSlope, lines.upperSlope);
  return {
    kind: "two-lines",
    absolute: (tape, r) => scaleShift(tape, r, magnitude(tape), undefined, OWN),
    magnitude,
    constants: () => [lines.lowerShift, lines.upperShift].map((x) => ({ weight: 1, x, absolute: true })),
    widened: (tape, by) => betweenLines(lines, even, subtract(tape, odd, by), shape),
    ...positionwise(shape, back, (look) => {
      const [lower, upper, own, size] = [lines.lowerSlope, lines.upperSlope, even, odd].map((coefficients) =>
        look(coefficients, "by example"),
      );
      const { values, ...reading } = lower;
      const slopes = { lower: values.value, upper: upper.values.value };
      return [{ kind: "lines", ...slopes, even: own.values.value, odd: size.values.value, ...reading }];
    }),
  };
}
