import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CascadeRecord, writeCascade } from "../../cascade/folder.js";
import { remainingExamples } from "../../cascade/remaining.js";
import type { Backend } from "../../compute/backend.js";
import { subset, take } from "../../data/dataset.js";
import { type LoadedModel, loadModelFile } from "../../formats/model-file.js";
import {
  type CascadeRun,
  type CascadeStageRow,
  readCascadeRun,
  writeCascadeRun,
} from "../../train/cascade-run.js";
import type { TrainConfig } from "../../train/config.js";
import { RUN_FILES, RunFolder } from "../../train/run-folder.js";
import { certifyDataset } from "../certification.js";
import { inOrder } from "../example-batches.js";
import type { Interruption } from "../interruption.js";
import { nextTurn } from "../next-turn.js";
import { lastingName, openModel } from "../open-model.js";
import type { Output } from "../output.js";
import { placeStages } from "../place-stages.js";
import { formatPercent, plural } from "../wording.js";
import type { TrainFlags } from "./flags.js";
import { freeFolder, freshRun, type PreparedJob, prepareRun, startingModel } from "./new-run.js";
import { loadRunData, resumedRun } from "./resumed-run.js";
import { runTraining } from "./training.js";

/** A cascade on its way. */
export interface CascadeJob extends Pick<PreparedJob, "train" | "test"> {
  readonly folder: string;
  readonly run: CascadeRun;
}

/** A new cascade as the flags have it. */
export async function newCascade(flags: TrainFlags, backend: Backend): Promise<CascadeJob> {
  const { run, train, test } = await prepareRun(flags, backend);
  if (flags.firstStage !== undefined) await openModel(flags.firstStage, backend);
  const { path } = RunFolder.create(flags.out ?? freeFolder(flags, train));
  const { versions, machine, seed, config } = run;
  const firstStage = flags.firstStage === undefined ? null : lastingName(flags.firstStage);
  return {
    folder: path,
    train,
    test,
    run: {
      schema: "autodual/cascade-run/1",
      status: "running",
      config,
      cascade: flags.cascade,
      firstStage,
      versions,
      machine,
      seed,
      stages: [],
    },
  };
}

/** A cascade as its folder has it, on the same data. */
export async function resumedCascade(folder: string, backend: Backend): Promise<CascadeJob> {
  const run = await readCascadeRun(folder);
  const config = { ...run.config, backend: backend.name };
  return { folder, run: { ...run, config }, ...(await loadRunData(join(folder, RUN_FILES.run), config)) };
}

/** Batches that are certified at a time. */
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
    run = { ...run, ...changes };
    await writeCascadeRun(folder, run);
    return run;
  };
  await save({ status: "running" });
  const { norm, epsilon, box, bound: method } = run.config;
  const ball = { norm, epsilon: epsilon.end, box };
  const models: LoadedModel[] = [];
  for (const { folder: stage } of run.stages) models.push(await openModel(join(folder, stage), backend));

  for (let number = run.stages.length; number < run.cascade; number++) {
    const name = `stage-${number + 1}`;
    const at = RunFolder.reopen(join(folder, name));
    output.print(`stage ${number + 1} of ${run.cascade}`);
    const started = await startStage(number, at);
    if (started === "nothing remains") {
      output.print("no training example remains: the cascade is complete");
      break;
    }
    if (started === "interrupted") return save({ status: "interrupted" });
    models.push(started.model);
    const evaluation = await evaluate();
    if (!evaluation) return save({ status: "interrupted" });
    const row: CascadeStageRow = { ...started.row, folder: name, evaluation };
    await writeCascade(folder, recordOf([...run.stages, row]));
    await save({ stages: [...run.stages, row] });
    output.print(
      `after stage ${number + 1}: error ${formatPercent(evaluation.error)}, robust error at most ` +
        `${formatPercent(evaluation.robustError, "upper")} of ${plural(evaluation.examples, "test example")}`,
    );
  }
  return save({ status: "finished" });

  async function startStage(number: number, at: RunFolder) {
    if (number === 0 && run.firstStage !== null) return givenStage(run.firstStage, at);
    const stage = existsSync(at.file("run")) ? await at.readRun() : null;
    if (stage?.status === "finished") return doneStage(at, stage.config, stage.epochs);
    const next = stage ? await resumedRun(at, stage) : await newStage(number, at);
    if (typeof next === "string") return next;
    output.print(`${plural(next.train.count, "training example")}`);
    using placed = placeStages(backend, models);
    const job = { ...next, earlier: placed.stages };
    const { run: trained } = await runTraining(job, backend, output, interruption);
    return trained.status === "finished" ? doneStage(at, trained.config, trained.epochs) : "interrupted";
  }

  /** The model file is copied, so that the folder is whole by itself. */
  async function givenStage(path: string, at: RunFolder) {
    const { network, weights } = await openModel(path, backend);
    await at.writeModel("model", { network, weights }, run.config, []);
    const model = await loadModelFile(at.file("model"));
    return { model, row: { trainedOn: null, seconds: null } };
  }

  async function doneStage(at: RunFolder, { data }: TrainConfig, rows: readonly { seconds: number }[]) {
    const model = await loadModelFile(at.file("model"));
    const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
    return { model, row: { trainedOn: data.count, seconds } };
  }

  async function newStage(number: number, at: RunFolder) {
    const seed = run.seed + number;
    const model = await startingModel({ model: run.config.model, seed }, train, backend);
    const config: TrainConfig = { ...run.config, seed };
    if (number === 0) return { folder: at, run: freshRun(config), ...model, state: null, train, test };
    const indices = await remaining();
    if (indices === null) return "interrupted" as const;
    if (indices.length === 0) return "nothing remains" as const;
    await at.writeExamples(indices);
    const own = { ...config, data: { ...config.data, count: indices.length, listed: true } };
    const left = subset(train, indices);
    return { folder: at, run: freshRun(own), ...model, state: null, train: left, test };
  }

  /** Null if the signal aborts on the way. */
  async function remaining(): Promise<number[] | null> {
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
        ball,
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

  async function evaluate(): Promise<CascadeStageRow["evaluation"] | null> {
    using placed = placeStages(backend, models);
    const examples = take(test, run.config.testLimit ?? test.count);
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

  function recordOf(stages: readonly CascadeStageRow[]): CascadeRecord {
    return {
      schema: "autodual/cascade/1",
      norm,
      epsilon: ball.epsilon,
      box,
      bound: method,
      stages: stages.map(({ folder: stage, trainedOn }, i) => ({
        model: `${stage}/${RUN_FILES.model}`,
        sha256: models[i].sha256,
        trainedOn,
      })),
    };
  }
}
