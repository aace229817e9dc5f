import { AutodualError } from "../errors.js";
import type { ClaimedEvaluation } from "../formats/certificate/schema.js";

/** A claim that does not hold, or that this checker cannot decide: in one line. */
export class Refusal extends AutodualError {}

/** Bounds of every feature of a node. */
export interface NeuronBox {
  readonly lower: Float64Array;
  readonly upper: Float64Array;
}

/** The roundings of the machine that runs the network, which need not be this one. */
export interface Machine {
  /** u: an operation is off by at most this fraction of its exact result. */
  readonly unit: number;
  /** What is lost at most of numbers so small that their digits end, or that they are taken for 0. */
  readonly tiny: number;
  /** By how much tanh and sigmoid may be off. */
  readonly smooth: number;
  /** Larger values, and factors above its root, are refused: no product of a value and two factors then overflows. */
  readonly most: number;
}

export const MACHINES: Readonly<Record<ClaimedEvaluation, Machine>> = {
  float32: { unit: 2 ** -24, tiny: 2 ** -149, smooth: 2 ** -20, most: 2 ** 60 },
  "float32-ftz": { unit: 2 ** -23, tiny: 2 ** -126, smooth: 2 ** -19, most: 2 ** 60 },
  float64: { unit: 2 ** -53, tiny: 2 ** -1074, smooth: 2 ** -49, most: 2 ** 400 },
  real: { unit: 0, tiny: 0, smooth: 0, most: 2 ** 400 },
};

/** More than underflow takes away from any sum of ours, whose numbers are at most 2⁴⁰⁰. */
export const FLOOR = 2 ** -400;

/** γ(k) = k·u/(1 − k·u): what k roundings come to, relatively, in whatever order. Rounded up. */
export function gamma(count: number, unit = 2 ** -53): number {
  const product = count * unit;
  return product < 0.5 ? (product / (1 - product)) * (1 + 2 ** -40) : Number.POSITIVE_INFINITY;
}

/** Less, and more, than what x was rounded from, by up to two units in its last place. */
export const down = (x: number): number => x - (Math.abs(x) * 2 ** -52 + 2 ** -1070);
export const up = (x: number): number => -down(-x);
