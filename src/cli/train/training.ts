import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import type { Network } from "../../network/network.js";
import type { Weights } from "../../network/weights.js";
import type { TrainConfig } from "../../train/config.js";
import type { Run, RunFolder } from "../../train/run-folder.js";
import { Trainer, type TrainingEvent, type TrainingState } from "../../train/trainer.js";
import { type Certification, certifyDataset } from "../certification.js";
import type { Interruption } from "../interruption.js";
import { nextTurn } from "../next-turn.js";
import type { Output } from "../output.js";
import type { Progress } from "../progress.js";
import { formatDuration, formatNumber, formatPercent } from "../wording.js";
import { batchSource } from "./batch-source.js";

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
}

/** A run that is finished, with its certification, or interrupted, without one. */
export interface TrainingOutcome {
  readonly run: Run;
  readonly certification: Certification | null;
}

/** Examples certified at a time in the evaluation; each verdict is its own, whatever the batch. */
const EVALUATION_BATCH = 20;

/**
 * Trains, evaluates by exact bounds, and keeps the run folder such that the run can go on from its last epoch whatever
 * happens, and from its last batch after a signal.
 */
export async function runTraining(
  job: TrainingJob,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<TrainingOutcome> {
  const { folder, network, train } = job;
  const { config } = job.run;
  const source = batchSource(train, config.batchSize, config.seed);
  const trainer = new Trainer(backend, network, job.weights, config, source);
  try {
    if (job.state) trainer.restore(job.state);
    let run: Run = { ...job.run, status: "running", epochs: [...trainer.rows] };
    // The record comes last: a folder without one is no run yet. An unwritable folder is found out here.
    await saveState(job, trainer);
    await folder.writeRun(run);
    const save = async (changes: Partial<Run>): Promise<Run> => {
      run = { ...run, ...changes, epochs: [...trainer.rows] };
      await folder.writeRun(run);
      return run;
    };
    try {
      await trainEpochs(job, trainer, source.batchesPerEpoch, output, interruption, save);
      const certification = interruption.aborted
        ? null
        : await evaluate(job, trainer, backend, output, interruption);
      if (certification) {
        const evaluation = evaluationOf(run, job.test, certification);
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

async function saveState({ folder, network, run }: TrainingJob, trainer: Trainer): Promise<void> {
  const state = await trainer.state();
  // The model file is that of the last whole epoch.
  if (state.batch === 0) await folder.writeModel(network, state.weights, run.config, state.rows);
  await folder.writeCheckpoint(network, state);
}

async function trainEpochs(
  job: TrainingJob,
  trainer: Trainer,
  batchesPerEpoch: number,
  output: Output,
  interruption: Interruption,
  save: (changes: Partial<Run>) => Promise<Run>,
): Promise<void> {
  const { epochs } = job.run.config;
  const start = job.state ? job.state.epoch * batchesPerEpoch + job.state.batch : 0;
  const total = epochs * batchesPerEpoch;
  if (start >= total) return;
  const progress = output.progress({ label: "train", total, start });
  try {
    for await (const event of trainer.run(interruption.signal)) {
      tell(event, batchesPerEpoch, job.run.config, progress);
      if (event.kind === "epoch") {
        await saveState(job, trainer);
        await save({});
      }
      await nextTurn();
    }
  } finally {
    progress.stop();
  }
}

function tell(event: TrainingEvent, batchesPerEpoch: number, config: TrainConfig, progress: Progress): void {
  switch (event.kind) {
    case "batch": {
      const { epoch, batch, sums } = event;
      const figure =
        sums.bounded > 0
          ? `robust error ${formatPercent(sums.notCertified / sums.bounded)}`
          : `error ${formatPercent(sums.wrong / sums.examples)}`;
      progress.update(epoch * batchesPerEpoch + batch, `epoch ${epoch + 1}, ${figure}`);
      return;
    }
    case "epoch": {
      const { epoch, epsilon, loss, robustLoss, error, robustError, seconds } = event.row;
      const figures =
        robustLoss === null || robustError === null
          ? `loss ${loss.toFixed(2)}  error ${formatPercent(error)}`
          : `epsilon ${formatNumber(epsilon)}  robust loss ${robustLoss.toFixed(2)}  ` +
            `error ${formatPercent(error)}  robust error ${formatPercent(robustError)}`;
      progress.line(`epoch ${epoch}/${config.epochs}  ${figures}  ${formatDuration(seconds)}`);
      return;
    }
    default:
      event satisfies never;
  }
}

async function evaluate(
  { network, test, run }: TrainingJob,
  trainer: Trainer,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<Certification | null> {
  const { norm, epsilon, box, bound } = run.config;
  return certifyDataset(
    { backend, network, parameters: trainer.parameters },
    test,
    {
      ball: { norm, epsilon: epsilon.end, box },
      method: bound,
      against: "prediction",
      batch: EVALUATION_BATCH,
    },
    output,
    interruption.signal,
  );
}

function evaluationOf({ config }: Run, test: Dataset, { summary }: Certification): Run["evaluation"] {
  const { error, robustError, seconds } = summary;
  return {
    examples: test.count,
    epsilon: config.epsilon.end,
    error,
    robustError,
    guarantee: "exact",
    seconds,
  };
}
