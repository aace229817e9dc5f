import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import { isModelPath, lastingName } from "../../runs/models/open-model.js";
import { dataConfig } from "../../runs/training/data-config.js";
import type { TrainConfig } from "../../train/config.js";
import { configOf, type TrainSettings, type TrainSubject, trainSettings } from "../../train/settings.js";
import { readBall } from "../common-options.js";
import type { TrainFlags } from "./flags.js";

/** The flags' settings as `run.json` has them, with every default filled in. */
export function trainConfig(flags: TrainFlags, train: Dataset, backend: Backend): TrainConfig {
  const named = trainSettings(flags.settings);
  const { norm, epsilon, box } = readBall(flags);
  const subject: TrainSubject = {
    data: dataConfig(train, { name: flags.data, limit: flags.limit ?? null, dataDir: flags.dataDir }),
    model: isModelPath(flags.model) ? lastingName(flags.model) : flags.model,
    norm,
    epsilon,
    box: box === null ? null : [box[0], box[1]],
    seed: flags.seed,
    backend: backend.name,
    dtype: backend.dtype,
  };
  return configOf(named, subject, {
    epochs: flags.epochs ?? named.epochs,
    startEpsilon: flags.startEpsilon,
    scheduleEpochs: flags.scheduleEpochs,
    shape: flags.schedule,
    kappa: flags.kappa,
    kappaEpochs: flags.kappaEpochs,
    warmupEpochs: flags.warmupEpochs,
    bound: flags.bound,
    projections: flags.projections ?? named.projections,
    sketch: flags.sketch,
    evaluation: { every: flags.evaluateEvery, limit: countOf(flags.evaluateLimit) },
    batchSize: flags.batch ?? named.batchSize,
    augmentation: augmentationOf(flags, named, train),
    optimizer: optimizerOf(flags, named),
    gradientClip: clipOf(flags, named),
    learningRate: flags.rate ?? named.learningRate,
    decayFactor: flags.rateDecayFactor ?? named.decayFactor,
    decayEvery: flags.rateDecayEvery,
    decayAfter: flags.rateDecayAfter,
    testLimit: countOf(flags.testLimit),
  });
}

function countOf(limit: number | "all"): number | null {
  return limit === "all" ? null : limit;
}

function optimizerOf(flags: TrainFlags, { optimizer: named }: TrainSettings): TrainConfig["optimizer"] {
  const kind = flags.optimizer ?? named.kind;
  const weightDecay = flags.weightDecay ?? named.weightDecay;
  if (kind === "adam") {
    if (flags.momentum === undefined) return { kind, weightDecay };
    throw new UsageError("--momentum: expected with --optimizer sgd alone, found with adam");
  }
  const momentum = flags.momentum ?? (named.kind === "sgd" ? named.momentum : 0.9);
  return { kind, momentum, weightDecay };
}

function clipOf({ clip }: TrainFlags, { gradientClip }: TrainSettings): number | null {
  if (clip === undefined) return gradientClip;
  return clip === "none" ? null : clip;
}

function augmentationOf(
  { flip, crop }: TrainFlags,
  { augmentation: named }: TrainSettings,
  { shape, name }: Dataset,
): TrainConfig["augmentation"] {
  const own = { flip: flip ?? named?.flip ?? false, crop: crop ?? named?.crop ?? 0 };
  if (!own.flip && own.crop === 0) return null;
  if (shape.length === 3) return own;
  throw new UsageError(
    `${own.flip ? "--flip" : "--crop"}: expected images, found examples of shape [${shape}] in data set ${name}`,
  );
}
