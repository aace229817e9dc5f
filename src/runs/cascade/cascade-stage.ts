import { existsSync } from "node:fs";
import { join } from "node:path";
import { remainingExamples } from "../../cascade/remaining.js";
import type { Backend } from "../../compute/backend.js";
import { letIn } from "../../compute/deadline.js";
import { subset } from "../../data/dataset.js";
import type { Team } from "../../distributed/team.js";
import { FormatError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import type { Model } from "../../network/weights.js";
import { type CascadeRun, type CascadeStageRow, stageFolder } from "../../train/cascade-run.js";
import type { TrainConfig } from "../../train/config.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import { stuckInWords } from "../../train/stuck.js";
import { boundsOfLoss } from "../bounds-of-loss.js";
import { ownExamples } from "../certify-together.js";
import { inOrder } from "../example-batches.js";
import { openModel } from "../models/open-model.js";
import { placeStages } from "../models/place-stages.js";
import { observed, type Watch } from "../observer.js";
import { batchWithoutRest } from "../training/check-batch-norm.js";
import type { TrainingJob } from "../training/job.js";
import { freshRun, startingModel } from "../training/new-run.js";
import { resumedRun } from "../training/resumed-run.js";
import type { RunData } from "../training/run-data.js";
import { runTraining } from "../training/training.js";

/** The cascade so far, to which a stage is added. */
export interface CascadeSoFar extends RunData {
  readonly folder: string;
  readonly run: CascadeRun;
  /** The stages that are done. */
  readonly models: readonly LoadedModel[];
  readonly backend: Backend;
  readonly watch: Watch;
  readonly team: Team;
}

/** A stage that is trained or was given. */
export interface TrainedStage {
  readonly model: LoadedModel;
  readonly row: Pick<CascadeStageRow, "trainedOn" | "seconds">;
}

/** Certified at a time. */
const BATCH = 50;

/** The next stage where it need not be trained from the start: the one that was given, or one that is done or was stopped. */
export async function resumedStage(cascade: CascadeSoFar): Promise<TrainedStage | null> {
  const { run, models } = cascade;
  return inStageFolder(cascade, async (at) => {
    if (models.length === 0 && run.firstStage !== null) return await givenStage(cascade, run.firstStage, at);
    const stage = existsSync(at.file("run")) ? await at.readRun() : null;
    // No rank begins the stage before all have looked.
    await cascade.team.meet();
    if (stage === null) return null;
    return stage.status === "finished"
      ? await doneStage(at, stage)
      : await finishStage(cascade, await stoppedStage(cascade, stage, at));
  });
}

/** The largest share of a stage's examples that may be held out. */
const HELD_OUT_SHARE = 0.2;

/** Stages from which on a model is a cascade. */
const CASCADE = 2;

/** The numbers of the training examples that no stage so far certifies. Throws the signal's reason. */
export async function stageExamples(cascade: CascadeSoFar): Promise<number[]> {
  const { run, models, train, backend, watch, team } = cascade;
  const { norm, epsilon, box } = run.config;
  // Whatever is certified by the whole cascade remains for no later stage.
  const { method } = boundsOfLoss(run.config, CASCADE);
  using placed = placeStages(backend, models);
  const { first } = team.share(train.count);
  const own = ownExamples(train, team);
  const work = { name: "certify training examples", total: own.count } as const;
  const remaining = await observed(watch, work, (seen) =>
    remainingExamples(
      placed.stages,
      inOrder(own, BATCH),
      { norm, epsilon: epsilon.end, box, method, ...(watch.signal && { signal: watch.signal }) },
      (done) => {
        seen.update(done, {});
        return letIn(watch.signal);
      },
    ),
  );
  const all = (await team.everyones(remaining.map((index) => first + index))).flat();
  await team.meet();
  watch.signal?.throwIfAborted();
  return all;
}

/** Trains the next stage on the examples of these numbers; null for all. Throws the signal's reason. */
export async function trainStage(
  cascade: CascadeSoFar,
  examples: readonly number[] | null,
): Promise<TrainedStage> {
  return inStageFolder(cascade, async (at) => finishStage(cascade, await newStage(cascade, examples, at)));
}

/** In the folder of the stage after those that are done; it does not stay if nothing comes into it. */
async function inStageFolder<T>(
  { folder, models, team }: CascadeSoFar,
  run: (at: RunFolder) => Promise<T>,
): Promise<T> {
  const path = join(folder, stageFolder(models.length + 1));
  const at = team.isFirst ? RunFolder.reopen(path) : RunFolder.of(path, { writes: false });
  try {
    return await run(at);
  } finally {
    at.removeIfEmpty();
  }
}

async function finishStage(cascade: CascadeSoFar, job: TrainingJob): Promise<TrainedStage> {
  const { models, backend, watch, team } = cascade;
  const { validation: heldOut } = job.run.config;
  watch.observer?.tell?.({ kind: "stage-examples", count: job.train.count - heldOut, heldOut });
  using placed = placeStages(backend, models);
  const { run } = await runTraining({ ...job, earlier: placed.stages }, backend, watch, team);
  if (run.status !== "finished") watch.signal?.throwIfAborted();
  const stuck = stuckInWords(run.epochs, run.config.data.classes);
  if (stuck !== null) watch.observer?.tell?.({ kind: "stage-stuck", words: stuck });
  return doneStage(job.folder, run);
}

/** The model file is copied, so that the folder is whole by itself. */
async function givenStage(
  { run, backend, team }: CascadeSoFar,
  path: string,
  at: RunFolder,
): Promise<TrainedStage> {
  const { network, weights } = await openModel(path, backend);
  await at.writeModel("model", { network, weights }, run.config, []);
  await team.meet();
  return { model: await at.readModel(), row: { trainedOn: null, seconds: null } };
}

async function doneStage(at: RunFolder, { config, epochs }: Run): Promise<TrainedStage> {
  const seconds = epochs.reduce((sum, row) => sum + row.seconds, 0);
  return { model: await at.readModel(), row: { trainedOn: config.data.count, seconds } };
}

/** On the data where the cascade has them now, and on its backend. */
async function stoppedStage(
  { run, train, test }: CascadeSoFar,
  stage: Run,
  at: RunFolder,
): Promise<TrainingJob> {
  const { backend, data } = run.config;
  const { name, dataDir } = data;
  const config = { ...stage.config, backend, data: { ...stage.config.data, name, dataDir } };
  return resumedRun(at, { ...stage, config }, { train, test });
}

async function newStage(
  cascade: CascadeSoFar,
  examples: readonly number[] | null,
  at: RunFolder,
): Promise<TrainingJob> {
  const { run, models, train, test } = cascade;
  const seed = run.seed + models.length;
  const model = await stageStart(cascade, seed);
  const config: TrainConfig = { ...run.config, seed };
  const common = { folder: at, ...model, state: null, test };
  if (examples === null) return { ...common, run: freshRun(config), train };
  await at.writeExamples(examples);
  // Of few examples none are held out.
  const validation = config.validation < HELD_OUT_SHARE * examples.length ? config.validation : 0;
  const batchSize = batchWithoutRest(model.network, config.batchSize, examples.length - validation);
  const data = { ...config.data, count: examples.length, listed: true };
  const own = { ...config, batchSize, validation, data };
  return { ...common, run: freshRun(own), train: subset(train, examples) };
}

/** Fresh weights of this seed, or those of the model file that the cascade began with, as its folder keeps them. */
async function stageStart({ folder, run, train, backend }: CascadeSoFar, seed: number): Promise<Model> {
  const { startSha256, config } = run;
  const { model, initialization } = config;
  if (startSha256 === undefined) return startingModel({ model, seed, initialization }, train, backend);
  const { network, weights, path, sha256 } = await RunFolder.open(folder).readModel("start");
  if (sha256 === startSha256) return { network, weights };
  throw new FormatError(
    `${path}: expected the model that all stages begin with, sha256 ${startSha256}, found ${sha256}; put the old one back, ` +
      "or train anew",
  );
}
