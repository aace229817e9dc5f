import { subset } from "../../data/dataset.js";
import { FormatError } from "../../errors.js";
import type { TrainConfig } from "../../train/config.js";
import type { Run, RunFolder } from "../../train/run-folder.js";
import type { TrainingState } from "../../train/training-state.js";
import { checkModelFitsData } from "../models/open-model.js";
import type { TrainingJob } from "./job.js";
import { checkSameSize, loadRunData, type RunData } from "./run-data.js";

/** A run as its folder has it: the network of its model file, the numbers of its checkpoint, the same data again. */
export async function resumedRun(
  folder: RunFolder,
  run: Run,
  given: RunData | null = null,
): Promise<TrainingJob> {
  const { network } = await folder.readModel();
  const state = await folder.readCheckpoint(network, run.config);
  checkPosition(folder, run.config, state);
  const { train: all, test } = await loadRunData(folder.file("run"), run.config, given);
  const train = run.config.data.listed ? subset(all, await folder.readExamples()) : all;
  checkSameSize(folder.file("run"), run.config, train);
  for (const dataset of [train, test]) checkModelFitsData(network, dataset, folder.file("model"));
  return { folder, run, network, weights: state.weights, state, train, test };
}

/** A checkpoint and a record that do not belong together would give numbers that no configuration explains. */
function checkPosition(
  folder: RunFolder,
  { epochs, data, batchSize, validation }: TrainConfig,
  state: TrainingState,
): void {
  const batchesPerEpoch = Math.ceil((data.count - validation) / batchSize);
  const steps = state.epoch * batchesPerEpoch + state.batch;
  if (
    state.epoch <= epochs &&
    // A state may be kept after an epoch's last batch, before the epoch is evaluated.
    state.batch <= batchesPerEpoch &&
    state.rows.length === state.epoch &&
    state.optimizer.step === steps
  ) {
    return;
  }
  throw new FormatError(
    `${folder.file("checkpoint")}: expected a position within ${epochs} epochs of ${batchesPerEpoch} batches, ` +
      `found epoch ${state.epoch + 1}, batch ${state.batch}, step ${state.optimizer.step}; is it of another run?`,
  );
}
