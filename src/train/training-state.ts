import type { Weights } from "../network/weights.js";
import type { LabelledBatch } from "../threat/batch.js";
import type { EpochRow } from "./config.js";
import type { EpochSums } from "./epoch-sums.js";
import type { OptimizerState } from "./optimizer.js";
import type { AverageState } from "./weight-average.js";

/** The examples of a run, in an order that depends on the epoch alone. */
export interface BatchSource {
  /** The same in every epoch. */
  readonly batchesPerEpoch: number;
  /** LabelledBatch `index` of epoch `epoch`, both from 0. */
  batch(epoch: number, index: number): LabelledBatch;
}

/** All that a run needs in order to go on with the same numbers. */
export interface TrainingState {
  /** The epoch and batch to be done next, from 0. */
  readonly epoch: number;
  readonly batch: number;
  /** Of the epoch that has begun. */
  readonly sums: EpochSums;
  /** Of the epochs that are done. */
  readonly rows: readonly EpochRow[];
  readonly weights: Weights;
  readonly optimizer: OptimizerState;
  /** Where weights of the last epochs are averaged, and that has begun. */
  readonly average?: AverageState | null;
}

/** What `Trainer.run` tells: a batch is done (`batch`: how many of this epoch are; `epoch` from 0), or an epoch is. */
export type TrainingEvent =
  | { readonly kind: "batch"; readonly epoch: number; readonly batch: number; readonly sums: EpochSums }
  | { readonly kind: "epoch"; readonly row: EpochRow };
