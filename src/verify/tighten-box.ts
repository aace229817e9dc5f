import type { Budget } from "../compute/budget.js";
import type { Deadline } from "../compute/deadline.js";
import type { Bounds } from "../dual/dual-layer.js";
import type { AffineLayers } from "../dual/slopes/relaxation.js";
import { RowRecord } from "../dual/slopes/row-record.js";
import {
  crownBounds,
  type RegionBounds,
  type TightenOptions,
  tightenBounds,
} from "../dual/slopes/tighten.js";
import { unstableNeurons } from "../dual/slopes/unstable-neurons.js";
import type { Subject } from "../network/subject.js";
import type { Evaluation } from "../threat/evaluation.js";

/** How a box's bounds were tightened. */
export interface TightenRecord {
  /** By activation, neurons that are unstable between CROWN's lines: slopes are recorded for them. */
  readonly listed: ReadonlyMap<number, Int32Array>;
  /**
   * By activation whose listed inputs were bounded by a row for each side, lower before upper: lower slopes of each row, one
   * for every listed neuron of the activations before it.
   */
  readonly rows: ReadonlyMap<number, Float32Array>;
}

const ITERATIONS = 15;

/**
 * The bounds of CROWN's lines over a box, tightened layer by layer; with a record of what tightened them where that is asked for.
 * Null where `limits` end it before there are any.
 */
export async function tightenBox(
  subject: Subject,
  affine: AffineLayers,
  region: Bounds<Float64Array>,
  evaluation: Evaluation,
  options: Pick<TightenOptions, "deadline" | "pieceBytes"> & {
    readonly isRecorded: boolean;
    readonly budget: Budget;
    /** Of CROWN's own bounds. */
    readonly latest: Deadline;
  },
): Promise<{ readonly region: RegionBounds; readonly record: TightenRecord | null } | null> {
  const { budget, latest } = options;
  const crown = await latest.unlessPassed(() =>
    crownBounds(subject, region, evaluation, { budget, signal: latest }),
  );
  if (!crown) return null;
  const listed = unstableNeurons(subject, crown.bounds);
  const record = options.isRecorded ? new RowRecord(subject.network, listed) : null;
  const { deadline, pieceBytes } = options;
  const bounds = await tightenBounds(subject, affine, region, crown, {
    ...{ iterations: ITERATIONS, deadline, pieceBytes },
    ...(record && { record }),
  });
  return {
    region: { bounds, rounding: crown.rounding },
    record: record && { listed, rows: record.rows },
  };
}
