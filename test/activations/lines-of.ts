import { type Activation, activationDefinition } from "../../src/activations/index.js";
import { LinePair } from "../../src/activations/line-pair.js";

export type Method = "parallel" | "adaptive";
export const METHODS = ["parallel", "adaptive"] as const;
export const SIDES = ["lower", "upper"] as const;

/** An activation's lines over [ℓ, u]. They are written over others: what a case does not set would show. */
export function linesOf(f: Activation, method: Method, lower: number, upper: number): LinePair {
  const out = new LinePair();
  for (const line of [out.lower, out.upper]) {
    line.tilt(71, 72, 73);
    line.raise(74, 75, 76);
  }
  activationDefinition(f).scalar(f)[method](lower, upper, out);
  return out;
}

/** The six numbers of both lines. */
export function numbersOf({ lower, upper }: LinePair): number[] {
  return [lower, upper].flatMap((line) => [
    ...[line.slope, line.slopeByLower, line.slopeByUpper],
    ...[line.shift, line.shiftByLower, line.shiftByUpper],
  ]);
}

/**
 * How far the activation lies within its lines, least and most, at these points: [lower line, upper line]. Negative where it
 * lies outside.
 */
export function distances(
  f: Activation,
  lines: LinePair,
  points: readonly number[],
): { least: number; most: number }[] {
  const { value } = activationDefinition(f).scalar(f);
  return SIDES.map((side) => {
    const { slope, shift } = lines[side];
    const gaps = points.map((z) => (side === "lower" ? 1 : -1) * (value(z) - (slope * z + shift)));
    return {
      least: gaps.reduce((a, b) => (b < a || Number.isNaN(b) ? b : a)),
      most: gaps.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a)),
    };
  });
}

/** The largest error of the derivatives in ℓ and u of slopes and shifts, by central differences. */
export function derivativeError(
  f: Activation,
  method: Method,
  [lower, upper]: readonly [number, number],
  step: number,
): number {
  const at = (l: number, u: number) => numbersOf(linesOf(f, method, l, u));
  const own = at(lower, upper);
  const by = [
    [at(lower - step, upper), at(lower + step, upper)],
    [at(lower, upper - step), at(lower, upper + step)],
  ];
  let worst = 0;
  for (const first of [0, 3, 6, 9]) {
    for (const end of [0, 1]) {
      const expected = (by[end][1][first] - by[end][0][first]) / (2 * step);
      worst = Math.max(worst, Math.abs(own[first + 1 + end] - expected));
    }
  }
  return worst;
}
