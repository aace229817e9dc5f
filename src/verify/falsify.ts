import { dot, sumRows, type Tape, type Variable } from "../autodiff/index.js";
import { type Budget, entryBytes } from "../compute/budget.js";
import type { Deadline } from "../compute/deadline.js";
import { OWN, SHARED } from "../compute/owners.js";
import { type RandomSource, random } from "../compute/random.js";
import { costBelow, layerCost } from "../dual/cost.js";
import type { Bounds } from "../dual/dual-layer.js";
import { OutOfMemoryError } from "../errors.js";
import { doublesOf } from "../formats/vnnlib/input-box.js";
import type { Network } from "../network/network.js";
import { sizeOf } from "../network/shape.js";
import { outputsAndGradient, outputsAt, type Subject } from "../network/subject.js";
import { pickColumns } from "../threat/pick.js";
import { candidates } from "./candidates.js";
import { caseValue, isBroken, isWorthALook, type OutputCase, type Question } from "./question.js";
import { meetsMixedRows } from "./relations.js";

/** A point of a case's inputs that breaks the property, judged in double precision. */
export interface Counterexample {
  readonly input: Float64Array;
  readonly output: Float64Array;
  readonly case: OutputCase;
}

export interface FalsifyOptions {
  readonly seed: number;
  /** Random starts per case, beside the middle of the box. */
  readonly restarts: number;
  readonly steps: number;
  /** No further step begins after this. */
  readonly deadline: Deadline;
  /** What all tensors may take. Default: no limit. */
  readonly budget?: Budget;
}

/** How many points are moved at a time. */
const MOST_COLUMNS = 512;

/**
 * Looks for a point of the box whose outputs break a case: projected gradient descent on the largest row value, from
 * the middle and from random points, with steps that shrink. What it finds is a counterexample; what it does not find
 * says nothing.
 */
export async function falsify(
  subject: Subject,
  question: Question,
  { seed, restarts, steps, deadline, budget }: FalsifyOptions,
): Promise<Counterexample | null> {
  const source = random(seed, "falsify");
  const starts = question.cases.flatMap((own) =>
    Array.from({ length: 1 + restarts }, (_, i) => ({ own, i })),
  );
  for (let begin = 0; begin < starts.length; begin += MOST_COLUMNS) {
    const part = starts.slice(begin, begin + MOST_COLUMNS);
    const box = doublesOf(question.inputs ?? question);
    // Those that are drawn together do not depend on how many are moved together.
    const points = startingPoints(
      box,
      part.map(({ i }) => i),
      source,
    );
    const atOnce = columnsAtOnce(subject, budget);
    for (let from = 0; from < part.length; from += atOnce) {
      const columns = Array.from({ length: Math.min(atOnce, part.length - from) }, (_, i) => from + i);
      const own = pickColumns(points, part.length, columns);
      const cases = columns.map((column) => part[column].own);
      const found = await descend(subject, question, { points: own, cases, box }, steps, deadline);
      if (found || deadline.passed) return found;
    }
  }
  return null;
}

/** Numbers per feature and column that a step of gradient descent has at once: values, what they are made of, gradients. */
const NUMBERS_AT_ONCE = 6;

/** How many points are moved at once: by what the budget leaves, and so that a step does not take long. */
function columnsAtOnce({ backend, network }: Subject, budget: Budget | undefined): number {
  const features = network.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const work = 3 * (costBelow(network, network.output) + layerCost(network, network.output));
  const timely = Math.max(1, Math.min(MOST_COLUMNS, Math.floor(backend.multiplyAddsAtOnce / work)));
  const bytes = NUMBERS_AT_ONCE * entryBytes(backend.dtype) * features;
  if (!budget) return timely;
  checkRoom(network, bytes, budget.left(backend));
  return budget.parts(backend, bytes, timely);
}

/** Throws an `OutOfMemoryError` that names the widest layer where not even one point has room. */
function checkRoom({ nodes }: Network, wanted: number, left: number): void {
  if (wanted <= left) return;
  const widest = nodes.reduce((a, b) => (sizeOf(b.shape) > sizeOf(a.shape) ? b : a));
  throw new OutOfMemoryError(
    `layer "${widest.name}" (${widest.layer?.kind ?? "input"}): out of memory: ${wanted} bytes wanted for one point, its gradient ` +
      `and what lies between, ${Math.floor(left)} are left; give more memory`,
  );
}

async function descend(
  subject: Subject,
  question: Question,
  { points, cases, box }: { points: Float64Array; cases: readonly OutputCase[]; box: Bounds<Float64Array> },
  steps: number,
  deadline: Deadline,
): Promise<Counterexample | null> {
  const { lower, upper } = box;
  const count = cases.length;
  for (let step = 0; step < steps; step++) {
    const { outputs, gradient } = await outputsAndGradient(
      subject,
      points,
      count,
      (found) => worstRows(cases, found),
      sumOfProducts,
    );
    const hit = await firstBroken(subject, points, outputs, cases, question, deadline);
    if (hit || (await deadline.passes())) return hit;
    // From a quarter of the box down to a two-hundredth.
    const rate = 0.25 * 0.02 ** (step / Math.max(1, steps - 1));
    for (let f = 0, at = 0; f < lower.length; f++) {
      const width = upper[f] - lower[f];
      for (let column = 0; column < count; column++, at++) {
        const moved = points[at] - rate * width * Math.sign(gradient[at]);
        points[at] = Math.min(upper[f], Math.max(lower[f], moved));
      }
    }
  }
  return firstBroken(subject, points, await outputsAt(subject, points, count), cases, question, deadline);
}

/** The middle for start 0, else a random point. `[features, starts]`. */
function startingPoints(
  { lower, upper }: Pick<Question, "lower" | "upper">,
  numbers: readonly number[],
  source: RandomSource,
): Float64Array {
  const count = numbers.length;
  const points = new Float64Array(lower.length * count);
  for (let f = 0, at = 0; f < lower.length; f++) {
    for (const number of numbers) {
      const place = number === 0 ? 0.5 : source.uniform();
      points[at++] = Math.min(upper[f], Math.max(lower[f], lower[f] + place * (upper[f] - lower[f])));
    }
  }
  return points;
}

/** The coefficients of each point's largest row, `[outputs, points]`. */
function worstRows(cases: readonly OutputCase[], outputs: ArrayLike<number>): Float64Array {
  const count = cases.length;
  const weights = new Float64Array(outputs.length);
  for (const [column, own] of cases.entries()) {
    const { row } = caseValue(own, outputs, column, count);
    for (let k = 0; k < own.outputs; k++) {
      weights[k * count + column] = own.rows === 0 ? 0 : own.coefficients[row * own.outputs + k];
    }
  }
  return weights;
}

function sumOfProducts(tape: Tape, output: Variable, weights: Variable): Variable {
  return sumRows(tape, dot(tape, output, weights, OWN), SHARED, 1);
}

/**
 * The first point whose value is at most 0 and that is a counterexample by the subject's own definition, kept within the
 * case's inputs; within `box`, where the case does not have its own. Outputs that are not finite are none. After the deadline
 * no second point is judged.
 */
export async function firstBroken(
  subject: Subject,
  points: Float64Array,
  outputs: ArrayLike<number>,
  cases: readonly OutputCase[],
  box: Pick<Question, "lower" | "upper">,
  deadline?: Deadline,
): Promise<Counterexample | null> {
  const count = cases.length;
  let judged = 0;
  for (const [column, own] of cases.entries()) {
    if (!isWorthALook(own, box, outputs, column, count)) continue;
    // The judge may be slow, and points that are worth a look many.
    if (judged > 0 && deadline?.passed) return null;
    judged += 1;
    const point = Float64Array.from({ length: points.length / count }, (_, f) => points[f * count + column]);
    for (const input of candidates(point, own, box)) {
      const output = await subject.evaluate(input);
      if (!(output.every(Number.isFinite) && isBroken(own, output))) continue;
      const { judged } = own;
      if (!judged) return { input, output, case: own };
      if (meetsMixedRows(input, output, judged))
        return { input, output: output.slice(0, judged.outputs), case: own };
    }
  }
  return null;
}
