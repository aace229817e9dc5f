import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "../compute/backend.js";
import { type Dataset, take } from "../data/dataset.js";
import type { TrainConfig } from "../train/config.js";
import { withRunLock } from "../train/run-lock.js";
import { boundsOfLoss } from "./bounds-of-loss.js";
import { certifyDataset } from "./certification.js";
import type { Certification } from "./certification-summary.js";
import { ATTACK_AFTER_TRAINING, measureRun } from "./measure-run.js";
import { REPORT_FILE } from "./measured-files.js";
import { openStages } from "./models/open-model.js";
import { placeStages } from "./models/place-stages.js";
import type { Watch } from "./observer.js";

/** Examples certified at a time, where a cascade is certified once more with all its margins. */
const BATCH = 20;

/** A run folder whose training is finished, and the test examples that it is measured on. */
export interface FinishedRun {
  readonly folder: string;
  readonly config: TrainConfig;
  readonly test: Dataset;
  /** Where there is none, as of a cascade, the folder's model is certified first. */
  readonly certification: Certification | null;
}

/**
 * Measures what a report shows, into the folder. Throws the signal's reason, which leaves the rest unmeasured, and a `UsageError` while
 * another process works in the folder.
 */
export async function measureFinished(run: FinishedRun, backend: Backend, watch: Watch = {}): Promise<void> {
  await withRunLock(run.folder, async () => {
    // A page of an earlier sitting does not show what is measured now; without one it is known to be missing.
    rmSync(join(run.folder, REPORT_FILE), { force: true });
    await measure(run, backend, watch);
  });
}

async function measure(
  { folder, config, test, certification }: FinishedRun,
  backend: Backend,
  watch: Watch,
): Promise<void> {
  const { norm, epsilon, box, testLimit, seed } = config;
  const ball = { norm, epsilon: epsilon.end, box };
  const dataset = take(test, testLimit ?? test.count);
  const model = await openStages([folder], backend);
  using placed = placeStages(backend, model.stages);
  const { stages } = placed;
  const bounds = boundsOfLoss(config, stages.length);
  const settings = { ball, ...bounds, against: "prediction", batch: BATCH } as const;
  const found = certification ?? (await certifyDataset(stages, dataset, settings, watch));
  const subject = { model, dataset, ball, ...bounds, arithmetic: backend.dtype };
  const trained = { folder, subject, certification: found, stages };
  await measureRun(trained, { ...ATTACK_AFTER_TRAINING, seed }, watch);
}
