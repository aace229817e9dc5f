import type { RandomSource } from "../../../src/compute/random.js";
import type { PlainNetwork } from "../plain-network.js";
import {
  isInside,
  leastOffset,
  type Point,
  pointAt,
  randomOffset,
  roundedPoint,
  type StatedBall,
} from "./ball-points.js";
import { gradientAt, valuesAt } from "./gradient.js";

/** How much is looked for. */
export interface Effort {
  /** Goals that are tried, those with the smallest values at x. */
  readonly goals: number;
  /** Starting points for each, beside x. */
  readonly starts: number;
  /** Corners, one after another, and steps between them. */
  readonly steps: number;
  /** Points that are handed on. */
  readonly points: number;
}

interface Candidate {
  readonly offset: Float64Array;
  /** The smallest goal, in double precision. */
  readonly value: number;
}

/** What an attack makes small: a sum of outputs with these weights. */
export type Goal = Float64Array;

/** The margins of a class: z_reference − z_j for every other j. */
export function marginGoals(outputs: number, reference: number): readonly Goal[] {
  return Array.from({ length: outputs }, (_, j) =>
    Float64Array.from({ length: outputs }, (_, k) => (k === reference ? 1 : k === j ? -1 : 0)),
  ).filter((_, j) => j !== reference);
}

/**
 * Points of the ball, by exact rationals, where a goal is small: from x and from random points to the corner that is least
 * for the gradient there, which is the minimiser while the network stays affine, and on from corner to corner; steps half
 * way; points near the best of them, whose roundings are others. The smallest first.
 */
export function weakPoints(
  plain: PlainNetwork,
  ball: StatedBall,
  goals: readonly Goal[],
  effort: Effort,
  source: RandomSource,
): readonly Point[] {
  const still = new Float64Array(ball.x.length);
  const found: Candidate[] = [];
  const look = (offset: Float64Array): readonly Float64Array[] => {
    const values = valuesAt(plain, roundedPoint(pointAt(ball, offset)));
    const outputs = values[plain.output];
    found.push({ offset, value: Math.min(...goals.map((goal) => sumBy(goal, outputs))) });
    return values;
  };
  const outputs = look(still)[plain.output];
  const tried = [...goals].sort((a, b) => sumBy(a, outputs) - sumBy(b, outputs)).slice(0, effort.goals);
  for (const goal of tried) {
    for (let start = 0; start <= effort.starts; start++) {
      const from = start === 0 ? still : randomOffset(ball, source);
      descend(plain, ball, goal, from, effort.steps, { look, source });
    }
  }
  found.sort((a, b) => (a.value < b.value || Number.isNaN(a.value) ? -1 : 1));
  const best = distinct(found).slice(0, effort.points);
  const near = best.slice(0, 3).flatMap(({ offset }) => [shaken(offset, source), shaken(offset, source)]);
  return [...best.map(({ offset }) => offset), ...near]
    .map((offset) => pointAt(ball, offset))
    .filter((point) => isInside(point, ball));
}

function sumBy(goal: Goal, outputs: Float64Array): number {
  return goal.reduce((sum, weight, j) => (weight === 0 ? sum : sum + weight * outputs[j]), 0);
}

function descend(
  plain: PlainNetwork,
  ball: StatedBall,
  goal: Goal,
  start: Float64Array,
  steps: number,
  { look, source }: { look: (offset: Float64Array) => readonly Float64Array[]; source: RandomSource },
): void {
  let [offset, values] = [start, look(start)];
  for (let step = 0; step < steps; step++) {
    const corner = leastOffset(ball, gradientAt(plain, values, goal), source);
    // First whole steps, then halves of what is left: both stay within the ball.
    const share = step < steps / 2 ? 1 : 0.5;
    const next = offset.map((own, f) => own + share * (corner[f] - own));
    if (next.every((value, f) => value === offset[f])) return;
    [offset, values] = [share === 1 ? corner : next, look(share === 1 ? corner : next)];
  }
}

/** Closer to x by a little in every feature. */
function shaken(offset: Float64Array, source: RandomSource): Float64Array {
  const most = 2 ** -(1 + source.integer(24));
  return offset.map((value) => value * (1 - most * source.uniform()));
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const kept: Candidate[] = [];
  for (const own of candidates) {
    if (!kept.some(({ offset }) => offset.every((value, f) => value === own.offset[f]))) kept.push(own);
    if (kept.length >= 24) break;
  }
  return kept;
}
