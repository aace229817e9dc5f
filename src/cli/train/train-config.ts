import { resolve } from "node:path";
import type { Backend } from "../../compute/backend.js";
import { checksum, type Dataset } from "../../data/dataset.js";
import { DATASET_NAMES } from "../../data/load.js";
import { UsageError } from "../../errors.js";
import type { TrainConfig } from "../../train/config.js";
import { configOf, type TrainSubject } from "../../train/settings/config-of.js";
import { trainSettings } from "../../train/settings/named.js";
import { readBall } from "../common-options.js";
import { isModelPath, lastingName } from "../open-model.js";
import type { TrainFlags } from "./flags.js";

/** Seed of generated data: `glyphs` means the same examples in every command, whatever a run's own seed. */
export const DATA_SEED = 0;

/** The examples of a run, so that a resumed one can check that they are the same. */
export function dataConfig(
  train: Dataset,
  from: { readonly name: string; readonly limit: number | null; readonly dataDir?: string | undefined },
): TrainConfig["data"] {
  return {
    name: lastingDataName(from.name),
    count: train.count,
    shape: [...train.shape],
    classes: train.classes,
    limit: from.limit,
    dataDir: from.dataDir === undefined ? null : resolve(from.dataDir),
    seed: DATA_SEED,
    sha256: checksum(train),
    listed: false,
  };
}

/** A configuration that also says which test examples it is measured on. */
export function withTestData(config: TrainConfig, test: Dataset): TrainConfig {
  return { ...config, data: { ...config.data, testSha256: checksum(test) } };
}

/** Where a data set is found from any folder: its name, or its path from the root. */
export function lastingDataName(data: string): string {
  return DATASET_NAMES.includes(data) ? data : resolve(data);
}

/** The flags' settings as `run.json` has them, with every default filled in. */
export function trainConfig(flags: TrainFlags, train: Dataset, backend: Backend): TrainConfig {
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
  const config = configOf(trainSettings(flags.settings), subject, flags);
  checkAugmentation(config, train);
  return config;
}

function checkAugmentation({ augmentation }: TrainConfig, { shape, name }: Dataset): void {
  if (augmentation === null || shape.length === 3) return;
  throw new UsageError(
    `${augmentation.flip ? "--flip" : "--crop"}: expected images, found examples of shape [${shape}] in data set ${name}`,
  );
}
