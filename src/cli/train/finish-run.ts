import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Backend } from "../../compute/backend.js";
import { type FinishedRun, measureFinished } from "../../runs/finished-run.js";
import { REPORT_FILE } from "../../runs/measured-files.js";
import { writeRunReport } from "../../runs/page/write-report.js";
import { clearAbandoned } from "../../train/run-lock.js";
import type { Interruption } from "../interruption.js";
import type { Output } from "../output.js";
import { TerminalObserver } from "../terminal-observer.js";

/** Says that nothing remains to be done of a finished run; its page is written if it is not there. */
export async function tellFinished(folder: string, what: string, output: Output): Promise<void> {
  clearAbandoned(folder);
  const isReported = existsSync(join(folder, REPORT_FILE));
  const rest = isReported
    ? "there is nothing to resume"
    : "only its report was missing, and is written again";
  output.print(`${folder}: this ${what} is finished; ${rest}`);
  if (!isReported) output.print(`report ${await writeRunReport(folder)}`);
}

/**
 * What follows a training that is finished: measures what a report shows, and writes it. Gives the exit code: a signal leaves
 * the rest unmeasured.
 */
export async function finishRun(
  run: FinishedRun,
  backend: Backend,
  output: Output,
  interruption: Interruption,
): Promise<number> {
  const watch = { observer: new TerminalObserver(output), signal: interruption.signal };
  await interruption.unlessStopped(() => measureFinished(run, backend, watch));
  output.print(`report ${await writeRunReport(run.folder)}`);
  if (!interruption.aborted) return 0;
  output.print("stopped: the training is finished; the report says what was not measured");
  output.print(`measure it with: autodual train --resume ${run.folder}`);
  return interruption.exitCode;
}
