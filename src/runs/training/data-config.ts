import { resolve } from "node:path";
import { checksum } from "../../data/checksum.js";
import type { Dataset } from "../../data/dataset.js";
import { DATASET_NAMES } from "../../data/load.js";
import type { ReadingOptions } from "../../data/reading.js";
import type { TrainConfig } from "../../train/config.js";

/** Seed of generated data: `glyphs` means the same examples in every command, whatever a run's own seed. */
export const DATA_SEED = 0;

/** Where examples come from, and how they are read. */
interface DataSource extends ReadingOptions {
  readonly name: string;
  readonly limit: number | null;
  readonly dataDir?: string | undefined;
}

/** The examples of a run, so that a resumed one can check that they are the same. */
export function dataConfig(train: Dataset, from: DataSource): TrainConfig["data"] {
  return {
    name: lastingDataName(from.name),
    count: train.count,
    shape: [...train.shape],
    classes: train.classes,
    limit: from.limit,
    dataDir: from.dataDir === undefined ? null : resolve(from.dataDir),
    ...(from.layout !== undefined && { layout: from.layout }),
    ...(from.label !== undefined && { label: from.label }),
    ...(train.classNames && !DATASET_NAMES.includes(train.name) && { classNames: [...train.classNames] }),
    ...(train.featureNames && { featureNames: [...train.featureNames] }),
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

/** How many test examples a run wants at most; undefined for all. */
export function testCount({ testLimit, evaluation }: TrainConfig): number | undefined {
  if (testLimit === null || (evaluation.every > 0 && evaluation.limit === null)) return undefined;
  return Math.max(testLimit, evaluation.every > 0 ? (evaluation.limit ?? 0) : 0);
}
