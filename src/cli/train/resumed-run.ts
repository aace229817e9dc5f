import { checksum, type Dataset, subset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { FormatError } from "../../errors.js";
import { loadModelFile } from "../../formats/model-file.js";
import { formatShape, sameShape } from "../../network/shape.js";
import type { TrainConfig } from "../../train/config.js";
import type { Run, RunFolder } from "../../train/run-folder.js";
import type { TrainingState } from "../../train/trainer.js";
import { checkModelFitsData } from "../open-model.js";
import { testCount } from "./new-run.js";
import type { TrainingJob } from "./training.js";

/** A run as its folder has it: the network of its model file, the numbers of its checkpoint, the same data again. */
export async function resumedRun(folder: RunFolder, run: Run): Promise<TrainingJob> {
  const { network } = await loadModelFile(folder.file("model"));
  const state = await folder.readCheckpoint(network, run.config);
  checkPosition(folder, run.config, state);
  const { train: all, test } = await loadRunData(folder.file("run"), run.config);
  const train = run.config.data.listed ? subset(all, await folder.readExamples()) : all;
  checkSameSize(folder.file("run"), run.config, train);
  for (const dataset of [train, test]) checkModelFitsData(network, dataset, folder.file("model"));
  return { folder, run, network, weights: state.weights, state, train, test };
}

/** A checkpoint and a record that do not belong together would give numbers that no configuration explains. */
function checkPosition(
  folder: RunFolder,
  { epochs, data, batchSize }: TrainConfig,
  state: TrainingState,
): void {
  const batchesPerEpoch = Math.ceil(data.count / batchSize);
  const steps = state.epoch * batchesPerEpoch + state.batch;
  if (
    state.epoch <= epochs &&
    state.batch < batchesPerEpoch &&
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

function checkSameSize(where: string, { data }: TrainConfig, found: Dataset): void {
  if (data.count === found.count && data.classes === found.classes && sameShape(data.shape, found.shape))
    return;
  const describe = (count: number, shape: readonly number[], classes: number): string =>
    `${count} examples of ${formatShape(shape)} in ${classes} classes`;
  throw new FormatError(
    `${where}: data set ${data.name}: expected ` +
      `${describe(data.count, data.shape, data.classes)}, as when the run began, found ` +
      describe(found.count, found.shape, found.classes),
  );
}

/** The data of a run, checked to be what they were when it began. `where` is the record that says so. */
export async function loadRunData(
  where: string,
  config: TrainConfig,
): Promise<{ readonly train: Dataset; readonly test: Dataset }> {
  const { name, limit, dataDir, seed, sha256, listed } = config.data;
  const common = { seed, dataDir: dataDir ?? undefined };
  const train = await loadDataset(name, { ...common, split: "train", limit: limit ?? undefined });
  if (!listed) checkSameSize(where, config, train);
  if (sha256 !== null && sha256 !== checksum(train)) {
    throw new FormatError(
      `${where}: data set ${name}: expected the same examples as when the run began, found others in ${train.source}; ` +
        "put the old ones back, or train anew",
    );
  }
  return { train, test: await loadDataset(name, { ...common, split: "test", limit: testCount(config) }) };
}
