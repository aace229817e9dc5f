import type { Dtype } from "../compute/backend.js";
import type { Dataset } from "../data/dataset.js";
import type { BoundMethod } from "../dual/dual-options.js";
import type { LoadedModel } from "../formats/model-file.js";
import type { BallInWords } from "../report/wording.js";
import { aboutOf } from "../threat/about.js";
import type { Norm } from "../threat/ball.js";
import { plainBox } from "../threat/box.js";
import type { Evaluation } from "../threat/evaluation.js";
import { dataRecord } from "./certification-record.js";
import { roundingRecord } from "./rounding-record.js";

/** One example's line in the JSON. */
export interface RadiusRow {
  readonly index: number;
  readonly label: number;
  readonly prediction: number;
  readonly radius: number;
  readonly broken: number | null;
}

/** The largest ε by norm, in data whose values lie between 0 and 1. */
const MOST = { linf: 1, l2: 10, l1: 100 } as const;

/** The largest ε that is tried unless told. */
export function largestRadius(norm: Norm): number {
  return MOST[norm];
}

/** How closely a radius is found unless told. */
export function radiusTolerance(most: number): number {
  return most / 2048;
}

/** Of all examples; one that is predicted wrongly has a radius of 0 here, since no guarantee helps it. */
export function radiusSummary(rows: readonly RadiusRow[]) {
  const radii = rows.map(({ radius, prediction, label }) => (prediction === label ? radius : 0));
  const sorted = [...radii].sort((a, b) => a - b);
  return {
    error: rows.filter(({ prediction, label }) => prediction !== label).length / rows.length,
    mean: radii.reduce((sum, value) => sum + value, 0) / rows.length,
    median: sorted[(sorted.length - 1) >> 1],
    largest: sorted[sorted.length - 1],
  };
}

export interface RadiusSubject {
  readonly model: LoadedModel;
  readonly dataset: Dataset;
  readonly ball: Pick<BallInWords, "norm"> & { readonly box?: BallInWords["box"] };
  readonly method: BoundMethod;
  readonly arithmetic: Dtype;
  /** For which radii are proved; null where rounding was left out. */
  readonly evaluation: Evaluation | null;
}

export interface FoundRadii {
  readonly most: number;
  readonly tolerance: number;
  /** Seconds an example for branch and bound; null without. */
  readonly timeout: number | null;
  readonly seconds: number;
  readonly rows: readonly RadiusRow[];
}

/** The JSON of `radius` (`autodual/radius/1`), which is about one model: a cascade has no radii. */
export function radiusRecord(subject: RadiusSubject, { seconds, rows, ...search }: FoundRadii) {
  return {
    ...radiusHeader(subject, search),
    summary: { ...radiusSummary(rows), seconds },
    examples: rows,
  };
}

/** Of that JSON what the examples do not decide. */
export function radiusHeader(
  { model, dataset, ball, method, arithmetic, evaluation }: RadiusSubject,
  { most, tolerance, timeout }: Pick<FoundRadii, "most" | "tolerance" | "timeout">,
) {
  return {
    schema: "autodual/radius/1" as const,
    model: { path: model.path, sha256: model.sha256 },
    data: dataRecord(dataset),
    norm: ball.norm,
    box: ball.box && plainBox(ball.box),
    about: aboutOf(1),
    most,
    tolerance,
    bound: {
      ...{ method, arithmetic, guarantee: "deterministic" as const, timeout },
      ...roundingRecord(evaluation),
    },
  };
}
