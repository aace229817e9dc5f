import { Tape } from "../autodiff/index.js";
import type { Dtype } from "../compute/backend.js";
import type { Budget } from "../compute/budget.js";
import { indexedOwners } from "../compute/owners.js";
import { buildDual } from "../dual/auto-dual.js";
import { costBelow } from "../dual/cost.js";
import type { Bounds } from "../dual/dual-layer.js";
import type { DualOptions } from "../dual/dual-options.js";
import { sizeOf } from "../network/shape.js";
import { outputsAt, type Subject } from "../network/subject.js";
import { boxBall, releaseBall } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { differenceDown } from "../threat/outward.js";
import { isProof } from "../threat/proof.js";
import { type Counterexample, firstBroken } from "./falsify.js";
import { Heap } from "./heap.js";
import { ProofPart } from "./proof.js";
import type { OutputCase } from "./question.js";
import type { SearchOptions, SearchOutcome } from "./split-neurons.js";

/** A part of the box, and where its proof is recorded, if it is. */
interface Unbounded extends Bounds<Float64Array> {
  readonly part: ProofPart | null;
}

/** A part of the box that is not proved yet. */
interface BoxPart extends Unbounded {
  readonly bound: number;
  /** The input along which it is to be halved; null of a point. */
  readonly axis: number | null;
}

const FIRST_BATCH = 16;
const MOST_PARTS = 1024;

/**
 * Branch and bound over the inputs: parts of the box are bounded by CROWN's lines and halved along the input that the bound
 * depends on most, until every part is proved, one breaks the property, or time runs out. For few inputs.
 */
export async function searchByInputs(
  subject: Subject,
  region: Bounds<Float64Array>,
  own: OutputCase,
  options: SearchOptions,
): Promise<SearchOutcome> {
  const { deadline, evaluation, budget, onProgress } = options;
  const queue = new Heap<BoxPart>(({ bound }) => bound);
  const most = partsAtOnce(subject, own, budget);
  const mostWaiting = Math.max(1000, Math.floor(budget.bytes / 2 / (64 + 16 * region.lower.length)));
  let bounded = 0;
  // The lowest bound of points: nothing of them is left to halve.
  let stuck = Number.POSITIVE_INFINITY;
  let isStuck = false;
  let batch: Unbounded[] = [{ ...region, part: options.part ?? null }];
  let recorded = 0;
  let size = Math.min(most, FIRST_BATCH);
  // Of the parts that are being halved, and of all that wait.
  let least = Number.NEGATIVE_INFINITY;
  for (;;) {
    const found = await deadline.unlessPassed(() =>
      boundParts(subject, region, batch, own, evaluation, { budget, signal: deadline }),
    );
    if (!found) return { kind: "open", bounded, bound: Math.min(stuck, least) };
    const { parts, counterexample } = found;
    const isFirst = bounded === 0;
    bounded += batch.length;
    if (counterexample) return { kind: "broken", counterexample, bounded };
    for (const part of parts) {
      if (isProof(part.bound)) {
        if (!part.part) continue;
        part.part.outcome = { kind: "leaf", bound: part.bound };
        recorded += 1;
        continue;
      }
      if (part.axis !== null) queue.push(part);
      else {
        isStuck = true;
        stuck = Math.min(stuck, part.bound);
      }
    }
    if (isFirst && !Number.isFinite(parts[0].bound)) {
      const atMiddle = await deadline.unlessPassed(() =>
        boundParts(subject, region, [middleOf(region)], own, evaluation, { budget, signal: deadline }),
      );
      const middle = atMiddle?.parts[0].bound ?? Number.NEGATIVE_INFINITY;
      // Where numbers overflow even at a point, no part is small enough.
      if (!Number.isFinite(middle)) return { kind: "open", bounded, bound: middle };
    }
    if (queue.size === 0) {
      // Not asked of the bound, which may be infinite where numbers overflow.
      return isStuck ? { kind: "open", bounded, bound: stuck } : { kind: "proved", bounded };
    }
    onProgress?.({ bounded, waiting: queue.size, bound: queue.least });
    if ((await deadline.passes()) || queue.size + recorded > mostWaiting) {
      return { kind: "open", bounded, bound: Math.min(stuck, queue.least) };
    }
    least = queue.least;
    batch = queue.take(size).flatMap(halves);
    size = Math.min(most, 2 * size);
  }
}

/** By what the budget leaves, and so that the rows of all parts do not take long. */
function partsAtOnce({ backend, network }: Subject, { rows }: OutputCase, budget: Budget): number {
  const features = network.nodes.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const timely = Math.floor(backend.multiplyAddsAtOnce / (rows * costBelow(network, network.output) || 1));
  return budget.parts(backend, 8 * 20 * features, Math.max(1, Math.min(MOST_PARTS, timely)));
}

/** The point in the middle of a box, as a part. */
function middleOf({ lower, upper }: Bounds<Float64Array>): Unbounded {
  const middle = lower.map((low, f) => low / 2 + upper[f] / 2);
  return { lower: middle, upper: middle, part: null };
}

function halves({ lower, upper, axis, part }: BoxPart): Unbounded[] {
  if (axis === null) return [];
  const middle = lower[axis] / 2 + upper[axis] / 2;
  const [below, above] = [upper.slice(), lower.slice()];
  below[axis] = middle;
  above[axis] = middle;
  const parts = part && { below: new ProofPart(), above: new ProofPart() };
  if (part && parts) part.outcome = { kind: "input", input: axis, value: middle, ...parts };
  return [
    { lower, upper: below, part: parts?.below ?? null },
    { lower: above, upper, part: parts?.above ?? null },
  ];
}

/** Bounds of parts, by their best row each; or a point that breaks the property on the way. */
async function boundParts(
  subject: Subject,
  whole: Bounds<Float64Array>,
  regions: readonly Unbounded[],
  own: OutputCase,
  evaluation: Evaluation,
  limits: Pick<DualOptions, "budget" | "signal">,
): Promise<{ readonly parts: readonly BoxPart[]; readonly counterexample: Counterexample | null }> {
  const { backend, network, bindings } = subject;
  const count = regions.length;
  const features = regions[0].lower.length;
  const columns = (side: "lower" | "upper") => {
    const values = new Float64Array(features * count);
    for (const [b, region] of regions.entries()) {
      for (let f = 0; f < features; f++) values[f * count + b] = region[side][f];
    }
    return values;
  };
  const [lower, upper] = [columns("lower"), columns("upper")];
  const ball = boxBall(backend, lower, upper, count);
  try {
    using tape = new Tape(backend, { record: false });
    const dual = await buildDual(tape, network, bindings, ball, {
      ...limits,
      method: "adaptive",
      rounding: evaluation,
    });
    const rows = count * own.rows;
    const objective = new Float64Array(own.outputs * rows);
    for (let k = 0; k < own.outputs; k++) {
      for (let b = 0; b < count; b++) {
        for (let row = 0; row < own.rows; row++) {
          objective[k * rows + b * own.rows + row] = own.coefficients[row * own.outputs + k];
        }
      }
    }
    const c = tape.own(backend.upload(own.outputs, rows, objective));
    const owner = Int32Array.from({ length: rows }, (_, i) => Math.floor(i / own.rows));
    const { bound, input } = dual.lowerBoundAtInput(c, indexedOwners(owner));
    const bounds = await backend.read(bound.value);
    const nu = input ? await backend.read(input.value) : new Float64Array(features * rows);
    const best = regions.map((_, b) => {
      let [value, at] = [Number.NEGATIVE_INFINITY, b * own.rows];
      for (let row = 0; row < own.rows; row++) {
        const found = differenceDown(bounds[b * own.rows + row], own.bounds[row]);
        if (found > value) [value, at] = [found, b * own.rows + row];
      }
      return { value, at };
    });
    const points = new Float64Array(features * count);
    for (let f = 0, i = 0; f < features; f++) {
      for (let b = 0; b < count; b++, i++) {
        const slope = nu[f * rows + best[b].at];
        points[i] = slope > 0 ? lower[i] : slope < 0 ? upper[i] : lower[i] / 2 + upper[i] / 2;
      }
    }
    const outputs = await outputsAt(subject, points, count);
    const counterexample = await firstBroken(
      subject,
      points,
      outputs,
      Array<OutputCase>(count).fill(own),
      whole,
    );
    const parts = regions.map((region, b): BoxPart => {
      const { value, at } = best[b];
      return {
        ...region,
        bound: value,
        axis: steepestAxis(region, whole, (f) => nu[f * rows + at], backend.dtype),
      };
    });
    return { parts, counterexample };
  } finally {
    releaseBall(ball);
  }
}

/** What an input counts at least, against the one that moves the bound most. */
const LEAST_EFFECT = 0.1;

/**
 * The input whose width moves the bound most. One that does not move it may still be what makes it loose, as where the
 * lines of two neurons cancel: none is left much wider than the others, in units of the whole box. Null of a point, and where
 * no input has a number of `dtype` between its bounds: half of it would be the whole.
 */
function steepestAxis(
  region: Bounds<Float64Array>,
  whole: Bounds<Float64Array>,
  slopeOf: (f: number) => number,
  dtype: Dtype,
): number | null {
  const widthOf = ({ lower, upper }: Bounds<Float64Array>, f: number) => upper[f] - lower[f];
  // NaN says nothing of an input.
  const effects = whole.lower.map((_, f) => Math.abs(slopeOf(f)) * widthOf(whole, f) || 0);
  const least = LEAST_EFFECT * effects.reduce((most, effect) => Math.max(most, effect), 0) || 1;
  let axis: number | null = null;
  let most = 0;
  for (const [f, effect] of effects.entries()) {
    const part = widthOf(region, f) / widthOf(whole, f);
    const score = (effect + least) * part;
    if (score > most && canBeHalved(region, f, dtype)) [axis, most] = [f, score];
  }
  return axis;
}

/** Whether a number that the bounds are computed with lies between an input's bounds. */
function canBeHalved({ lower, upper }: Bounds<Float64Array>, f: number, dtype: Dtype): boolean {
  const middle = lower[f] / 2 + upper[f] / 2;
  const rounded = dtype === "float32" ? Math.fround(middle) : middle;
  return lower[f] < rounded && rounded < upper[f];
}
