import { UsageError } from "../errors.js";
import type { RunRecord } from "../report/page/run-record.js";
import { readRun as readRunFolder } from "../runs/page/read-run.js";
import { writeRunReport } from "../runs/page/write-report.js";

/**
 * Reads and checks all that a run folder holds, of a single model or of a cascade. A `FormatError` where there is no run, or
 * where its record is damaged; any other part that is not there says so in its own place.
 */
export async function readRun(folder: string): Promise<RunRecord> {
  checkFolder("readRun", folder);
  return readRunFolder(folder);
}

/** Writes a run folder's page, one HTML file that needs nothing else, into it; gives the page's path. Throws as `readRun` does. */
export async function report(folder: string): Promise<string> {
  checkFolder("report", folder);
  return writeRunReport(folder);
}

function checkFolder(call: string, folder: unknown): void {
  if (typeof folder === "string" && folder !== "") return;
  throw new UsageError(`${call}: folder: expected the path of a run folder, found ${typeof folder}`);
}
