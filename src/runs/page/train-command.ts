import type { TrainConfig } from "../../train/config.js";
import { formatEpsilon } from "../../report/wording.js";
import { shellLine } from "./shell-words.js";

/** Of a cascade: how many stages, and the model that is the first one, if it was there already. */
interface CascadeOf {
  readonly cascade: number;
  readonly firstStage: string | null;
}

/** The command that trains by a configuration, every flag that decides its numbers spelled out. */
export function trainCommand(config: TrainConfig, several: CascadeOf | null = null): string {
  return shellLine([
    ...["autodual", "train", "--data", config.data.name, "--model", config.model],
    ...ballFlags(config, config.epsilon.end),
    ...option("--data-dir", config.data.dataDir),
    ...option("--limit", config.data.limit),
    ...(several
      ? ["--cascade", String(several.cascade), ...option("--first-stage", several.firstStage)]
      : []),
    ...(config.bound === "parallel" ? [] : ["--bound", config.bound]),
    ...["--projections", String(config.projections)],
    ...(config.sketch === "joint" ? [] : ["--sketch", config.sketch]),
    ...scheduleFlags(config),
    ...optimizerFlags(config),
    ...augmentationFlags(config),
    ...evaluationFlags(config),
    ...["--seed", String(config.seed), "--backend", config.backend, "--dtype", config.dtype],
  ]);
}

/** Norm, radius and box, as every command takes them. */
export function ballFlags(
  { norm, box }: Pick<TrainConfig, "norm" | "box">,
  epsilon: number | null,
): string[] {
  const boxed = norm === "linf" ? (box === null ? "none" : box.join(",")) : null;
  return [
    ...(epsilon === null ? [] : ["--epsilon", formatEpsilon(epsilon)]),
    ...(norm === "linf" ? [] : ["--norm", norm]),
    ...(boxed === null || boxed === "0,1" ? [] : ["--box", boxed]),
  ];
}

function option(flag: string, value: string | number | null): string[] {
  return value === null ? [] : [flag, String(value)];
}

function scheduleFlags({ epochs, epsilon, kappa, warmupEpochs }: TrainConfig): string[] {
  return [
    ...["--epochs", String(epochs), "--start-epsilon", String(epsilon.start)],
    ...["--schedule-epochs", String(epsilon.epochs)],
    ...(epsilon.shape === "linear" ? [] : ["--schedule", epsilon.shape]),
    ...(kappa.start === 1 && kappa.end === 1 ? [] : ["--kappa", `${kappa.start},${kappa.end}`]),
    ...(kappa.epochs === epsilon.epochs ? [] : ["--kappa-epochs", String(kappa.epochs)]),
    ...(warmupEpochs === 0 ? [] : ["--warmup-epochs", String(warmupEpochs)]),
  ];
}

function optimizerFlags({ batchSize, optimizer, gradientClip, learningRate }: TrainConfig): string[] {
  const { rate, factor, every, after } = learningRate;
  return [
    ...["--batch", String(batchSize), "--optimizer", optimizer.kind, "--rate", String(rate)],
    ...(optimizer.kind === "sgd" ? ["--momentum", String(optimizer.momentum)] : []),
    ...(optimizer.weightDecay === 0 ? [] : ["--weight-decay", String(optimizer.weightDecay)]),
    ...option("--clip", gradientClip),
    ...["--rate-decay-factor", String(factor), "--rate-decay-every", String(every)],
    ...["--rate-decay-after", String(after)],
  ];
}

function augmentationFlags({ augmentation }: TrainConfig): string[] {
  if (augmentation === null) return [];
  const { flip, crop } = augmentation;
  return [...(flip ? ["--flip"] : []), ...(crop === 0 ? [] : ["--crop", String(crop)])];
}

function evaluationFlags({ evaluation, testLimit }: TrainConfig): string[] {
  const count = (limit: number | null) => (limit === null ? "all" : String(limit));
  return [
    ...["--evaluate-every", String(evaluation.every), "--evaluate-limit", count(evaluation.limit)],
    ...["--test-limit", count(testLimit)],
  ];
}
