import { FLOATING_POINT } from "../../report/guarantee.js";
import { type CascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import { Interruption } from "../interruption.js";
import { type OpenedBackend, openBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import { writeRunReport } from "../report/write-report.js";
import { formatTable } from "../table.js";
import { formatBall, formatCount, formatPercent, plural, wrap } from "../wording.js";
import { type CascadeJob, newCascade, resumedCascade, trainCascade } from "./cascade-training.js";
import { finishRun } from "./finish-run.js";
import type { TrainFlags } from "./flags.js";
import { removeLeftovers } from "./leftovers.js";
import { isMeasured } from "./measure-run.js";
import { type ResumeFlags, resumedBackend } from "./resumed-backend.js";

/** `train --cascade` from the start. */
export async function startCascade(flags: TrainFlags, output: Output): Promise<number> {
  const opened = await openBackend(flags);
  return runJob(await newCascade(flags, opened.backend), opened, output);
}

/** `train --resume` of a cascade: its next stages, or what is measured once they are all there. */
export async function resumeCascade(
  flags: ResumeFlags,
  backendGiven: boolean,
  output: Output,
): Promise<number> {
  const run = await readCascadeRun(flags.resume);
  if (run.status === "finished" && isMeasured(flags.resume)) {
    output.print(`${flags.resume}: this cascade is finished; there is nothing to resume`);
    await output.writeJson(run);
    printCascade(output, run, flags.resume);
    return 0;
  }
  const opened = await resumedBackend(flags, run.config, backendGiven);
  removeLeftovers(flags.resume);
  return runJob(await resumedCascade(flags.resume, opened.backend), opened, output);
}

async function runJob(
  job: CascadeJob,
  { backend, description }: OpenedBackend,
  output: Output,
): Promise<number> {
  const { folder, train, test } = job;
  using interruption = new Interruption();
  let { run } = job;
  if (run.status === "finished") {
    output.print(`${folder}: the cascade is finished; going on with what is measured of it`);
  } else {
    output.print(
      `${plural(run.cascade, "stage")}, ${plural(train.count, "example")} of ${train.name}; ${description}`,
    );
    output.print(`run folder ${folder}`);
    run = await trainCascade(job, backend, output, interruption);
  }
  await output.writeJson(run);
  if (run.status !== "finished") {
    output.print(`stopped; go on with: autodual train --resume ${folder}`);
    output.print(`report ${await writeRunReport(folder)}`);
    return interruption.exitCode;
  }
  printCascade(output, run, folder);
  return await finishRun(folder, run.config, test, null, backend, output, interruption);
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
