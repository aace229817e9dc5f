import { existsSync, rmSync } from "node:fs";
import type { Communicator } from "../../distributed/communicator.js";
import { Team } from "../../distributed/team.js";
import { UsageError } from "../../errors.js";
import { deterministicInWords } from "../../report/guarantee.js";
import { type CascadeJob, newCascade, resumedCascade } from "../../runs/cascade/cascade-job.js";
import { trainCascade } from "../../runs/cascade/cascade-training.js";
import { isMeasured } from "../../runs/measure-run.js";
import { writeRunReport } from "../../runs/page/write-report.js";
import type { Evaluation } from "../../threat/evaluation.js";
import { type CascadeRun, readCascadeRun, writeCascadeRun } from "../../train/cascade-run.js";
import { RunFolder } from "../../train/run-folder.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatBall, formatCount, formatPercent, plural } from "../wording.js";
import { finishRun, tellFinished } from "./finish-run.js";
import type { TrainFlags } from "./flags.js";
import { ranksInWords } from "./ranks.js";
import { type ResumeFlags, resumedBackend } from "./resume-flags.js";
import { remarksOn } from "./train-config.js";
import { trainingOrder } from "./training-order.js";

/** `train --cascade` from the start. */
export async function startCascade(flags: TrainFlags, output: Output, ranks: Communicator): Promise<number> {
  const opened = await openBackend(flags);
  const team = new Team(ranks);
  const job = await newCascade(trainingOrder(flags, opened.backend), opened.backend, team);
  for (const remark of remarksOn(flags, job.train, job.run.config)) output.prose(remark);
  for (const note of job.notes ?? []) output.prose(`${job.run.config.model}: ${note}`);
  try {
    return await runJob(job, opened, output, ranks);
  } catch (error) {
    if (team.isFirst) removeUnbegun(job.folder);
    throw error;
  }
}

/** Takes a folder away again whose record could not be written. */
function removeUnbegun(path: string): void {
  const folder = RunFolder.of(path);
  if (existsSync(folder.file("run"))) return;
  rmSync(folder.file("start"), { force: true });
  folder.removeIfEmpty();
}

/** `train --resume` of a cascade: its next stages, or what is measured once they are all there. */
export async function resumeCascade(
  flags: ResumeFlags,
  output: Output,
  ranks: Communicator,
): Promise<number> {
  const { resume: folder } = flags;
  const run = withStages(await readCascadeRun(folder), flags.cascade, folder);
  const team = new Team(ranks);
  // No rank changes the folder before all have read it.
  await team.meet();
  if (run.status === "finished" && !team.isFirst) return 0;
  if (run.status === "finished" && isMeasured(folder)) {
    await tellFinished(folder, "cascade", output);
    await output.writeJson(run);
    printCascade(output, run, folder);
    return 0;
  }
  const opened = await resumedBackend(flags, run.config);
  const job = await resumedCascade(folder, opened.backend, flags);
  const { cascade, status } = run;
  if (status !== "finished") {
    return runJob({ ...job, run: { ...job.run, cascade, status } }, opened, output, ranks);
  }
  const finished = { ...run, config: { ...run.config, data: job.run.config.data } };
  if (flags.data !== null || flags.dataDir !== null) await writeCascadeRun(folder, finished);
  return runJob({ ...job, run: finished }, opened, output, ranks);
}

/** The cascade that is to have so many stages now; a `UsageError` if more are finished. */
function withStages(run: CascadeRun, stages: number | null, folder: string): CascadeRun {
  if (stages === null || stages === run.cascade) return run;
  const done = run.stages.length;
  if (stages >= done) return { ...run, cascade: stages, status: "interrupted" };
  throw new UsageError(
    `--cascade: expected at least ${done}, as so many stages of ${folder} are finished and none is thrown away, ` +
      `found ${stages}`,
  );
}

async function runJob(
  job: CascadeJob,
  { backend, description }: OpenedBackend,
  output: Output,
  ranks: Communicator,
): Promise<number> {
  const { folder, train, test } = job;
  using interruption = new Interruption();
  let { run } = job;
  if (run.status === "finished") {
    output.print(`${folder}: the cascade is finished; going on with what is measured of it`);
  } else {
    output.print(
      `${plural(run.cascade, "stage")}, ${plural(train.count, "example")} of ${train.name}; ${description}${ranksInWords(ranks)}`,
    );
    output.print(`run folder ${folder}`);
    const team = new Team(ranks, interruption.signal);
    const watch = { observer: new TerminalObserver(output), signal: team.signal };
    run = await trainCascade(job, backend, watch, team);
    if (!team.isFirst) return run.status === "finished" ? 0 : interruption.exitCode;
  }
  await output.writeJson(run);
  if (run.status !== "finished") {
    output.print(`stopped; go on with: autodual train --resume ${folder}`);
    output.print(`report ${await writeRunReport(folder)}`);
    return interruption.exitCode;
  }
  printCascade(output, run, folder);
  const finished = { folder, config: run.config, test, certification: null };
  return await finishRun(finished, backend, output, interruption);
}

/** For which the figures of all stages hold; null where any of them left rounding out, as other versions did. */
function evaluationOfAll(stages: CascadeRun["stages"]): Evaluation | null {
  const counted = stages.map(({ evaluation }) => evaluation.bound?.evaluation ?? null);
  return counted.includes(null) ? null : counted[counted.length - 1];
}

function printCascade(output: Output, { config, stages }: CascadeRun, folder: string): void {
  const { norm, epsilon, box } = config;
  output.table(
    ["stages", "trained on", "error", "robust error, at most", "certified"],
    stages.map(({ trainedOn, evaluation }, i) => [
      String(i + 1),
      trainedOn === null ? "given" : formatCount(trainedOn),
      formatPercent(evaluation.error),
      formatPercent(evaluation.robustError, "upper"),
      formatPercent(evaluation.certified, "lower"),
    ]),
  );
  output.prose(
    `Each line is the cascade up to that stage, on ${plural(stages[0].evaluation.examples, "test example")}, ` +
      `${formatBall({ norm, epsilon: epsilon.end, box })}: an answer is that of the first stage that certifies its own. ` +
      (stages.length > 1
        ? "Robust errors are of the stage that answers: within the ball another stage may answer, and they do not bound the " +
          "error of the cascade under attack. "
        : "") +
      deterministicInWords(evaluationOfAll(stages)),
  );
  output.print(`run folder ${folder}`);
}
