import { certifiedRadii } from "../certify/radius.js";
import type { Budget } from "../compute/budget.js";
import { Deadline, letIn } from "../compute/deadline.js";
import { type Dataset, examples } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { Subject } from "../network/subject.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { searchRadius } from "../verify/radius.js";
import { allOf, inOrder } from "./example-batches.js";
import { examplesWithin } from "./memory.js";
import { observed, type Watch } from "./observer.js";
import { type RadiusRow, radiusSummary } from "./radius-record.js";

/** Which balls, and how far and finely radii are searched. */
export interface RadiusSettings {
  readonly ball: Omit<BallSpec, "epsilon">;
  readonly method: BoundMethod;
  /** No larger ε is tried. */
  readonly most: number;
  /** The search ends when it knows the largest certified ε to this. */
  readonly tolerance: number;
  /** Examples at a time. */
  readonly batch: number;
  /** What all tensors may take: fewer examples at a time, and smaller pieces, where it asks for them. */
  readonly budget?: Budget;
  /** The evaluation that radii are to hold for. Default: that of the model's own numbers; null: rounding is left out. */
  readonly rounding?: Evaluation | null;
  /** The examples of these numbers alone, in this order. Default: all. */
  readonly among?: Int32Array;
  /** Takes each example's row as it comes; the work waits for it. */
  readonly keep?: (row: RadiusRow) => Promise<void>;
}

/** What attacks and branch and bound may take beyond certified radii, per example. For ℓ∞ balls. */
export interface WideningSettings {
  readonly subject: Subject;
  /** Seconds. */
  readonly timeout: number;
  /** Of all examples together, their certified radii included. Default: so many seconds for each, from the call on. */
  readonly deadline?: Deadline;
  readonly seed: number;
  readonly memoryBytes?: number;
}

/** Of the time that a batch has, what its certified radii may take. */
const BASE_SHARE = 0.5;

/**
 * The largest certified ε of each example of a data set, in its own order; with `widening` as far as attacks and branch and
 * bound bring it beyond. Throws what `certifiedRadii` throws, and the signal's reason; what was found until then stands in `rows`.
 */
export async function radiiOfDataset(
  placed: PlacedNetwork,
  dataset: Dataset,
  { ball, batch: asked, among = allOf(dataset), keep, ...search }: RadiusSettings,
  watch: Watch = {},
  widening: WideningSettings | null = null,
  rows: RadiusRow[] = [],
): Promise<RadiusRow[]> {
  const { signal } = watch;
  const { budget } = search;
  const batch = budget ? examplesWithin(budget, placed.backend, [placed.network], asked) : asked;
  const all = widening && (widening.deadline ?? Deadline.in(widening.timeout * among.length, signal));
  await observed(watch, { name: "radius", total: among.length }, async (seen) => {
    for (const { x, labels, indices } of inOrder(dataset, batch, among)) {
      const share = (BASE_SHARE * labels.length) / (among.length - rows.length);
      const options = {
        ...ball,
        ...search,
        ...(signal && { signal }),
        ...(all && { deadline: all.share(share) }),
      };
      const found = await certifiedRadii(placed, { x }, options);
      signal?.throwIfAborted();
      for (const [i, own] of found.entries()) {
        const index = indices[i];
        const wider =
          widening === null || own.prediction < 0
            ? { radius: own.radius, broken: null }
            : await searchRadius(widening.subject, examples(dataset, Int32Array.of(index)).x, own, {
                box: ball.box ?? null,
                most: search.most,
                tolerance: search.tolerance,
                timeout: Math.min(widening.timeout, (all?.left ?? 0) / (among.length - rows.length)),
                seed: widening.seed,
                ...(search.rounding && { evaluation: search.rounding }),
                ...(signal && { signal }),
                ...(widening.memoryBytes !== undefined && { memoryBytes: widening.memoryBytes }),
              });
        // Who goes on later gives what a signal cut short its time then.
        if (keep) signal?.throwIfAborted();
        const row = { index, label: labels[i], prediction: own.prediction, ...wider };
        rows.push(row);
        if (keep) await keep(row);
        if (widening) seen.update(rows.length, { medianRadius: radiusSummary(rows).median });
        await letIn(signal);
      }
      seen.update(rows.length, { medianRadius: radiusSummary(rows).median });
    }
  });
  return rows;
}
