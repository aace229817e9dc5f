import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { makeFolder } from "../formats/make-folder.js";
import { encodeFileVersion, encodeScalars, encodeSessionStart } from "../formats/tfevents.js";
import { cannotWrite } from "../formats/write-file.js";
import { aboutOf } from "../threat/about.js";
import type { EpochRow } from "./config.js";

/** Folder of a run that TensorBoard reads: `tensorboard --logdir RUN`. */
export const EVENTS_FOLDER = "tensorboard";

/** Epochs as events for TensorBoard. Each sitting of a run writes a file of its own, which begins with all epochs so far. */
export class EventFile {
  readonly #path: string;

  /** Throws a `UsageError` if the file cannot be written. */
  constructor(run: string, rows: readonly EpochRow[]) {
    const now = Date.now() / 1000;
    const folder = join(run, EVENTS_FOLDER);
    this.#path = join(folder, `events.out.tfevents.${Math.floor(now)}.autodual.${process.pid}`);
    const fault = makeFolder(folder);
    if (fault !== null) throw new UsageError(`${this.#path}: cannot write: ${fault}`);
    this.#append(encodeFileVersion(now));
    this.#append(encodeSessionStart(now, 1));
    for (const row of rows) this.add(row);
  }

  add(row: EpochRow): void {
    this.#append(encodeScalars({ wallTime: Date.now() / 1000, step: row.epoch, scalars: scalarsOf(row) }));
  }

  #append(bytes: Uint8Array): void {
    this.#attempt(() => appendFileSync(this.#path, bytes));
  }

  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw cannotWrite(this.#path, error);
    }
  }
}

/** A cascade's robust error is told apart from a model's, as it bounds something else. */
function robustTag(stages: number): string {
  return stages > 1 ? `test/robust error of the ${aboutOf(stages)}` : "test/robust error";
}

function scalarsOf({ test, ...row }: EpochRow): Record<string, number> {
  return {
    "schedule/epsilon": row.epsilon,
    "schedule/kappa": row.kappa,
    "schedule/learning rate": row.learningRate,
    "train/loss": row.loss,
    "train/error": row.error,
    ...(row.robustLoss !== null && { "train/robust loss": row.robustLoss }),
    ...(row.robustError !== null && { "train/robust error": row.robustError }),
    ...(test && { "test/error": test.error, [robustTag(test.stages ?? 1)]: test.robustError }),
    "seconds per epoch": row.seconds,
  };
}
