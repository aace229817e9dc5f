import { join } from "node:path";
import { cascadeOf } from "../../cascade/folder.js";
import type { Backend } from "../../compute/backend.js";
import { Team } from "../../distributed/team.js";
import { type CascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import { RUN_FILES, type RunFolder } from "../../train/run-folder.js";
import { checkModelFitsData, isModelPath, lastingName, openModel } from "../models/open-model.js";
import { newFolder, type PreparedJob, prepareRun, type TrainingOrder } from "../training/new-run.js";
import { type DataPlace, loadRunData, movedData, type RunData } from "../training/run-data.js";

/** What is to be trained as a cascade. */
export interface CascadeOrder extends TrainingOrder {
  /** How many stages there are to be. */
  readonly stages: number;
  /** A model file or run folder that is the first stage. */
  readonly firstStage?: string | undefined;
}

/** A cascade on its way. */
export interface CascadeJob extends RunData {
  readonly folder: string;
  readonly run: CascadeRun;
  /** What reading the model that stages begin with left out or took in another way, a line each. */
  readonly notes?: readonly string[] | undefined;
}

/** A new cascade. Everything is read and checked before the folder is made, by the first rank where a team trains it. */
export async function newCascade(
  order: CascadeOrder,
  backend: Backend,
  team = new Team(),
): Promise<CascadeJob> {
  const { model, stages, firstStage } = order;
  const prepared = await prepareRun(order, backend);
  if (firstStage !== undefined) await checkFirstStage(firstStage, prepared, backend);
  const { run, train, test, notes } = prepared;
  const folder = await newFolder(order, prepared, team);
  const { versions, machine, seed, config } = run;
  const isGiven = typeof model !== "string" || isModelPath(model);
  const startSha256 = isGiven ? await keepStart(folder, prepared, team) : undefined;
  return {
    folder: folder.path,
    train,
    test,
    notes,
    run: {
      schema: "autodual/cascade-run/1",
      status: "running",
      config,
      cascade: stages,
      firstStage: firstStage === undefined ? null : lastingName(firstStage),
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
  { network, weights, train, test, run }: PreparedJob,
  backend: Backend,
): Promise<void> {
  const first = await openModel(name, backend);
  for (const dataset of [train, test]) checkModelFitsData(first.network, dataset, `--first-stage ${name}`);
  const others = { network, weights, path: `--model ${run.config.model}`, sha256: "", metadata: {} };
  cascadeOf(name, [others, { ...first, path: `--first-stage ${name}` }]);
}

/** Copies the model that all stages begin with, which its file may not hold any more when the next one does. */
async function keepStart(
  folder: RunFolder,
  { network, weights, run }: PreparedJob,
  team: Team,
): Promise<string> {
  try {
    await folder.writeModel("start", { network, weights }, run.config, []);
    await team.meet();
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
  given: RunData | null = null,
): Promise<CascadeJob> {
  const run = await readCascadeRun(folder);
  const config = { ...run.config, backend: backend.name, data: movedData(run.config.data, place) };
  const data = await loadRunData(join(folder, RUN_FILES.run), config, given);
  return { folder, run: { ...run, config }, ...data };
}
