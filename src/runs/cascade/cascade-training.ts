import { rmSync } from "node:fs";
import { join } from "node:path";
import { type CascadeRecord, cascadeOf, writeCascade } from "../../cascade/folder.js";
import type { Backend } from "../../compute/backend.js";
import { take } from "../../data/dataset.js";
import { UsageError } from "../../errors.js";
import type { LoadedModel } from "../../formats/model-file.js";
import {
  type CascadeRun,
  type CascadeStageRow,
  readCascadeRun,
  stageFolder,
  writeCascadeRun,
} from "../../train/cascade-run.js";
import { RUN_FILES, RunFolder } from "../../train/run-folder.js";
import { TrainingFailure } from "../../train/training-failure.js";
import { certifyDataset } from "../certification.js";
import type { Interruption } from "../interruption.js";
import { checkModelFitsData, isModelPath, lastingName, openModel } from "../open-model.js";
import type { Output } from "../output.js";
import { placeStages } from "../place-stages.js";
import { MEASURED_FILES } from "../report/measured-files.js";
import { formatPercent, plural } from "../wording.js";
import { nextStage } from "./cascade-stage.js";
import type { TrainFlags } from "./flags.js";
import { removeCascadeLeftovers } from "./leftovers.js";
import { freeFolder, type PreparedJob, prepareRun } from "./new-run.js";
import { type DataPlace, loadRunData, movedData, type RunData } from "./run-data.js";

/** A cascade on its way. */
export interface CascadeJob extends RunData {
  readonly folder: string;
  readonly run: CascadeRun;
}

/** A new cascade as the flags have it. Everything is read and checked before the folder is made. */
export async function newCascade(flags: TrainFlags, backend: Backend): Promise<CascadeJob> {
  const prepared = await prepareRun(flags, backend);
  if (flags.firstStage !== undefined) await checkFirstStage(flags.firstStage, flags.model, prepared, backend);
  const { run, train, test } = prepared;
  const folder = RunFolder.create(flags.out ?? freeFolder(flags, train));
  const { versions, machine, seed, config } = run;
  const startSha256 = isModelPath(flags.model) ? await keepStart(folder, prepared) : undefined;
  return {
    folder: folder.path,
    train,
    test,
    run: {
      schema: "autodual/cascade-run/1",
      status: "running",
      config,
      cascade: flags.cascade,
      firstStage: flags.firstStage === undefined ? null : lastingName(flags.firstStage),
      startSha256,
      versions,
      machine,
      seed,
      stages: [],
    },
  };
}

/** Throws as `checkModelFitsData` and `cascadeOf` do unless the first stage takes the data, and what other stages take. */
async function checkFirstStage(
  name: string,
  model: string,
  { network, weights, train, test }: PreparedJob,
  backend: Backend,
): Promise<void> {
  const first = await openModel(name, backend);
  for (const dataset of [train, test]) checkModelFitsData(first.network, dataset, `--first-stage ${name}`);
  const others = { network, weights, path: `--model ${model}`, sha256: "", metadata: {} };
  cascadeOf(name, [others, { ...first, path: `--first-stage ${name}` }]);
}

/** Copies the model that all stages begin with, which its file may not hold any more when the next one does. */
async function keepStart(folder: RunFolder, { network, weights, run }: PreparedJob): Promise<string> {
  try {
    await folder.writeModel("start", { network, weights }, run.config, []);
    return (await folder.readModel("start")).sha256;
  } catch (error) {
    folder.removeIfEmpty();
    throw error;
  }
}

/** A cascade as its folder has it, on the same data, which may be elsewhere now. */
export async function resumedCascade(
  folder: string,
  backend: Backend,
  place: DataPlace = { data: null, dataDir: null },
): Promise<CascadeJob> {
  removeCascadeLeftovers(folder);
  const run = await readCascadeRun(folder);
  const config = { ...run.config, backend: backend.name, data: movedData(run.config.data, place) };
  return { folder, run: { ...run, config }, ...(await loadRunData(join(folder, RUN_FILES.run), config)) };
}

/** Certified at a time. */
const BATCH = 50;

/**
 * Trains stage by stage (Algorithm 2), evaluates the cascade after each, and keeps the folder such that it can go on. Ends
 * early where no example remains.
 */
export async function trainCascade(
  { folder, train, test, ...given }: CascadeJob,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<CascadeRun> {
  let { run } = given;
  const save = async (changes: Partial<CascadeRun>): Promise<CascadeRun> => {
    const peakMemoryMB = Math.max(run.peakMemoryMB ?? 0, process.resourceUsage().maxRSS / 1024);
    run = { ...run, ...changes, peakMemoryMB };
    await writeCascadeRun(folder, run);
    return run;
  };
  await save({ status: "running" });
  try {
    return await save({ status: await trainStages() });
  } catch (error) {
    // The fault itself is what the user has to hear, not that the record could not be kept either.
    await save({ status: "interrupted" }).catch(() => {});
    throw error instanceof TrainingFailure ? explainFailedStage(error, folder, run) : error;
  }

  async function trainStages(): Promise<CascadeRun["status"]> {
    const models: LoadedModel[] = [];
    for (const { folder: stage } of run.stages) models.push(await openModel(join(folder, stage), backend));
    while (models.length < run.cascade) {
      const number = models.length + 1;
      const name = stageFolder(number);
      output.print(`stage ${number} of ${run.cascade}`);
      const at = RunFolder.reopen(join(folder, name));
      const soFar = { folder, run, models, train, test, backend, output, interruption };
      const stage = await nextStage(soFar, at).finally(() => at.removeIfEmpty());
      if (stage === "nothing remains") {
        output.print("no training example remains: the cascade is complete");
        break;
      }
      if (stage === "interrupted") return "interrupted";
      models.push(stage.model);
      const evaluation = await evaluate(models);
      if (!evaluation) return "interrupted";
      const stages = [...run.stages, { ...stage.row, folder: name, evaluation }];
      forgetMeasured(folder);
      await writeCascade(folder, recordOf(run, stages, models));
      await save({ stages });
      output.print(
        `after stage ${number}: error ${formatPercent(evaluation.error)}, robust error at most ` +
          `${formatPercent(evaluation.robustError, "upper")} of ${plural(evaluation.examples, "test example")}`,
      );
    }
    return "finished";
  }

  async function evaluate(models: readonly LoadedModel[]): Promise<CascadeStageRow["evaluation"] | null> {
    const { config } = run;
    const { norm, epsilon, box, bound: method } = config;
    using placed = placeStages(backend, models);
    const examples = take(test, config.testLimit ?? test.count);
    const ball = { norm, epsilon: epsilon.end, box };
    const settings = { ball, method, against: "prediction", margins: "open", batch: BATCH } as const;
    const certification = await certifyDataset(placed, examples, settings, output, interruption.signal);
    if (!certification) return null;
    const { error, robustError, certified, seconds } = certification.summary;
    return {
      examples: examples.count,
      epsilon: ball.epsilon,
      error,
      robustError,
      certified,
      guarantee: "exact",
      seconds,
    };
  }
}

/** What was measured of fewer stages says nothing about this many. */
function forgetMeasured(folder: string): void {
  for (const name of Object.values(MEASURED_FILES)) rmSync(join(folder, name), { force: true });
}

function recordOf(
  { config: { norm, epsilon, box, bound } }: CascadeRun,
  stages: readonly CascadeStageRow[],
  models: readonly LoadedModel[],
): CascadeRecord {
  return {
    schema: "autodual/cascade/1",
    norm,
    epsilon: epsilon.end,
    box,
    bound,
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
