import type { Activation } from "../../src/compute/elementwise.js";

// Enclosing lines by definition: candidate slopes as the paper and DESIGN state them, shifts by searching the interval.

export interface OracleLines {
  readonly lowerSlope: number;
  readonly lowerShift: number;
  readonly upperSlope: number;
  readonly upperShift: number;
}

export function value(f: Activation, z: number): number {
  switch (f.kind) {
    case "relu":
      return Math.max(z, 0);
    case "leaky-relu":
      return z > 0 ? z : f.slope * z;
    case "hardtanh":
      return Math.min(Math.max(z, f.minimum), f.maximum);
    case "tanh":
      return Math.tanh(z);
    case "sigmoid":
      return z < 0 ? Math.exp(z) / (1 + Math.exp(z)) : 1 / (1 + Math.exp(-z));
    default:
      return f satisfies never;
  }
}

export function derivative(f: Activation, z: number): number {
  switch (f.kind) {
    case "relu":
      return z > 0 ? 1 : 0;
    case "leaky-relu":
      return z > 0 ? 1 : f.slope;
    case "hardtanh":
      return z > f.minimum && z <= f.maximum ? 1 : 0;
    case "tanh":
      return 1 / Math.cosh(z) ** 2;
    case "sigmoid":
      return 1 / (4 * Math.cosh(z / 2) ** 2);
    default:
      return f satisfies never;
  }
}

export function breakpoints(f: Activation): number[] {
  if (f.kind === "hardtanh") return [f.minimum, f.maximum];
  return f.kind === "tanh" || f.kind === "sigmoid" ? [] : [0];
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

function candidateSlopes(f: Activation, l: number, u: number): number[] {
  const chord = (value(f, u) - value(f, l)) / (u - l);
  if (f.kind === "tanh" || f.kind === "sigmoid") {
    return [chord, Math.min(derivative(f, l), derivative(f, u))];
  }
  if (f.kind === "hardtanh" && l < f.minimum && u > f.maximum) {
    const height = f.maximum - f.minimum;
    return [height / (f.maximum - l), height / (u - f.minimum), chord];
  }
  return [chord];
}

/** Parallel lines: of the candidate slopes the one with the smallest radius. */
export function parallelLines(f: Activation, l: number, u: number): OracleLines {
  let best: OracleLines | null = null;
  for (const slope of candidateSlopes(f, l, u)) {
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

function smallerArea(f: Activation, slopes: [number, number], l: number, u: number, sign: 1 | -1): number {
  return area(f, slopes[0], l, u, sign) < area(f, slopes[1], l, u, sign) ? slopes[0] : slopes[1];
}

/** Lines of two slopes: the slopes that each case allows, the tightest line of that slope. */
export function adaptiveLines(f: Activation, l: number, u: number): OracleLines {
  const chord = (value(f, u) - value(f, l)) / (u - l);
  let [lowerSlope, upperSlope] = [chord, chord];
  if (f.kind === "tanh" || f.kind === "sigmoid") {
    if (l < 0 && u > 0) return parallelLines(f, l, u);
    const middle = derivative(f, (l + u) / 2);
    if (l >= 0) upperSlope = middle;
    else lowerSlope = middle;
  } else if (f.kind === "hardtanh") {
    const [a, b] = [f.minimum, f.maximum];
    if (l < a && u > b) {
      upperSlope = smallerArea(f, [0, (b - a) / (b - l)], l, u, 1);
      lowerSlope = smallerArea(f, [0, (b - a) / (u - a)], l, u, -1);
    } else if (l < a && u > a) lowerSlope = smallerArea(f, [0, 1], l, u, -1);
    else if (l < b && u > b) upperSlope = smallerArea(f, [0, 1], l, u, 1);
  } else if (l < 0 && u > 0) {
    const below = f.kind === "relu" ? 0 : f.slope;
    if (below < 1) lowerSlope = smallerArea(f, [below, 1], l, u, -1);
    else upperSlope = smallerArea(f, [below, 1], l, u, 1);
  }
  return {
    lowerSlope,
    lowerShift: shifts(f, lowerSlope, l, u)[0],
    upperSlope,
    upperShift: shifts(f, upperSlope, l, u)[1],
  };
}
