import { existsSync, rmdirSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { DATASET_NAMES, loadDataset } from "../../data/load.js";
import { architecture } from "../../network/architectures.js";
import { initialWeights, type Model } from "../../network/weights.js";
import type { TrainConfig } from "../../train/config.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import { readBall } from "../common-options.js";
import { checkBallFitsData } from "../example-batches.js";
import { checkModelFitsData, isModelPath, openModel } from "../open-model.js";
import { circumstances } from "./circumstances.js";
import type { TrainFlags } from "./flags.js";
import { CIFAR10_NORMALIZATION } from "./normalization.js";
import type { TrainingJob } from "./training.js";

/** Seed of generated data: `glyphs` means the same examples in every command, whatever a run's own seed. */
export const DATA_SEED = 0;

/** A new run as the flags have it. Everything is read and checked before the folder is made. */
export async function newRun(flags: TrainFlags, backend: Backend): Promise<TrainingJob> {
  const ball = readBall(flags);
  const { data, dataDir, limit, testLimit } = flags;
  const train = await loadDataset(data, { split: "train", limit, dataDir, seed: DATA_SEED });
  const test = await loadDataset(data, { split: "test", limit: testLimit, dataDir, seed: DATA_SEED });
  const model = await startingModel(flags, train);
  const config = trainConfig(flags, train, backend);
  for (const dataset of [train, test]) {
    checkModelFitsData(model.network, dataset, `model ${flags.model}`);
    const { start, end } = config.epsilon;
    checkBallFitsData({ ...ball, epsilon: Math.min(start, end) }, dataset);
  }
  const folder = RunFolder.create(flags.out ?? freeFolder(flags, train));
  return { folder, run: freshRun(config), ...model, state: null, train, test };
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
    evaluation: null,
  };
}

/** Takes a folder away again in which nothing could be written. */
export function removeIfEmpty(folder: RunFolder): void {
  try {
    rmdirSync(folder.path);
  } catch {
    // It holds something, or it cannot be removed either: it stays.
  }
}

/** A named architecture with fresh weights, or the model of a file or run folder. */
async function startingModel({ model, seed }: TrainFlags, train: Dataset): Promise<Model> {
  if (isModelPath(model)) {
    const { network, weights } = await openModel(model);
    return { network, weights };
  }
  const network = architecture(model, {
    inputShape: train.shape,
    classes: train.classes,
    ...(train.name === "cifar10" && { normalization: CIFAR10_NORMALIZATION }),
  });
  return { network, weights: initialWeights(network, seed) };
}

/** The flags' settings as `run.json` has them, with every default filled in. */
export function trainConfig(flags: TrainFlags, train: Dataset, backend: Backend): TrainConfig {
  const { norm, epsilon, box } = readBall(flags);
  const { epochs, kappa, rate, rateDecayFactor: factor, rateDecayEvery: every } = flags;
  const scheduleEpochs = flags.scheduleEpochs ?? Math.max(1, Math.floor(epochs / 2));
  return {
    data: {
      name: DATASET_NAMES.includes(flags.data) ? flags.data : resolve(flags.data),
      count: train.count,
      shape: [...train.shape],
      classes: train.classes,
      limit: flags.limit ?? null,
      dataDir: flags.dataDir === undefined ? null : resolve(flags.dataDir),
      seed: DATA_SEED,
    },
    model: isModelPath(flags.model) ? resolve(flags.model) : flags.model,
    norm,
    epsilon: { start: flags.startEpsilon ?? epsilon / 100, end: epsilon, epochs: scheduleEpochs },
    box: box === null ? null : [box[0], box[1]],
    kappa: { ...kappa, epochs: flags.kappaEpochs ?? scheduleEpochs },
    bound: flags.bound,
    projections: flags.projections,
    sketch: flags.sketch,
    epochs,
    testLimit: flags.testLimit,
    batchSize: flags.batch,
    optimizer: { kind: "adam", weightDecay: 0 },
    learningRate: { rate, factor, every, after: flags.rateDecayAfter ?? scheduleEpochs },
    seed: flags.seed,
    backend: backend.name,
    dtype: backend.dtype,
  };
}

/** `runs/<data>-<model>-<epsilon>`, with a number after it if that is taken. */
function freeFolder({ model, epsilon }: TrainFlags, train: Dataset): string {
  const stem = basename(model, extname(model));
  const base = join("runs", `${train.name}-${stem}-${Number(epsilon.toPrecision(4))}`);
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path)) return path;
  }
}
