import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import { UsageError } from "../../errors.js";
import { architecture } from "../../network/architectures.js";
import { formatShape } from "../../network/shape.js";
import { initialWeights, type Model } from "../../network/weights.js";
import type { TrainConfig } from "../../train/config.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import { readBall } from "../common-options.js";
import { checkBallFitsData } from "../example-batches.js";
import { checkModelFitsData, isModelPath, openModel } from "../open-model.js";
import { circumstances } from "./circumstances.js";
import type { TrainFlags } from "./flags.js";
import { CIFAR10_NORMALIZATION } from "./normalization.js";
import { DATA_SEED, trainConfig, withTestData } from "./train-config.js";
import type { TrainingJob } from "./training.js";

/** What the flags ask for, read and checked: a job without a folder. */
export type PreparedJob = Omit<TrainingJob, "folder">;

/** A new run as the flags have it. Everything is read and checked before the folder is made. */
export async function newRun(flags: TrainFlags, backend: Backend): Promise<TrainingJob> {
  const prepared = await prepareRun(flags, backend);
  return { ...prepared, folder: RunFolder.create(flags.out ?? freeFolder(flags, prepared.train)) };
}

export async function prepareRun(flags: TrainFlags, backend: Backend): Promise<PreparedJob> {
  const ball = readBall(flags);
  const { data, dataDir, limit } = flags;
  const train = await loadDataset(data, { split: "train", limit, dataDir, seed: DATA_SEED });
  const model = await startingModel(flags, train, backend);
  const settings = trainConfig(flags, train, backend);
  const test = await loadDataset(data, {
    split: "test",
    limit: testCount(settings),
    dataDir,
    seed: DATA_SEED,
  });
  const config = withTestData(settings, test);
  for (const dataset of [train, test]) {
    checkModelFitsData(model.network, dataset, `model ${flags.model}`);
    const { start, end } = config.epsilon;
    checkBallFitsData({ ...ball, epsilon: Math.min(start, end) }, dataset);
  }
  return { run: freshRun(config), ...model, state: null, train, test };
}

/** The record of a run that has not begun. */
export function freshRun(config: TrainConfig): Run {
  return {
    schema: "autodual/run/1",
    status: "running",
    config,
    ...circumstances(),
    seed: config.seed,
    epochs: [],
    best: null,
    evaluation: null,
  };
}

/** How many test examples a run wants at most; undefined for all. */
export function testCount({ testLimit, evaluation }: TrainConfig): number | undefined {
  if (testLimit === null || (evaluation.every > 0 && evaluation.limit === null)) return undefined;
  return Math.max(testLimit, evaluation.every > 0 ? (evaluation.limit ?? 0) : 0);
}

/** A named architecture with fresh weights, or the model of a file or run folder. */
export async function startingModel(
  { model, seed }: Pick<TrainFlags, "model" | "seed">,
  train: Dataset,
  backend: Backend,
): Promise<Model> {
  if (isModelPath(model)) {
    const { network, weights } = await openModel(model, backend);
    return { network, weights };
  }
  if (train.shape.length !== 3) {
    throw new UsageError(
      `--model ${model}: expected images, [channels, height, width], as the named networks take them; found ` +
        `${formatShape(train.shape)} in data set ${train.name}; give --model a file with a network for such inputs`,
    );
  }
  const network = architecture(model, {
    inputShape: train.shape,
    classes: train.classes,
    ...(train.name === "cifar10" && { normalization: CIFAR10_NORMALIZATION }),
  });
  return { network, weights: initialWeights(network, seed) };
}

/** `runs/<data>-<model>-<epsilon>`, with a number after it if that is taken. */
export function freeFolder({ model, epsilon }: TrainFlags, train: Dataset): string {
  const stem = basename(model, extname(model));
  const base = join("runs", `${train.name}-${stem}-${Number(epsilon.toPrecision(4))}`);
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path)) return path;
  }
}
