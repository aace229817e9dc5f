import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { loadDataset } from "../../data/load.js";
import type { ReadingOptions } from "../../data/reading.js";
import type { Team } from "../../distributed/team.js";
import { UsageError } from "../../errors.js";
import { encodeModel } from "../../formats/model-file.js";
import { architecture } from "../../network/architectures.js";
import { Network } from "../../network/network.js";
import { formatShape } from "../../network/shape.js";
import { initialWeights, type Model } from "../../network/weights.js";
import type { BallSpec } from "../../threat/ball.js";
import type { TrainConfig } from "../../train/config.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import { circumstances } from "../circumstances.js";
import { checkBallFitsData } from "../example-batches.js";
import { checkModelFitsData, isModelPath, openModel } from "../models/open-model.js";
import { checkBatchNorm } from "./check-batch-norm.js";
import { DATA_SEED, testCount, withTestData } from "./data-config.js";
import { checkValidation } from "./hold-out.js";
import type { TrainingJob } from "./job.js";
import { CIFAR10_NORMALIZATION } from "./normalization.js";
import type { RunData } from "./run-data.js";

/** What is to be trained, on what and where to. */
export interface TrainingOrder extends ReadingOptions {
  /** As `loadDataset` takes it, or examples in memory. */
  readonly data: string | RunData;
  readonly dataDir?: string | undefined;
  /** The first so many training examples. */
  readonly limit?: number | undefined;
  /** The name of an architecture, a file or folder to start from, or a network in memory, with or without weights. */
  readonly model: string | Model | Network;
  readonly ball: BallSpec;
  /** Of the starting weights. */
  readonly seed: number;
  /** The run folder; absent: a free one below `runs`. */
  readonly out?: string | undefined;
  /** The configuration of a run on these training examples. */
  configOf(train: Dataset): TrainConfig;
}

/** An order, read and checked: a job without a folder. */
export type PreparedJob = Omit<TrainingJob, "folder">;

/** A new run. Everything is read and checked before the folder is made; every rank of a team gives the same order. */
export async function newRun(order: TrainingOrder, backend: Backend, team?: Team): Promise<TrainingJob> {
  const prepared = await prepareRun(order, backend);
  return { ...prepared, folder: await newFolder(order, prepared, team) };
}

/** The folder that the order names, or a free one. The first rank of a team makes it. */
export async function newFolder(
  { out }: Pick<TrainingOrder, "out">,
  { run, train }: PreparedJob,
  team?: Team,
): Promise<RunFolder> {
  const make = (): RunFolder => RunFolder.create(out ?? freeFolder(run.config, train));
  if (!team) return make();
  const own = team.isFirst ? make() : null;
  const path = await team.ofFirst(own?.path ?? "");
  return own ?? RunFolder.of(path, { writes: false });
}

/** Reads and checks all that a run needs. */
export async function prepareRun(order: TrainingOrder, backend: Backend): Promise<PreparedJob> {
  const { data, dataDir, layout, label, limit, ball } = order;
  const load = async (split: "train" | "test", most: number | undefined): Promise<Dataset> =>
    typeof data === "string"
      ? loadDataset(data, { split, limit: most, dataDir, layout, label, seed: DATA_SEED })
      : data[split];
  const train = await load("train", limit);
  const settings = order.configOf(train);
  checkValidation(settings, train);
  const model = await startingModel({ ...order, initialization: settings.initialization }, train, backend);
  checkBatchNorm(model.network, settings, train.count - settings.validation);
  const test = await load("test", testCount(settings));
  const config = withTestData(settings, test);
  for (const dataset of [train, test]) {
    checkModelFitsData(
      model.network,
      dataset,
      `model ${typeof order.model === "string" ? order.model : config.model}`,
    );
    const { start, end } = config.epsilon;
    checkBallFitsData({ ...ball, epsilon: Math.min(start, end) }, dataset);
  }
  // What no file can hold is found out before a folder is made.
  encodeModel(model);
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

/** What training begins with, and what reading it left out or took in another way, a line each. */
export interface StartingModel extends Model {
  readonly notes?: readonly string[];
}

/** A named architecture with fresh weights, or the model of a file or run folder. */
export async function startingModel(
  {
    model,
    seed,
    initialization,
  }: Pick<TrainingOrder, "model" | "seed"> & Pick<TrainConfig, "initialization">,
  train: Dataset,
  backend: Backend,
): Promise<StartingModel> {
  if (model instanceof Network)
    return { network: model, weights: initialWeights(model, seed, initialization) };
  if (typeof model !== "string") return { network: model.network, weights: model.weights };
  if (isModelPath(model)) {
    const { network, weights, notes } = await openModel(model, backend);
    return { network, weights, ...(notes && { notes }) };
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
  return { network, weights: initialWeights(network, seed, initialization) };
}

/** `runs/<data>-<model>-<epsilon>`, with a number after it if that is taken. */
function freeFolder({ model, epsilon }: TrainConfig, train: Dataset): string {
  // A network in memory has a name of several words.
  const stem = basename(model, extname(model)).replaceAll(" ", "-");
  const base = join("runs", `${train.name}-${stem}-${Number(epsilon.end.toPrecision(4))}`);
  for (let i = 1; ; i++) {
    const path = i === 1 ? base : `${base}-${i}`;
    if (!existsSync(path)) return path;
  }
}
