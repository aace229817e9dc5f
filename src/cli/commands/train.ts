import type { Command } from "commander";
import type { BackendName } from "../../compute/index.js";
import { FLOATING_POINT } from "../../report/guarantee.js";
import { type CascadeRun, isCascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import { type Run, RunFolder } from "../../train/run-folder.js";
import type { CommandContext } from "../context.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import { Output } from "../output.js";
import { writeRunReport } from "../report/write-report.js";
import { formatFigures, formatTable } from "../table.js";
import { type CascadeJob, newCascade, resumedCascade, trainCascade } from "../train/cascade-training.js";
import { finishRun } from "../train/finish-run.js";
import { addTrainOptions, checkTrainFlags, type TrainFlags } from "../train/flags.js";
import { removeLeftovers } from "../train/leftovers.js";
import { newRun, removeIfEmpty } from "../train/new-run.js";
import { resumedRun } from "../train/resumed-run.js";
import { runTraining, type TrainingJob, type TrainingOutcome } from "../train/training.js";
import { changeInWords, formatBall, formatCount, formatPercent, plural, wrap } from "../wording.js";

/** `autodual train`: robust training into a run folder, which a stopped run goes on from. */
export function addTrain(program: Command, context: CommandContext): void {
  const command = program.command("train").description("train a robust model into a run folder");
  addTrainOptions(command).action(async (flags: TrainFlags) => {
    checkTrainFlags(command);
    const fromCommandLine = command.getOptionValueSource("backend") === "cli";
    const several = flags.resume === undefined ? flags.cascade > 1 : isCascadeRun(flags.resume);
    context.exitCode = await (several ? trainStages : train)(flags, fromCommandLine, context);
  });
}

async function train(flags: TrainFlags, backendGiven: boolean, { io }: CommandContext): Promise<number> {
  const output = new Output(io, flags.json);
  let job: TrainingJob;
  let opened: OpenedBackend;
  if (flags.resume === undefined) {
    opened = await openBackend(flags);
    job = await newRun(flags, opened.backend);
  } else {
    const folder = RunFolder.open(flags.resume);
    const run = await folder.readRun();
    if (run.status === "finished") {
      output.print(`${folder.path}: this run is finished; there is nothing to resume`);
      printRun(output, run, folder);
      await output.writeJson(run);
      return 0;
    }
    const { config } = run;
    const backend = backendGiven ? flags.backend : (config.backend as BackendName);
    opened = await openBackend({ ...flags, backend, dtype: config.dtype });
    removeLeftovers(folder.path);
    job = await resumedRun(folder, { ...run, config: { ...config, backend: opened.backend.name } });
    output.print(`going on from epoch ${job.state!.epoch + 1}, batch ${job.state!.batch + 1}`);
  }

  const { config } = job.run;
  output.print(
    `${plural(config.epochs, "epoch")} of ${plural(job.train.count, "example")} of ${job.train.name}; ${opened.description}`,
  );
  output.print(`run folder ${job.folder.path}`);
  using interruption = new Interruption();
  let outcome: TrainingOutcome;
  try {
    outcome = await runTraining(job, opened.backend, output, interruption);
  } catch (error) {
    if (flags.resume === undefined) removeIfEmpty(job.folder);
    throw error;
  }
  const { run, certification } = outcome;
  await output.writeJson(run);
  if (!certification) {
    output.print(`stopped; go on with: autodual train --resume ${job.folder.path}`);
    output.print(`report ${await writeRunReport(job.folder.path)}`);
    return interruption.exitCode;
  }
  printRun(output, run, job.folder);
  return await finishRun(
    job.folder.path,
    run.config,
    job.test,
    certification,
    opened.backend,
    output,
    interruption,
  );
}

async function trainStages(
  flags: TrainFlags,
  backendGiven: boolean,
  { io }: CommandContext,
): Promise<number> {
  const output = new Output(io, flags.json);
  let opened: OpenedBackend;
  let job: CascadeJob;
  if (flags.resume === undefined) {
    opened = await openBackend(flags);
    job = await newCascade(flags, opened.backend);
  } else {
    const { status, config } = await readCascadeRun(flags.resume);
    const backend = backendGiven ? flags.backend : (config.backend as BackendName);
    opened = await openBackend({ ...flags, backend, dtype: config.dtype });
    removeLeftovers(flags.resume);
    job = await resumedCascade(flags.resume, opened.backend);
    if (status === "finished")
      output.print(`${flags.resume}: this cascade is finished; there is nothing to resume`);
  }
  using interruption = new Interruption();
  let { run } = job;
  if (run.status !== "finished") {
    output.print(
      `${plural(run.cascade, "stage")}, ${plural(job.train.count, "example")} of ${job.train.name}; ${opened.description}`,
    );
    output.print(`run folder ${job.folder}`);
    run = await trainCascade(job, opened.backend, output, interruption);
  }
  await output.writeJson(run);
  if (run.status !== "finished") {
    output.print(`stopped; go on with: autodual train --resume ${job.folder}`);
    output.print(`report ${await writeRunReport(job.folder)}`);
    return interruption.exitCode;
  }
  printCascade(output, run, job.folder);
  if (job.run.status === "finished") return 0;
  return await finishRun(job.folder, run.config, job.test, null, opened.backend, output, interruption);
}

function printCascade(output: Output, { config, stages }: CascadeRun, folder: string): void {
  const { norm, epsilon, box } = config;
  output.print(
    formatTable(
      ["stages", "trained on", "error", "robust error, at most", "certified"],
      stages.map(({ trainedOn, evaluation }, i) => [
        String(i + 1),
        trainedOn === null ? "given" : formatCount(trainedOn),
        formatPercent(evaluation.error),
        formatPercent(evaluation.robustError, "upper"),
        formatPercent(evaluation.certified, "lower"),
      ]),
    ),
  );
  output.print(
    wrap(
      `Each line is the cascade up to that stage, on ${plural(stages[0].evaluation.examples, "test example")}, ` +
        `${formatBall({ norm, epsilon: epsilon.end, box })}: an answer is that of the first stage that certifies its own. ` +
        FLOATING_POINT,
    ),
  );
  output.print(`run folder ${folder}`);
}

function printRun(output: Output, { config, evaluation }: Run, folder: RunFolder): void {
  if (!evaluation) return;
  const ball = { norm: config.norm, epsilon: evaluation.epsilon, box: config.box };
  output.print(
    formatFigures([
      ["run folder", folder.path],
      ["test examples", String(evaluation.examples)],
      ["ball", formatBall(ball)],
      ["error", formatPercent(evaluation.error)],
      ["robust error, at most", formatPercent(evaluation.robustError, "upper")],
    ]),
  );
  const { robustError, examples } = evaluation;
  const guarantee =
    robustError === 1
      ? `Nothing is guaranteed: not one of these ${examples} test examples is both right and certified.`
      : `Guaranteed: no change of ${changeInWords(ball)} makes more than ${formatPercent(robustError, "upper")} of these ` +
        `${plural(examples, "test example")} wrong.`;
  output.print(wrap(`${guarantee} ${FLOATING_POINT}`));
}
