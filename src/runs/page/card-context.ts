import { packageVersion } from "../../formats/package-version.js";
import type { CardContext } from "../../report/model-card.js";
import { isCascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import { RunFolder } from "../../train/run-folder.js";
import { certifyCommand } from "./measure-commands.js";

/** What a run's card says beside its record: today's date, and the command that bounds the run's network again. */
export async function cardContext(folder: string): Promise<CardContext> {
  const isCascade = isCascadeRun(folder);
  const cascade = isCascade ? await readCascadeRun(folder) : null;
  const { config } = cascade ?? (await RunFolder.open(folder).readRun());
  const stages = cascade?.stages.length ?? 1;
  return {
    date: new Date().toISOString().slice(0, 10),
    version: packageVersion(),
    checkedBy: stages === 0 ? null : certifyCommand({ folder, config, stages, limit: config.testLimit }),
  };
}
