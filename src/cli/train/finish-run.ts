import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "../../compute/backend.js";
import { type Dataset, take } from "../../data/dataset.js";
import type { TrainConfig } from "../../train/config.js";
import { type Certification, certifyDataset } from "../certification.js";
import type { Interruption } from "../interruption.js";
import { openStages } from "../open-model.js";
import type { Output } from "../output.js";
import { placeStages } from "../place-stages.js";
import { REPORT_FILE } from "../report/measured-files.js";
import { writeRunReport } from "../report/write-report.js";
import { ATTACK_AFTER_TRAINING, measureRun } from "./measure-run.js";

/** Examples certified at a time, where a cascade is certified once more with all its margins. */
const BATCH = 20;

/** Says that nothing remains to be done of a finished run; its page is written if it is not there. */
export async function tellFinished(folder: string, what: string, output: Output): Promise<void> {
  const isReported = existsSync(join(folder, REPORT_FILE));
  const rest = isReported
    ? "there is nothing to resume"
    : "only its report was missing, and is written again";
  output.print(`${folder}: this ${what} is finished; ${rest}`);
  if (!isReported) output.print(`report ${await writeRunReport(folder)}`);
}

/**
 * What follows a training that is finished: measures what a report shows, and writes it. Without a certification, as of a
 * cascade, the folder's model is certified first. Gives the exit code: a signal leaves the rest unmeasured.
 */
export async function finishRun(
  folder: string,
  config: TrainConfig,
  test: Dataset,
  certification: Certification | null,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<number> {
  const { norm, epsilon, box, bound: method, testLimit, seed } = config;
  const ball = { norm, epsilon: epsilon.end, box };
  const dataset = take(test, testLimit ?? test.count);
  const model = await openStages([folder], backend);
  using placed = placeStages(backend, model.stages);
  const settings = { ball, method, against: "prediction", batch: BATCH } as const;
  const found =
    certification ?? (await certifyDataset(placed, dataset, settings, output, interruption.signal));
  const subject = { model, dataset, ball, method, arithmetic: backend.dtype };
  if (found) {
    const trained = { folder, subject, certification: found, placed };
    await measureRun(trained, { ...ATTACK_AFTER_TRAINING, seed }, output, interruption.signal);
  }
  output.print(`report ${await writeRunReport(folder)}`);
  if (!interruption.aborted) return 0;
  output.print("stopped: the training is finished; the report says what was not measured");
  output.print(`measure it with: autodual train --resume ${folder}`);
  return interruption.exitCode;
}
