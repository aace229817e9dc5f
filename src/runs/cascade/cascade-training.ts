import { rmSync } from "node:fs";
import { join } from "node:path";
import { type CascadeRecord, writeCascade } from "../../cascade/folder.js";
import { growCascade } from "../../cascade/grow.js";
import type { Backend } from "../../compute/backend.js";
import { take } from "../../data/dataset.js";
import { Team } from "../../distributed/team.js";
import { UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import {
  type CascadeRun,
  type CascadeStageRow,
  stageFolder,
  writeCascadeRun,
} from "../../train/cascade-run.js";
import { RUN_FILES } from "../../train/run-folder.js";
import { withRunLock } from "../../train/run-lock.js";
import { TrainingFailure } from "../../train/training-failure.js";
import { boundsOfLoss } from "../bounds-of-loss.js";
import { certifyTogether } from "../certify-together.js";
import { MEASURED_FILES } from "../measured-files.js";
import { openModel } from "../models/open-model.js";
import { placeStages } from "../models/place-stages.js";
import { isEnded, type Watch } from "../observer.js";
import { roundingRecord } from "../rounding-record.js";
import type { CascadeJob } from "./cascade-job.js";
import {
  type CascadeSoFar,
  resumedStage,
  stageExamples,
  type TrainedStage,
  trainStage,
} from "./cascade-stage.js";

/** Certified at a time. */
const BATCH = 50;

/**
 * Trains stage by stage (Algorithm 2), evaluates the cascade after each, and keeps the folder such that it can go on. Ends
 * early where no example remains; where the signal aborts, which does not reject, the run is `interrupted`. Throws a `UsageError`
 * while another training is under way in the folder. Of a team each rank is given the same job; the first alone writes.
 */
export async function trainCascade(
  job: CascadeJob,
  backend: Backend,
  watch: Watch = {},
  team = new Team(undefined, watch.signal),
): Promise<CascadeRun> {
  const work = () => trainTogether(job, backend, watch, team);
  const run = await (team.isFirst ? withRunLock(job.folder, work) : work());
  await team.meet();
  return run;
}

async function trainTogether(
  { folder, train, test, ...given }: CascadeJob,
  backend: Backend,
  watch: Watch,
  team: Team,
): Promise<CascadeRun> {
  const tell = watch.observer?.tell?.bind(watch.observer) ?? (() => {});
  let { run } = given;
  const save = async (changes: Partial<CascadeRun>): Promise<CascadeRun> => {
    const peakMemoryMB = Math.max(run.peakMemoryMB ?? 0, process.resourceUsage().maxRSS / 1024);
    run = { ...run, ...changes, peakMemoryMB };
    if (team.isFirst) await writeCascadeRun(folder, run);
    return run;
  };
  await save({ status: "running" });
  try {
    await growStages();
    return await save({ status: "finished" });
  } catch (error) {
    if (isEnded(error, watch.signal)) return await save({ status: "interrupted" });
    // The fault itself is what the user has to hear, not that the record could not be kept either.
    await save({ status: "interrupted" }).catch(() => {});
    throw error instanceof TrainingFailure ? explainFailedStage(error, folder, run) : error;
  }

  async function growStages(): Promise<void> {
    const begun: TrainedStage[] = [];
    for (const row of run.stages) {
      begun.push({ model: await openModel(join(folder, row.folder), backend), row });
    }
    const soFar = (stages: readonly TrainedStage[]): CascadeSoFar => ({
      ...{ folder, run, train, test, backend, watch, team },
      models: stages.map(({ model }) => model),
    });
    const { nothingRemains } = await growCascade<TrainedStage>({
      stages: run.cascade,
      begun,
      resume(stages) {
        tell({ kind: "stage", stage: stages.length + 1, stages: run.cascade });
        return resumedStage(soFar(stages));
      },
      remaining: (stages) => stageExamples(soFar(stages)),
      train: (stages, examples) => trainStage(soFar(stages), examples),
      onStage: keepStage,
    });
    if (nothingRemains) tell({ kind: "nothing-remains" });
  }

  async function keepStage(stages: readonly TrainedStage[]): Promise<void> {
    const models = stages.map(({ model }) => model);
    const evaluation = await evaluate(models);
    const name = stageFolder(stages.length);
    const rows = [...run.stages, { ...stages[stages.length - 1].row, folder: name, evaluation }];
    if (team.isFirst) {
      forgetMeasured(folder);
      await writeCascade(folder, recordOf(run, rows, models));
    }
    await save({ stages: rows });
    const { error, robustError, examples } = evaluation;
    tell({ kind: "stage-done", stage: stages.length, error, robustError, examples });
  }

  async function evaluate(models: readonly LoadedModel[]): Promise<CascadeStageRow["evaluation"]> {
    const { config } = run;
    const { norm, epsilon, box } = config;
    const bounds = boundsOfLoss(config, models.length);
    using placed = placeStages(backend, models);
    const examples = take(test, config.testLimit ?? test.count);
    const ball = { norm, epsilon: epsilon.end, box };
    const settings = { ball, ...bounds, against: "prediction", margins: "open", batch: BATCH } as const;
    const { about, evaluation, summary } = await certifyTogether(placed.stages, examples, settings, {
      watch,
      team,
    });
    const { error, robustError, certified, seconds } = summary;
    return {
      examples: examples.count,
      epsilon: ball.epsilon,
      error,
      robustError,
      about,
      certified,
      guarantee: "deterministic",
      bound: roundingRecord(evaluation),
      seconds,
    };
  }
}

/** What was measured of fewer stages says nothing about this many. */
function forgetMeasured(folder: string): void {
  for (const name of Object.values(MEASURED_FILES)) rmSync(join(folder, name), { force: true });
}

function recordOf(
  { config }: CascadeRun,
  stages: readonly CascadeStageRow[],
  models: readonly LoadedModel[],
): CascadeRecord {
  const { norm, epsilon, box } = config;
  return {
    schema: "autodual/cascade/1",
    norm,
    epsilon: epsilon.end,
    box,
    bound: boundsOfLoss(config, stages.length).method,
    stages: stages.map(({ folder, trainedOn }, i) => ({
      model: `${folder}/${RUN_FILES.model}`,
      sha256: models[i].sha256,
      trainedOn,
    })),
  };
}

/** A stage cannot have flags of its own: what helps it is to do without it. */
function explainFailedStage(failure: TrainingFailure, folder: string, { stages }: CascadeRun): UsageError {
  const done = stages.length;
  if (done === 0) return failure;
  return new UsageError(
    `training: stage ${done + 1}: ${failure.found}; end with ${done === 1 ? "the stage" : `the ${done} stages`} before it: ` +
      `autodual train --resume ${folder} --cascade ${done}`,
  );
}
