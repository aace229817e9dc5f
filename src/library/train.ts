import * as z from "zod";
import type { Backend } from "../compute/backend.js";
import type { BackendName } from "../compute/index.js";
import { checkDataset, type Dataset } from "../data/dataset.js";
import type { ReadingOptions } from "../data/reading.js";
import { UsageError } from "../errors.js";
import { Network } from "../network/network.js";
import type { Model } from "../network/weights.js";
import { newCascade, resumedCascade } from "../runs/cascade/cascade-job.js";
import { trainCascade } from "../runs/cascade/cascade-training.js";
import type { Certification } from "../runs/certification-summary.js";
import { measureFinished } from "../runs/finished-run.js";
import { isModelPath, lastingName } from "../runs/models/open-model.js";
import { isEnded, type Watch } from "../runs/observer.js";
import { writeRunReport } from "../runs/page/write-report.js";
import { dataConfig } from "../runs/training/data-config.js";
import { newRun, type TrainingOrder } from "../runs/training/new-run.js";
import { resumedRun } from "../runs/training/resumed-run.js";
import type { RunData } from "../runs/training/run-data.js";
import { runTraining } from "../runs/training/training.js";
import { type CascadeRun, isCascadeRun, readCascadeRun } from "../train/cascade-run.js";
import type { TrainConfig } from "../train/config.js";
import { type Run, RunFolder } from "../train/run-folder.js";
import { configOf } from "../train/settings/config-of.js";
import { FLAG_GROUPS, flagsOf, type TrainOverrides } from "../train/settings/index.js";
import { trainSettings } from "../train/settings/named.js";
import { recommendedSettings } from "../train/settings/recommended.js";
import { type BallOptions, uniformBox } from "./ball.js";
import { COMMON, checkOptions, isRecord, POSITIVE, TEXT } from "./check-options.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { isModel } from "./models.js";

/**
 * What to train, on what and within which ball. All else is as named settings have it, but for what is said here by the names
 * of the flags of `train`: `epochs`, `batch`, `rate`, `projections`, …
 */
export interface TrainOptions
  extends Omit<BallOptions, "epsilon">,
    MachineOptions,
    ReadingOptions,
    Watch,
    TrainOverrides {
  /** The name of a data set, a folder, an `.npz` file, or examples in memory. */
  readonly data: string | RunData;
  /** Where a named data set is looked for first. */
  readonly dataDir?: string;
  /** The first so many training examples. */
  readonly limit?: number;
  /** The name of an architecture, a model file or run folder to start from, a network, or a network with weights. */
  readonly model: string | Network | Model;
  /** The radius that training ends with, in the units of the data. */
  readonly epsilon: number;
  /**
   * Named settings, such as `paper-mnist`. Default: those that measured results speak for, by data and ε, where neither `loss` nor
   * `projections` is given; else `plain`.
   */
  readonly settings?: string;
  /** Stages of a cascade (Algorithm 2). Default 1, a single model. */
  readonly stages?: number;
  /** Of the starting weights and of the batches. Default 0. */
  readonly seed?: number;
  /** The run folder. Default: a free one below `runs`. */
  readonly out?: string;
}

/** A training that is over: finished, or interrupted by the signal and ready to go on. */
export interface TrainResult {
  /** The run folder: its path is a model for every other call. */
  readonly folder: string;
  /** What `run.json` holds. */
  readonly run: Run | CascadeRun;
  /** The final evaluation of a single model; null of a cascade, and of what was interrupted. */
  readonly certification: Certification | null;
}

/**
 * Trains a provably robust model, or a cascade of several, into a run folder, evaluates it by deterministic bounds, and writes
 * its report. A signal ends it between two batches; `resumeTraining` goes on with the same numbers.
 * Throws an `AutodualError` for what cannot be read or does not fit, and with advice for a training that fails.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkOptions("train", options, SHAPE);
  const { stages = 1 } = options;
  if (typeof options.data !== "string") {
    for (const split of ["train", "test"] as const) checkDataset(`train: data.${split}`, options.data[split]);
  }
  return onBackend(options, async (backend) => {
    const order = orderOf(options, backend);
    if (stages > 1) {
      const { folder, test, ...job } = await newCascade({ ...order, stages }, backend);
      const run = await trainCascade({ folder, test, ...job }, backend, options);
      return finished({ folder, test, run, certification: null }, backend, options);
    }
    const job = await newRun(order, backend);
    const outcome = await runTraining(job, backend, options);
    return finished({ folder: job.folder.path, test: job.test, ...outcome }, backend, options);
  });
}

/** What computes, and where examples in memory are that a run was begun on. */
export interface ResumeOptions extends MachineOptions, Watch {
  /** Absent: they are where they were when the run began. */
  readonly data?: RunData;
}

/**
 * Goes on with a training that was stopped, by its own settings, on the same data; of one that is finished, what a report shows
 * is measured anew. Throws a `FormatError` for a folder that holds no run, or for other data than it began with.
 */
export async function resumeTraining(folder: string, options: ResumeOptions = {}): Promise<TrainResult> {
  if (typeof folder !== "string") {
    throw new UsageError(`resumeTraining: folder: expected a path, found ${typeof folder}`);
  }
  checkOptions("resumeTraining", options, RESUME_SHAPE);
  const cascade = isCascadeRun(folder);
  const { config } = cascade ? await readCascadeRun(folder) : await RunFolder.open(folder).readRun();
  const backend = options.backend ?? (config.backend as BackendName);
  return onBackend({ ...options, backend, dtype: config.dtype }, async (own) =>
    cascade ? await resumeStages(folder, own, options) : await resumeModel(folder, own, options),
  );
}

async function resumeModel(folder: string, backend: Backend, options: ResumeOptions): Promise<TrainResult> {
  const own = RunFolder.open(folder);
  const job = await resumedRun(own, await own.readRun(), options.data ?? null);
  const outcome =
    job.run.status === "finished"
      ? { run: job.run, certification: null }
      : await runTraining(job, backend, options);
  return finished({ folder, test: job.test, ...outcome }, backend, options);
}

async function resumeStages(folder: string, backend: Backend, options: ResumeOptions): Promise<TrainResult> {
  const job = await resumedCascade(folder, backend, undefined, options.data ?? null);
  const run = job.run.status === "finished" ? job.run : await trainCascade(job, backend, options);
  return finished({ folder, test: job.test, run, certification: null }, backend, options);
}

/** Measures what the report shows, and writes it. A signal leaves the rest unmeasured. */
async function finished(
  { test, ...result }: TrainResult & { readonly test: Dataset },
  backend: Backend,
  watch: Watch,
): Promise<TrainResult> {
  const { folder, run, certification } = result;
  if (run.status === "finished") {
    try {
      await measureFinished({ folder, config: run.config, test, certification }, backend, watch);
    } catch (error) {
      if (!isEnded(error, watch.signal)) throw error;
    }
  }
  await writeRunReport(folder);
  return result;
}

function orderOf(options: TrainOptions, backend: Backend): TrainingOrder {
  const { data, dataDir, layout, label, limit, model, epsilon, seed = 0, out } = options;
  const { norm = "linf" } = options;
  const ball = { norm, epsilon, box: uniformBox("train", options) };
  return {
    ...{ data, dataDir, layout, label, limit, ball, seed, out, model },
    configOf: (train) => {
      const box = uniformBox("train", options, train);
      return configOf(
        trainSettings(recommendedSettings({ data: train.name, norm, epsilon }, options).settings),
        {
          data: dataOf(train, options),
          model: nameOf(model),
          hasWeights: typeof model === "string" ? isModelPath(model) : !(model instanceof Network),
          norm,
          epsilon,
          box: box && [box[0], box[1]],
          seed,
          backend: backend.name,
          dtype: backend.dtype,
        },
        options,
      );
    },
  };
}

function dataOf(train: Dataset, { data, dataDir, layout, label, limit }: TrainOptions): TrainConfig["data"] {
  const name = typeof data === "string" ? data : train.name;
  const found = dataConfig(train, { name, limit: limit ?? null, dataDir, layout, label });
  return typeof data === "string" ? found : { ...found, name };
}

function nameOf(model: TrainOptions["model"]): string {
  if (typeof model !== "string") return "network in memory";
  return isModelPath(model) ? lastingName(model) : model;
}

const data = z.custom<unknown>(
  (value) => isRecord(value) && isRecord(value.train) && isRecord(value.test),
  "expected the name of a data set, a path, or { train, test }",
);

const RESUME_SHAPE = {
  data: data.optional(),
  backend: COMMON.backend,
  dtype: COMMON.dtype,
  threads: COMMON.threads,
  signal: COMMON.signal,
  observer: COMMON.observer,
};

/** Its range is checked with the whole configuration. */
const SETTING = z
  .custom<unknown>(
    (value) => ["number", "string", "boolean"].includes(typeof value) || isRecord(value) || value === null,
    "expected a number, a word or a switch",
  )
  .optional();

const SHAPE = {
  ...RESUME_SHAPE,
  data: TEXT.or(data),
  dataDir: COMMON.dataDir,
  layout: COMMON.layout,
  label: COMMON.label,
  limit: COMMON.limit,
  model: TEXT.or(
    z.custom<unknown>(
      (value) => value instanceof Network || isModel(value),
      "expected an architecture, a path, a network, or a network with its weights",
    ),
  ),
  epsilon: z.number().min(0),
  norm: COMMON.norm,
  box: COMMON.box,
  settings: TEXT.optional(),
  ...Object.fromEntries(FLAG_GROUPS.flatMap(flagsOf).map(([name]) => [name, SETTING])),
  stages: POSITIVE.optional(),
  seed: COMMON.seed,
  out: TEXT.optional(),
};
