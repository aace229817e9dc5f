import type { LoadedCascade } from "../cascade/folder.js";
import { largestOf } from "../compute/extremes.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { Norm } from "../threat/ball.js";
import type { Box } from "../threat/box.js";
import { dataRecord, modelRecord } from "./certification-record.js";
import type { Drift, LogitDrift } from "./drift.js";

/** What drift was asked of: balls around examples, or all inputs of a box. */
export interface DriftSubject {
  readonly model: LoadedCascade;
  /** Null over a box. */
  readonly dataset: Dataset | null;
  readonly norm: Norm;
  /** Null over a box. */
  readonly epsilon: number | null;
  readonly box: Box | null;
  readonly method: BoundMethod;
  /** Random points of each ball at which evaluations were compared, beside its centre. */
  readonly points: number;
}

/** A logit's figures over all examples. */
export interface LogitSummary {
  readonly class: number;
  readonly name: string | null;
  readonly bound: number;
  readonly medianBound: number;
  readonly observed: number;
  readonly medianObserved: number;
}

/** By class: the largest over all examples and the middle one. */
export function logitSummaries({ logits, examples }: Drift, dataset: Dataset | null): LogitSummary[] {
  return logits.map(({ bound, observed }, k) => ({
    class: k,
    name: dataset?.classNames?.[k] ?? null,
    bound,
    medianBound: examples ? median(examples.map((row) => row.logits[k].bound)) : bound,
    observed,
    medianObserved: examples ? median(examples.map((row) => row.logits[k].observed)) : observed,
  }));
}

/** Of all logits the largest bound, and the largest difference that was seen; how many answers may depend on the machine. */
export function driftSummary({ logits, examples, seconds }: Drift) {
  const largest = (of: (logit: LogitDrift) => number): number => largestOf(logits.map(of));
  return {
    bound: largest(({ bound }) => bound),
    observed: largest(({ observed }) => observed),
    mayDiffer: examples ? examples.filter(({ sameAnswer }) => !sameAnswer).length : null,
    seconds,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

/** The JSON of `drift` (`autodual/drift/1`). */
export function driftRecord(
  { model, dataset, norm, epsilon, box, method, points }: DriftSubject,
  drift: Drift,
) {
  const { evaluation, evaluations, examples } = drift;
  return {
    schema: "autodual/drift/1",
    model: modelRecord(model),
    data: dataset && dataRecord(dataset),
    norm,
    epsilon,
    box,
    evaluation,
    bound: { method, arithmetic: "float64", guarantee: "deterministic" },
    observed: { evaluations, points },
    summary: driftSummary(drift),
    logits: logitSummaries(drift, dataset),
    examples:
      examples?.map(({ logits, ...row }) => ({
        ...row,
        bound: logits.map(({ bound }) => bound),
        observed: logits.map(({ observed }) => observed),
      })) ?? null,
  };
}
