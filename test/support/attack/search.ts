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
  /** Other classes that are tried, those with the smallest margins. */
  readonly targets: number;
  /** Starting points for each, beside x. */
  readonly starts: number;
  /** Corners, one after another, and steps between them. */
  readonly steps: number;
  /** Points that are handed on. */
  readonly points: number;
}

interface Candidate {
  readonly offset: Float64Array;
  /** The smallest z_reference − z_j, in double precision. */
  readonly margin: number;
}

/**
 * Points of the ball, by exact rationals, where the reference class looks weakest: from x and from random points to the
 * corner that is least for the gradient there, which is the minimiser while the network stays affine, and on from corner to
 * corner; steps half way; points near the best of them, whose roundings are others. The worst first.
 */
export function weakPoints(
  plain: PlainNetwork,
  ball: StatedBall,
  reference: number,
  effort: Effort,
  source: RandomSource,
): readonly Point[] {
  const still = new Float64Array(ball.x.length);
  const found: Candidate[] = [];
  const look = (offset: Float64Array): readonly Float64Array[] => {
    const values = valuesAt(plain, roundedPoint(pointAt(ball, offset)));
    found.push({ offset, margin: smallestMargin(values[plain.output], reference) });
    return values;
  };
  for (const target of weakest(look(still)[plain.output], reference, effort.targets)) {
    const weights = new Float64Array(plain.nodes[plain.output].size);
    weights[reference] = 1;
    weights[target] = -1;
    for (let start = 0; start <= effort.starts; start++) {
      descend(plain, ball, weights, start === 0 ? still : randomOffset(ball, source), effort.steps, {
        look,
        source,
      });
    }
  }
  found.sort((a, b) => (a.margin < b.margin || Number.isNaN(a.margin) ? -1 : 1));
  const best = distinct(found).slice(0, effort.points);
  const near = best.slice(0, 3).flatMap(({ offset }) => [shaken(offset, source), shaken(offset, source)]);
  return [...best.map(({ offset }) => offset), ...near]
    .map((offset) => pointAt(ball, offset))
    .filter((point) => isInside(point, ball));
}

function descend(
  plain: PlainNetwork,
  ball: StatedBall,
  weights: Float64Array,
  start: Float64Array,
  steps: number,
  { look, source }: { look: (offset: Float64Array) => readonly Float64Array[]; source: RandomSource },
): void {
  let [offset, values] = [start, look(start)];
  for (let step = 0; step < steps; step++) {
    const corner = leastOffset(ball, gradientAt(plain, values, weights), source);
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

/** The other classes, those of the largest outputs first. */
function weakest(outputs: Float64Array, reference: number, count: number): number[] {
  return Array.from(outputs.keys())
    .filter((j) => j !== reference)
    .sort((a, b) => outputs[b] - outputs[a])
    .slice(0, count);
}

function smallestMargin(outputs: Float64Array, reference: number): number {
  let margin = Number.POSITIVE_INFINITY;
  for (const [j, value] of outputs.entries()) {
    if (j !== reference) margin = Math.min(margin, outputs[reference] - value);
  }
  return margin;
}
