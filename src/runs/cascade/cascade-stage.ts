import { existsSync } from "node:fs";
import { remainingExamples } from "../../cascade/remaining.js";
import type { Backend } from "../../compute/backend.js";
import { subset } from "../../data/dataset.js";
import { FormatError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import type { Model } from "../../network/weights.js";
import type { CascadeRun, CascadeStageRow } from "../../train/cascade-run.js";
import type { TrainConfig } from "../../train/config.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import { inOrder } from "../example-batches.js";
import type { Interruption } from "../interruption.js";
import { nextTurn } from "../next-turn.js";
import { openModel } from "../open-model.js";
import type { Output } from "../output.js";
import { placeStages } from "../place-stages.js";
import { plural } from "../wording.js";
import { freshRun, startingModel } from "./new-run.js";
import { resumedRun } from "./resumed-run.js";
import type { RunData } from "./run-data.js";
import { runTraining, type TrainingJob } from "./training.js";

/** The cascade so far, to which a stage is added. */
export interface CascadeSoFar extends RunData {
  readonly folder: string;
  readonly run: CascadeRun;
  /** The stages that are done. */
  readonly models: readonly LoadedModel[];
  readonly backend: Backend;
  readonly output: Output;
  readonly interruption: Interruption;
}

/** A stage that is trained or was given. */
export interface DoneStage {
  readonly model: LoadedModel;
  readonly row: Pick<CascadeStageRow, "trainedOn" | "seconds">;
}

/** Certified at a time. */
const BATCH = 50;

/** The next stage in its folder: the one that was given, or trained from the start or from where it stopped. */
export async function nextStage(
  cascade: CascadeSoFar,
  at: RunFolder,
): Promise<DoneStage | "interrupted" | "nothing remains"> {
  const { run, models, backend, output, interruption } = cascade;
  if (models.length === 0 && run.firstStage !== null) return givenStage(cascade, run.firstStage, at);
  const stage = existsSync(at.file("run")) ? await at.readRun() : null;
  if (stage?.status === "finished") return doneStage(at, stage);
  const next = stage ? await stoppedStage(cascade, at, stage) : await newStage(cascade, at);
  if (typeof next === "string") return next;
  output.print(`${plural(next.train.count, "training example")}`);
  using placed = placeStages(backend, models);
  const { run: trained } = await runTraining(
    { ...next, earlier: placed.stages },
    backend,
    output,
    interruption,
  );
  return trained.status === "finished" ? doneStage(at, trained) : "interrupted";
}

/** The model file is copied, so that the folder is whole by itself. */
async function givenStage({ run, backend }: CascadeSoFar, path: string, at: RunFolder): Promise<DoneStage> {
  const { network, weights } = await openModel(path, backend);
  await at.writeModel("model", { network, weights }, run.config, []);
  return { model: await at.readModel(), row: { trainedOn: null, seconds: null } };
}

async function doneStage(at: RunFolder, { config, epochs }: Run): Promise<DoneStage> {
  const seconds = epochs.reduce((sum, row) => sum + row.seconds, 0);
  return { model: await at.readModel(), row: { trainedOn: config.data.count, seconds } };
}

/** On the data where the cascade has them now, and on its backend. */
async function stoppedStage({ run }: CascadeSoFar, at: RunFolder, stage: Run): Promise<TrainingJob> {
  const { backend, data } = run.config;
  const { name, dataDir } = data;
  const config = { ...stage.config, backend, data: { ...stage.config.data, name, dataDir } };
  return resumedRun(at, { ...stage, config });
}

async function newStage(
  cascade: CascadeSoFar,
  at: RunFolder,
): Promise<TrainingJob | "interrupted" | "nothing remains"> {
  const { run, models, train, test } = cascade;
  const seed = run.seed + models.length;
  const model = await stageStart(cascade, seed);
  const config: TrainConfig = { ...run.config, seed };
  const common = { folder: at, ...model, state: null, test };
  if (models.length === 0) return { ...common, run: freshRun(config), train };
  const indices = await remaining(cascade);
  if (indices === null) return "interrupted";
  if (indices.length === 0) return "nothing remains";
  await at.writeExamples(indices);
  const own = { ...config, data: { ...config.data, count: indices.length, listed: true } };
  return { ...common, run: freshRun(own), train: subset(train, indices) };
}

/** Fresh weights of this seed, or those of the model file that the cascade began with, as its folder keeps them. */
async function stageStart({ folder, run, train, backend }: CascadeSoFar, seed: number): Promise<Model> {
  const { startSha256, config } = run;
  if (startSha256 === undefined) return startingModel({ model: config.model, seed }, train, backend);
  const { network, weights, path, sha256 } = await RunFolder.open(folder).readModel("start");
  if (sha256 === startSha256) return { network, weights };
  throw new FormatError(
    `${path}: expected the model that all stages begin with, sha256 ${startSha256}, found ${sha256}; put the old one back, ` +
      "or train anew",
  );
}

/** The examples that no stage so far certifies. Null if the signal aborts on the way. */
async function remaining(cascade: CascadeSoFar): Promise<number[] | null> {
  const { run, models, train, backend, output, interruption } = cascade;
  const { norm, epsilon, box, bound: method } = run.config;
  using placed = placeStages(backend, models);
  const progress = output.progress({ label: "certify training examples", total: train.count });
  const untilAborted = function* () {
    for (const batch of inOrder(train, BATCH)) {
      if (interruption.aborted) return;
      yield batch;
    }
  };
  try {
    const found = await remainingExamples(
      backend,
      placed.stages,
      untilAborted(),
      { norm, epsilon: epsilon.end, box },
      { method },
      (done) => {
        progress.update(done, "");
        return nextTurn();
      },
    );
    return interruption.aborted ? null : found;
  } finally {
    progress.stop();
  }
}
