import type { Activation } from "../../src/activations/index.js";
import { oracleOf } from "../support/activation-oracles.js";

// Enclosing lines by definition: candidate slopes as the paper and DESIGN state them, shifts by searching the interval.

export interface OracleLines {
  readonly lowerSlope: number;
  readonly lowerShift: number;
  readonly upperSlope: number;
  readonly upperShift: number;
}

export function value(f: Activation, z: number): number {
  return oracleOf(f).value(f, z);
}

export function derivative(f: Activation, z: number): number {
  return oracleOf(f).derivative(f, z);
}

export function breakpoints(f: Activation): readonly number[] {
  return oracleOf(f).kinks(f);
}

/** The least value of h over [l, u]: ends, breakpoints, and a grid refined by golden section. */
function least(h: (z: number) => number, l: number, u: number, kinks: readonly number[]): number {
  const points = 300;
  let best = 0;
  const z = (i: number): number => l + ((u - l) * i) / points;
  for (let i = 1; i <= points; i++) if (h(z(i)) < h(z(best))) best = i;
  let [a, b] = [z(Math.max(0, best - 1)), z(Math.min(points, best + 1))];
  const ratio = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 60; i++) {
    const [p, q] = [b - ratio * (b - a), a + ratio * (b - a)];
    if (h(p) < h(q)) b = q;
    else a = p;
  }
  const inside = kinks.filter((kink) => kink > l && kink < u);
  return Math.min(...[l, u, z(best), (a + b) / 2, ...inside].map(h));
}

/** Lower and upper shift of the lines of one slope. */
export function shifts(f: Activation, slope: number, l: number, u: number): [number, number] {
  const h = (z: number): number => value(f, z) - slope * z;
  const kinks = breakpoints(f);
  return [least(h, l, u, kinks), -least((z) => -h(z), l, u, kinks)];
}

function chordOf(f: Activation, l: number, u: number): number {
  return (value(f, u) - value(f, l)) / (u - l);
}

/** Parallel lines: of the candidate slopes the one with the smallest radius. */
export function parallelLines(f: Activation, l: number, u: number): OracleLines {
  let best: OracleLines | null = null;
  for (const slope of oracleOf(f).slopes(f, l, u, chordOf(f, l, u))) {
    const [lowerShift, upperShift] = shifts(f, slope, l, u);
    if (best === null || upperShift - lowerShift < best.upperShift - best.lowerShift) {
      best = { lowerSlope: slope, lowerShift, upperSlope: slope, upperShift };
    }
  }
  return best as OracleLines;
}

/** The area between the lowest line of this slope above σ (sign 1), or the highest below (−1), and σ. */
function area(f: Activation, slope: number, l: number, u: number, sign: 1 | -1): number {
  const [lowerShift, upperShift] = shifts(f, slope, l, u);
  const shift = sign === 1 ? upperShift : lowerShift;
  const points = 4000;
  let sum = 0;
  for (let i = 0; i < points; i++) {
    const z = l + ((u - l) * (i + 0.5)) / points;
    sum += sign * (slope * z + shift - value(f, z));
  }
  return (sum * (u - l)) / points;
}

/** The only slope, or of two the one that leaves the smaller area. */
function bestSlope(f: Activation, slopes: readonly number[], l: number, u: number, sign: 1 | -1): number {
  const [first, second = first] = slopes;
  if (slopes.length === 1) return first;
  return area(f, first, l, u, sign) < area(f, second, l, u, sign) ? first : second;
}

/** Lines of two slopes: the slopes that each case allows, the tightest line of that slope. */
export function adaptiveLines(f: Activation, l: number, u: number): OracleLines {
  const slopes = oracleOf(f).adaptive(f, l, u, chordOf(f, l, u));
  if (slopes === "parallel") return parallelLines(f, l, u);
  const lowerSlope = bestSlope(f, slopes.lower, l, u, -1);
  const upperSlope = bestSlope(f, slopes.upper, l, u, 1);
  return {
    lowerSlope,
    lowerShift: shifts(f, lowerSlope, l, u)[0],
    upperSlope,
    upperShift: shifts(f, upperSlope, l, u)[1],
  };
}
