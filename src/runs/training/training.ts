import { existsSync, rmSync } from "node:fs";
import type { Stage } from "../../cascade/certify-cascade.js";
import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { EpochRow } from "../../train/config.js";
import { EventFile } from "../../train/event-file.js";
import type { Run, RunFolder } from "../../train/run-folder.js";
import { Trainer, type TrainingEvent, type TrainingState } from "../../train/trainer.js";
import type { Certification } from "../certification.js";
import type { Interruption } from "../interruption.js";
import { nextTurn } from "../next-turn.js";
import type { Output } from "../output.js";
import type { Progress } from "../progress.js";
import { formatDuration, formatNumber, formatPercent } from "../wording.js";
import { batchSource } from "./batch-source.js";
import { bestEpoch, evaluateEpoch, evaluateRun, evaluationRecord, isDue } from "./evaluation.js";

/** A run that is ready to go: everything has been read and checked. */
export interface TrainingJob {
  readonly folder: RunFolder;
  readonly run: Run;
  readonly network: Network;
  /** The weights to go on from. */
  readonly weights: Weights;
  /** Where the run stopped; null for a new one. */
  readonly state: TrainingState | null;
  readonly train: Dataset;
  readonly test: Dataset;
  /** Of a stage of a cascade: the stages before it, on the backend. Epochs are then evaluated as the cascade so far. */
  readonly earlier?: readonly Stage[];
}

/** A run that is finished, with its certification, or interrupted, without one. */
export interface TrainingOutcome {
  readonly run: Run;
  readonly certification: Certification | null;
}

/** The state is kept after every epoch, and after this many seconds within one. */
const SAVE_EVERY_SECONDS = 300;

/**
 * Trains, evaluates by exact bounds, and keeps the run folder such that the run can go on from the last state kept
 * whatever happens, and from its last batch after a signal.
 */
export async function runTraining(
  job: TrainingJob,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<TrainingOutcome> {
  const { folder, network, train } = job;
  const { config } = job.run;
  const source = batchSource(train, config);
  const trainer = new Trainer(backend, network, job.weights, config, source);
  try {
    if (job.state) trainer.restore(job.state);
    let run: Run = { ...job.run, status: "running", epochs: [...trainer.rows] };
    await writeFirst(run, job, trainer);
    const events = new EventFile(folder.path, trainer.rows);
    const save = async (changes: Partial<Run>): Promise<Run> => {
      run = {
        ...run,
        ...changes,
        epochs: [...trainer.rows],
        best: bestEpoch(trainer.rows, config)?.epoch ?? null,
      };
      await folder.writeRun(run);
      return run;
    };
    try {
      await trainEpochs(
        { job, trainer, backend, output, interruption, events, save },
        source.batchesPerEpoch,
      );
      const certification = interruption.aborted
        ? null
        : await evaluateRun(trainer, backend, job.test, output, interruption.signal);
      if (certification) {
        const evaluation = evaluationRecord(run, certification);
        const { weights, rows } = await trainer.state();
        await folder.writeOnnx({ network, weights }, config, rows);
        return { run: await save({ status: "finished", evaluation }), certification };
      }
      await folder.writeCheckpoint(network, await trainer.state());
      return { run: await save({ status: "interrupted" }), certification };
    } catch (error) {
      // The fault itself is what the user has to hear, not that the record could not be kept either.
      await save({ status: "interrupted" }).catch(() => {});
      throw error;
    }
  } finally {
    trainer.dispose();
  }
}

/** The first files of this sitting: an unwritable folder is found out here, and a new run then leaves nothing in it. */
async function writeFirst(run: Run, job: TrainingJob, trainer: Trainer): Promise<void> {
  const { folder } = job;
  const isNew = !existsSync(folder.file("run"));
  const absent = (["model", "checkpoint", "run", "metrics"] as const)
    .map((name) => folder.file(name))
    .filter((path) => !existsSync(path));
  try {
    // The record comes last: a folder without one is no run yet.
    await saveState(job, trainer);
    await folder.writeRun(run);
  } catch (error) {
    if (isNew) for (const path of absent) rmSync(path, { force: true });
    throw error;
  }
}

type BatchEvent = Extract<TrainingEvent, { kind: "batch" }>;

/** A run on its way. */
interface Course {
  readonly job: TrainingJob;
  readonly trainer: Trainer;
  readonly backend: Backend;
  readonly output: Output;
  readonly interruption: Interruption;
  readonly events: EventFile;
  save(changes: Partial<Run>): Promise<Run>;
}

async function saveState({ folder, network, run }: TrainingJob, trainer: Trainer): Promise<void> {
  const state = await trainer.state();
  // The model files are those of whole epochs.
  if (state.batch === 0) {
    const model = { network, weights: state.weights };
    await folder.writeModel("model", model, run.config, state.rows);
    const best = bestEpoch(state.rows, run.config);
    if (best !== null && best.epoch === state.rows.length) {
      await folder.writeModel("best", model, run.config, state.rows);
    }
  }
  await folder.writeCheckpoint(network, state);
}

async function trainEpochs(course: Course, batchesPerEpoch: number): Promise<void> {
  const { job, trainer, output, interruption } = course;
  const { epochs } = job.run.config;
  const start = job.state ? job.state.epoch * batchesPerEpoch + job.state.batch : 0;
  const total = epochs * batchesPerEpoch;
  const progress = output.progress({ label: "train", total, start });
  let saved = performance.now();
  try {
    await finishLastEpoch(course, progress);
    for await (const event of trainer.run(interruption.signal)) {
      if (event.kind === "epoch") {
        await finishEpoch(course, event.row, progress);
        saved = performance.now();
      } else {
        tellBatch(event, batchesPerEpoch, progress);
        if (performance.now() - saved > 1000 * SAVE_EVERY_SECONDS) {
          await saveState(job, trainer);
          saved = performance.now();
        }
      }
      await nextTurn();
    }
  } finally {
    progress.stop();
  }
}

/** An epoch whose evaluation was interrupted is evaluated first. */
async function finishLastEpoch(course: Course, progress: Progress): Promise<void> {
  const { job, trainer } = course;
  const last = trainer.rows[trainer.rows.length - 1];
  if (!last || job.state?.batch !== 0 || last.test || !isDue(job.run.config, last.epoch)) return;
  await finishEpoch(course, last, progress);
}

/** Evaluates an epoch where that is due, and keeps it. */
async function finishEpoch(course: Course, row: EpochRow, progress: Progress): Promise<void> {
  const { job, trainer, backend, interruption, events, save } = course;
  const { config } = job.run;
  if (isDue(config, row.epoch)) {
    progress.update(row.epoch * Math.ceil(job.train.count / config.batchSize), "evaluating");
    const test = await evaluateEpoch(trainer, job.earlier ?? [], backend, job.test, interruption.signal);
    // Without it the epoch cannot be kept: the run goes on from the state before.
    if (!test) return;
    trainer.noteTest(test);
  }
  const whole = trainer.rows[trainer.rows.length - 1];
  progress.line(epochInWords(whole, config.epochs));
  await saveState(job, trainer);
  await save({});
  events.add(whole);
}

function tellBatch({ epoch, batch, sums }: BatchEvent, batchesPerEpoch: number, progress: Progress): void {
  const figure =
    sums.bounded > 0
      ? `robust error ${formatPercent(sums.notCertified / sums.bounded)}`
      : `error ${formatPercent(sums.wrong / sums.examples)}`;
  progress.update(epoch * batchesPerEpoch + batch, `epoch ${epoch + 1}, ${figure}`);
}

function epochInWords(row: EpochRow, epochs: number): string {
  const { epoch, epsilon, loss, robustLoss, error, robustError, seconds, test } = row;
  const figures =
    robustLoss === null || robustError === null
      ? `loss ${loss.toFixed(2)}  error ${formatPercent(error)}`
      : `epsilon ${formatNumber(epsilon)}  robust loss ${robustLoss.toFixed(2)}  ` +
        `error ${formatPercent(error)}  robust error ${formatPercent(robustError)}`;
  const tested = test
    ? `  test error ${formatPercent(test.error)}  robust ${formatPercent(test.robustError, "upper")}`
    : "";
  return `epoch ${epoch}/${epochs}  ${figures}${tested}  ${formatDuration(seconds)}`;
}
