import { nextTurn } from "../../compute/deadline.js";
import type { EpochRow } from "../../train/config.js";
import type { Trainer } from "../../train/trainer.js";
import type { TrainingEvent } from "../../train/training-state.js";
import { type Figures, isEnded, observed, type WorkObserver } from "../observer.js";
import { bestEpoch, evaluateEpoch, isDue, isPatienceOver } from "./evaluation.js";
import type { RunningTraining, TrainingJob } from "./job.js";

/** The state is kept after every epoch, and after this many seconds within one. */
const SAVE_EVERY_SECONDS = 300;

/** Keeps all that the run needs to go on; between two epochs the model files as well. */
export async function saveState({ folder, network, run }: TrainingJob, trainer: Trainer): Promise<void> {
  if (!folder.writes) return;
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

/** Trains the epochs that are left, and evaluates and keeps each. Ends early, between two batches, where the signal aborts. */
export async function trainEpochs(course: RunningTraining, batchesPerEpoch: number): Promise<void> {
  const { job, trainer, watch } = course;
  const { epochs } = job.run.config;
  const start = job.state ? job.state.epoch * batchesPerEpoch + job.state.batch : 0;
  const work = { name: "train", total: epochs * batchesPerEpoch, start } as const;
  await observed(watch, work, async (seen) => {
    let saved = performance.now();
    await finishLastEpoch(course, seen);
    if (isPatienceOver(trainer.rows, job.run.config)) return;
    for await (const event of trainer.run(watch.signal)) {
      if (event.kind === "epoch") {
        await finishEpoch(course, event.row, seen);
        if (isPatienceOver(trainer.rows, job.run.config)) return;
        saved = performance.now();
      } else {
        const { epoch, batch } = event;
        seen.update(epoch * batchesPerEpoch + batch, figuresOf(event));
        if (performance.now() - saved > 1000 * SAVE_EVERY_SECONDS) {
          await saveState(job, trainer);
          saved = performance.now();
        }
      }
      await nextTurn();
    }
  });
}

/** An epoch whose evaluation was interrupted is evaluated first. */
async function finishLastEpoch(course: RunningTraining, seen: WorkObserver): Promise<void> {
  const { job, trainer } = course;
  const last = trainer.rows[trainer.rows.length - 1];
  if (!last || job.state?.batch !== 0 || last.test || !isDue(job.run.config, last)) return;
  await finishEpoch(course, last, seen);
}

/** Evaluates an epoch where that is due, and keeps it. */
async function finishEpoch(course: RunningTraining, row: EpochRow, seen: WorkObserver): Promise<void> {
  const { job, trainer, watch, team, events, save } = course;
  const { config } = job.run;
  if (isDue(config, row)) {
    seen.update(row.epoch * Math.ceil(job.train.count / config.batchSize), { evaluating: true });
    try {
      trainer.noteTest(await evaluateEpoch(trainer, job.earlier ?? [], job, team));
    } catch (error) {
      // Without it the epoch cannot be kept: the run goes on from the state before.
      if (isEnded(error, watch.signal)) return;
      throw error;
    }
  }
  const whole = trainer.rows[trainer.rows.length - 1];
  watch.observer?.tell?.({ kind: "epoch", row: whole, epochs: config.epochs });
  await saveState(job, trainer);
  await save({});
  events.add(whole);
}

function figuresOf({ epoch, sums }: Extract<TrainingEvent, { kind: "batch" }>): Figures {
  return {
    epoch: epoch + 1,
    error: sums.wrong / sums.examples,
    ...(sums.bounded > 0 && { robustError: sums.notCertified / sums.bounded }),
  };
}
