import { join } from "node:path";
import type { Communicator } from "../../distributed/communicator.js";
import { Team } from "../../distributed/team.js";
import { UsageError } from "../../errors.js";
import { deterministicInWords } from "../../report/guarantee.js";
import { isMeasured } from "../../runs/measure-run.js";
import { writeRunReport } from "../../runs/page/write-report.js";
import type { TrainingJob } from "../../runs/training/job.js";
import { newRun } from "../../runs/training/new-run.js";
import { resumedRun } from "../../runs/training/resumed-run.js";
import { loadRunData, movedData } from "../../runs/training/run-data.js";
import { runTraining } from "../../runs/training/training.js";
import { cascadeOfStage } from "../../train/cascade-run.js";
import { RUN_FILES, type Run, RunFolder } from "../../train/run-folder.js";
import { stuckInWords } from "../../train/stuck.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { changeInWords, formatBall, formatCount, formatPercent, plural } from "../wording.js";
import { finishRun, tellFinished } from "./finish-run.js";
import type { TrainFlags } from "./flags.js";
import { ranksInWords } from "./ranks.js";
import { type ResumeFlags, resumedBackend } from "./resume-flags.js";
import { remarksOn } from "./train-config.js";
import { trainingOrder } from "./training-order.js";

/** `train` of one model from the start. */
export async function startModel(flags: TrainFlags, output: Output, ranks: Communicator): Promise<number> {
  const opened = await openBackend(flags);
  const job = await newRun(trainingOrder(flags, opened.backend), opened.backend, new Team(ranks));
  for (const remark of remarksOn(flags, job.train, job.run.config)) output.prose(remark);
  for (const note of job.notes ?? []) output.prose(`${job.run.config.model}: ${note}`);
  try {
    return await runJob(job, opened, output, ranks);
  } catch (error) {
    job.folder.removeIfEmpty();
    throw error;
  }
}

/** `train --resume`: the rest of the training, or of what is measured once it is finished. */
export async function resumeModel(flags: ResumeFlags, output: Output, ranks: Communicator): Promise<number> {
  const folder = RunFolder.open(flags.resume, { writes: ranks.rank === 0 });
  const recorded = await folder.readRun();
  await checkIsOwnRun(folder, recorded, flags);
  // No rank changes the folder before all have read it.
  await new Team(ranks).meet();
  if (recorded.status === "finished" && !folder.writes) return 0;
  if (recorded.status === "finished" && isMeasured(folder.path)) {
    await tellFinished(folder.path, "run", output);
    printRun(output, recorded, folder);
    await output.writeJson(recorded);
    return 0;
  }
  const data = movedData(recorded.config.data, flags);
  const run: Run = { ...recorded, config: { ...recorded.config, data } };
  const opened = await resumedBackend(flags, run.config);
  const { backend } = opened;
  if (run.status === "finished") {
    const { test } = await loadRunData(join(folder.path, RUN_FILES.run), run.config);
    output.print(`${folder.path}: the training is finished; going on with what is measured of it`);
    printRun(output, run, folder);
    if (flags.data !== null || flags.dataDir !== null) await folder.writeRun(run);
    await output.writeJson(run);
    using interruption = new Interruption();
    const finished = { folder: folder.path, config: run.config, test, certification: null };
    return finishRun(finished, backend, output, interruption);
  }
  const job = await resumedRun(folder, { ...run, config: { ...run.config, backend: backend.name } });
  output.print(`going on from epoch ${job.state!.epoch + 1}, batch ${job.state!.batch + 1}`);
  return runJob(job, opened, output, ranks);
}

/** A stage goes on with its cascade alone: its epochs are evaluated behind the stages before it. */
async function checkIsOwnRun(
  { path }: RunFolder,
  { status }: Run,
  { cascade: stages }: ResumeFlags,
): Promise<void> {
  const cascade = status === "finished" ? null : await cascadeOfStage(path);
  if (cascade !== null) {
    throw new UsageError(
      `${path}: expected a run of its own, found a stage of the cascade ${cascade}, with which it goes on: ` +
        `autodual train --resume ${cascade}`,
    );
  }
  if (stages === null) return;
  throw new UsageError(
    `--cascade: expected a cascade's folder beside --resume, found the run of a single model in ${path}; ` +
      `a new run makes it the first of several: --cascade ${Math.max(2, stages)} --first-stage ${path}`,
  );
}

async function runJob(
  job: TrainingJob,
  { backend, description }: OpenedBackend,
  output: Output,
  ranks: Communicator,
): Promise<number> {
  const { folder, train, test } = job;
  const { config } = job.run;
  const { validation: heldOut } = config;
  output.print(
    `${plural(config.epochs, "epoch")} of ${plural(train.count - heldOut, "example")} of ${train.name}` +
      `${heldOut > 0 ? `, ${plural(heldOut, "other")} held out` : ""}; ${description}${ranksInWords(ranks)}`,
  );
  output.print(`run folder ${folder.path}`);
  using interruption = new Interruption();
  const team = new Team(ranks, interruption.signal);
  const watch = { observer: new TerminalObserver(output), signal: team.signal };
  const { run, certification } = await runTraining(job, backend, watch, team);
  if (!team.isFirst) return certification ? 0 : interruption.exitCode;
  await output.writeJson(run);
  if (!certification) {
    output.print(`stopped; go on with: autodual train --resume ${folder.path}`);
    output.print(`report ${await writeRunReport(folder.path)}`);
    return interruption.exitCode;
  }
  printRun(output, run, folder);
  const finished = { folder: folder.path, config: run.config, test, certification };
  return await finishRun(finished, backend, output, interruption);
}

function printRun(output: Output, { config, evaluation, epochs }: Run, folder: RunFolder): void {
  if (!evaluation) return;
  const stuck = stuckInWords(epochs, config.data.classes);
  if (stuck !== null) output.prose(stuck);
  const ball = { norm: config.norm, epsilon: evaluation.epsilon, box: config.box };
  output.figures([
    ["run folder", folder.path],
    ["test examples", formatCount(evaluation.examples)],
    ["ball", formatBall(ball)],
    ["error", formatPercent(evaluation.error)],
    ["robust error, at most", formatPercent(evaluation.robustError, "upper")],
  ]);
  const { robustError, examples } = evaluation;
  const guarantee =
    robustError === 1
      ? `Nothing is guaranteed: not one of these ${formatCount(examples)} test examples is both right and certified.`
      : `Guaranteed: no change of ${changeInWords(ball)} makes more than ${formatPercent(robustError, "upper")} of these ` +
        `${plural(examples, "test example")} wrong.`;
  output.prose(`${guarantee} ${deterministicInWords(evaluation.bound?.evaluation ?? null)}`);
}
