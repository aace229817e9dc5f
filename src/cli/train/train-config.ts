import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import { isModelPath, lastingName } from "../../runs/models/open-model.js";
import { dataConfig } from "../../runs/training/data-config.js";
import type { TrainConfig } from "../../train/config.js";
import { configOf, type TrainSubject } from "../../train/settings/config-of.js";
import { trainSettings } from "../../train/settings/named.js";
import { recommendedSettings } from "../../train/settings/recommended.js";
import { unreachedInWords } from "../../train/unreached.js";
import { readBall, readingFlags } from "../common-options.js";
import type { TrainFlags } from "./flags.js";

/** The flags' settings as `run.json` has them, with every default filled in. */
export function trainConfig(flags: TrainFlags, train: Dataset, backend: Backend): TrainConfig {
  const { norm, epsilon, box } = readBall(flags, train);
  const hasWeights = isModelPath(flags.model);
  const subject: TrainSubject = {
    data: dataConfig(train, { name: flags.data, limit: flags.limit ?? null, ...readingFlags(flags) }),
    model: hasWeights ? lastingName(flags.model) : flags.model,
    hasWeights,
    norm,
    epsilon,
    box: box === null ? null : [box[0], box[1]],
    seed: flags.seed,
    backend: backend.name,
    dtype: backend.dtype,
  };
  const { settings } = recommendedSettings({ data: train.name, norm, epsilon }, flags);
  const config = configOf(trainSettings(settings), subject, flags);
  checkAugmentation(config, train);
  return config;
}

/**
 * What to say of a new run before it begins, a line each: which settings were taken, and why, where nobody asked for any, and that it
 * ends before epsilon is reached.
 */
export function remarksOn(flags: TrainFlags, train: Dataset, config: TrainConfig): string[] {
  return [recommendationInWords(flags, train), unreachedInWords(config)].filter((line) => line !== null);
}

function recommendationInWords(flags: TrainFlags, { name }: Dataset): string | null {
  const { norm, epsilon } = readBall(flags);
  const { settings, why } = recommendedSettings({ data: name, norm, epsilon }, flags);
  return why && `settings ${settings}: ${why}; --loss dual takes the paper's`;
}

function checkAugmentation({ augmentation }: TrainConfig, { shape, name }: Dataset): void {
  if (augmentation === null || shape.length === 3) return;
  throw new UsageError(
    `${augmentation.flip ? "--flip" : "--crop"}: expected images, found examples of shape [${shape}] in data set ${name}`,
  );
}
