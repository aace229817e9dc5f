import type { Activation, ActivationKind } from "../activations/index.js";
import { activationDefinition } from "../activations/index.js";

/** Between which slopes (σ(a) − σ(b))/(a − b) lies, whatever a and b in an interval are. */
export type SlopeRange = readonly [least: number, most: number];

/** A number of a model is off by less than this fraction once it has entered an evaluation's format. */
const ENTERED = 2 ** -22;
/** Covers the rounding of derivatives that are computed. */
const COMPUTED = 2 ** -40;

type RangeOf<A> = (activation: A, lower: number, upper: number) => SlopeRange;

/** Slope `below` up to 0 and 1 from there on. */
function kinked(below: number, lower: number, upper: number): SlopeRange {
  if (lower >= 0) return [1, 1];
  if (upper <= 0) return [below, below];
  return [Math.min(below, 1), Math.max(below, 1)];
}

/** A curve whose slope falls on both sides of 0. */
function bell(activation: Activation, lower: number, upper: number): SlopeRange {
  const { derivative } = activationDefinition(activation).scalar(activation);
  const least = Math.min(derivative(lower), derivative(upper));
  const most = derivative(Math.min(Math.max(0, lower), upper));
  return [least * (1 - COMPUTED), most * (1 + COMPUTED) + Number.MIN_VALUE];
}

const RANGES: { readonly [K in ActivationKind]?: RangeOf<Extract<Activation, { readonly kind: K }>> } = {
  relu: (_activation, lower, upper) => kinked(0, lower, upper),
  "leaky-relu": ({ slope }, lower, upper) => kinked(slope, lower, upper),
  hardtanh({ minimum, maximum }, lower, upper) {
    // The ends are rounded when they enter, to the same numbers in all evaluations of a format.
    const [low, high] = [ENTERED * Math.abs(minimum), ENTERED * Math.abs(maximum)];
    if (lower >= minimum + low && upper <= maximum - high) return [1, 1];
    if (upper <= minimum - low || lower >= maximum + high) return [0, 0];
    return [0, 1];
  },
  tanh: bell,
  sigmoid: bell,
};

/**
 * The slopes of an activation between two points of [ℓ, u]; those of a ReLU are 1 or 0 where its sign is known, else [0, 1].
 * Null for an activation of which they are not known. NaN bounds give NaN.
 */
export function slopeRange(activation: Activation): ((lower: number, upper: number) => SlopeRange) | null {
  const range = RANGES[activation.kind] as RangeOf<Activation> | undefined;
  if (!range) return null;
  return (lower, upper) =>
    Number.isNaN(lower) || Number.isNaN(upper) ? [Number.NaN, Number.NaN] : range(activation, lower, upper);
}
