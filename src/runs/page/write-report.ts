import { join } from "node:path";
import { writeFileAtomically } from "../../formats/write-file.js";
import { renderPage } from "../../report/page/render-page.js";
import { figuresOf } from "../../report/page/run-figures.js";
import type { RunRecord } from "../../report/page/run-record.js";
import { writePlot } from "../../report/plot.js";
import { REPORT_FILE } from "../measured-files.js";
import { readRun } from "./read-run.js";

/** Writes the page of a run folder into it, under its own name for the folder; gives the page's path. */
export async function writeRunReport(folder: string): Promise<string> {
  const path = join(folder, REPORT_FILE);
  await writeFileAtomically(path, renderPage(await readRun(folder)));
  return path;
}

/** Every plot of a run as SVG and PNG. Gives the paths; none where there is nothing to plot. */
export async function writeFigures(record: RunRecord, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, figure] of figuresOf(record)) {
    paths.push(...(await writePlot(figure, join(folder, name))));
  }
  return paths;
}
