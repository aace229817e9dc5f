import { join } from "node:path";
import { cascadeOf } from "../cascade/folder.js";
import type { Backend } from "../compute/backend.js";
import { loadDataset } from "../data/load.js";
import { loadModelFile } from "../formats/model-file.js";
import { architecture } from "../network/architectures.js";
import { initialWeights } from "../network/weights.js";
import type { AttackOutcome } from "../runs/attack.js";
import type { CertificationSubject } from "../runs/certification-record.js";
import type { Certification } from "../runs/certification-summary.js";
import { measureRun } from "../runs/measure-run.js";
import { placeStages } from "../runs/models/place-stages.js";
import type { Watch } from "../runs/observer.js";
import { markQuickstart, QUICKSTART_FILE } from "../runs/page/quickstart-mark.js";
import { writeRunReport } from "../runs/page/write-report.js";
import { ReplacedFolder } from "../runs/replaced-folder.js";
import { DATA_SEED, dataConfig } from "../runs/training/data-config.js";
import { freshRun } from "../runs/training/new-run.js";
import type { RunData } from "../runs/training/run-data.js";
import { runTraining } from "../runs/training/training.js";
import type { TrainConfig } from "../train/config.js";
import { RUN_FILES, type Run, RunFolder } from "../train/run-folder.js";
import { configOf } from "../train/settings/config-of.js";
import { trainSettings } from "../train/settings/named.js";
import { COMMON, checkOptions, TEXT } from "./check-options.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { QUICKSTART } from "./quickstart-settings.js";

/** Around each digit. */
export const QUICKSTART_BALL = { norm: "linf", epsilon: QUICKSTART.epsilon, box: [0, 1] } as const;

/** Where to, and by which seed; nothing must be given. */
export interface QuickstartOptions extends MachineOptions, Watch {
  /** The run folder, which replaces that of an earlier quickstart. Default `runs/quickstart`. */
  readonly out?: string;
  /** Of the starting weights, the batches and the attack. Default 0. */
  readonly seed?: number;
}

/** A small robust network, trained, certified and attacked. */
export interface QuickstartResult {
  /** The run folder: its path is a model for every other call. */
  readonly folder: string;
  /** The path of its page. */
  readonly report: string;
  readonly run: Run;
  readonly certification: Certification;
  readonly attack: AttackOutcome;
}

/**
 * Trains a small robust network on generated digits, certifies and attacks it, and writes its report: under two minutes, with
 * no download. Throws an `AutodualError` for a folder that cannot be replaced, and the signal's reason; nothing is kept then.
 */
export async function quickstart(options: QuickstartOptions = {}): Promise<QuickstartResult> {
  checkOptions("quickstart", options, SHAPE);
  const { out = QUICKSTART.out, seed = 0 } = options;
  return onBackend(options, async (backend) => {
    using target = new ReplacedFolder("quickstart: out", out, QUICKSTART_FILE);
    const { subject, ...result } = await runQuickstart(
      { target, seed, data: await quickstartData() },
      backend,
      options,
    );
    return result;
  });
}

/** The examples of a quickstart. */
export async function quickstartData(): Promise<RunData> {
  const load = (split: "train" | "test", limit: number) =>
    loadDataset("glyphs", { split, limit, seed: DATA_SEED });
  return {
    train: await load("train", QUICKSTART.trainImages),
    test: await load("test", QUICKSTART.testImages),
  };
}

/** Fills the folder and puts it into place. */
export async function runQuickstart(
  { target, seed, data }: { readonly target: ReplacedFolder; readonly seed: number; readonly data: RunData },
  backend: Backend,
  watch: Watch,
): Promise<QuickstartResult & { readonly subject: CertificationSubject }> {
  const began = performance.now();
  const { train, test } = data;
  const network = architecture(QUICKSTART.model, { inputShape: train.shape, classes: train.classes });
  const job = {
    folder: RunFolder.create(target.beside),
    run: freshRun(configOfQuickstart(data, seed, backend)),
    network,
    weights: initialWeights(network, seed),
    state: null,
    ...{ train, test },
  };
  const { run, certification } = await runTraining(job, backend, watch);
  if (!certification) throw watch.signal?.reason;
  // The model as it was written, by the name that it will have.
  const model = await loadModelFile(join(target.beside, RUN_FILES.model));
  const subject: CertificationSubject = {
    model: cascadeOf(join(target.path, RUN_FILES.model), [model]),
    dataset: test,
    ball: QUICKSTART_BALL,
    method: run.config.bound,
    arithmetic: backend.dtype,
  };
  const attack = await measured({ folder: target.beside, subject, certification }, backend, seed, watch);
  await markQuickstart(target.beside, (performance.now() - began) / 1000);
  target.keep();
  const report = await writeRunReport(target.path);
  return { folder: target.path, report, run, certification, attack, subject };
}

/** Attacks the model, and measures what the report shows beside. */
async function measured(
  trained: {
    readonly folder: string;
    readonly subject: CertificationSubject;
    readonly certification: Certification;
  },
  backend: Backend,
  seed: number,
  watch: Watch,
): Promise<AttackOutcome> {
  using placed = placeStages(backend, trained.subject.model.stages);
  const { attackBatch: batch, attackSteps: steps, attackRestarts: restarts } = QUICKSTART;
  return await measureRun({ ...trained, stages: placed.stages }, { batch, steps, restarts, seed }, watch);
}

function configOfQuickstart({ train }: RunData, seed: number, backend: Backend): TrainConfig {
  const { model, epochs, batch, rate, epsilon, startEpsilon, scheduleEpochs, testImages } = QUICKSTART;
  const { norm, box } = QUICKSTART_BALL;
  const subject = {
    data: dataConfig(train, { name: "glyphs", limit: QUICKSTART.trainImages }),
    ...{ model, norm, epsilon, seed },
    box: [box[0], box[1]] satisfies [number, number],
    backend: backend.name,
    dtype: backend.dtype,
  };
  return configOf(trainSettings("plain"), subject, {
    epochs,
    batch,
    rate,
    rateDecayEvery: 0,
    startEpsilon,
    scheduleEpochs,
    testLimit: testImages,
    evaluateEvery: 1,
    evaluateLimit: QUICKSTART.evaluateImages,
  });
}

const SHAPE = {
  out: TEXT.optional(),
  seed: COMMON.seed,
  backend: COMMON.backend,
  dtype: COMMON.dtype,
  threads: COMMON.threads,
  signal: COMMON.signal,
  observer: COMMON.observer,
};
