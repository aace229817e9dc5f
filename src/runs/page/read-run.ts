import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { hashOfStages, isCascadeFolder } from "../../cascade/folder.js";
import { AutodualError } from "../../errors.js";
import { loadModelFolder } from "../../formats/model-folder.js";
import {
  type Curve,
  known,
  type Measured,
  missing,
  type Part,
  type RunRecord,
  type StageRow,
} from "../../report/page/run-record.js";
import { formatDuration, plural } from "../../report/wording.js";
import {
  type CascadeRun,
  cascadeOfStage,
  isCascadeRun,
  readCascadeRun,
  stageFolder,
} from "../../train/cascade-run.js";
import type { TrainConfig } from "../../train/config.js";
import { RUN_FILES, type Run, RunFolder } from "../../train/run-folder.js";
import { lockHolder } from "../../train/run-lock.js";
import { circumstanceRows, configurationRows } from "./configuration.js";
import { type MeasuredParts, measuredParts } from "./measured-parts.js";
import { isQuickstart } from "./quickstart-mark.js";
import { pathForOthers, shellLine } from "./shell-words.js";
import { trainCommand } from "./train-command.js";

/**
 * Reads and checks all that a run folder holds, of a single model or of a cascade. A `FormatError` where there is no run,
 * or where its record is damaged or another version's; any other part that is not there says so in its own place.
 */
export async function readRun(folder: string): Promise<RunRecord> {
  const opened = RunFolder.open(folder);
  return isCascadeRun(folder) ? await readStages(folder) : await readTraining(opened);
}

async function readTraining(folder: RunFolder): Promise<RunRecord> {
  const run = await folder.readRun();
  const { config, epochs, status, evaluation } = run;
  const notes = testNotesOf(run);
  const unfinished = unfinishedPart((await cascadeOfStage(folder.path)) ?? folder.path, run);
  const parts = await measuredParts({
    folder: folder.path,
    config,
    limit: config.testLimit,
    stages: 1,
    sha256: await modelHash(
      folder.path,
      status,
      notes,
      async () => (await loadModelFolder(folder.path)).sha256,
    ),
    evaluation: evaluation && measuredBy(config, { ...evaluation, certified: null }),
    unfinished,
  });
  const seconds = epochs.reduce((sum, row) => sum + row.seconds, 0);
  return {
    kind: "training",
    ...commonOf(folder.path, run, parts, notes),
    stages: 1,
    curves:
      epochs.length === 0
        ? missing(
            unfinished ? "No epoch is done yet; curves begin with the first." : "No epoch is in the record.",
          )
        : known([{ stage: null, epochs }]),
    testCurves: testCurvesOf(config, [{ stage: null, epochs }]),
    stageRows: [],
    circumstances: [
      ...circumstanceRows(run.versions, run.machine),
      ["time of training", `${formatDuration(seconds)}, ${plural(epochs.length, "epoch")}`],
    ],
    command: await commandOf(folder.path, config),
  };
}

async function readStages(folder: string): Promise<RunRecord> {
  const run = await readCascadeRun(folder);
  const { config, stages, status } = run;
  const notes: string[] = [];
  const last = stages[stages.length - 1];
  const unfinished = unfinishedPart(folder, run);
  const parts = await measuredParts({
    folder,
    config,
    limit: config.testLimit,
    stages: stages.length,
    sha256:
      isCascadeFolder(folder) || stages.length > 0
        ? await modelHash(folder, status, notes, () => hashOfStages(folder))
        : null,
    evaluation: last ? measuredBy(config, last.evaluation) : null,
    unfinished,
  });
  const curves = await stageCurves(folder, run, notes);
  const seconds = stages.reduce((sum, stage) => sum + (stage.seconds ?? 0), 0);
  return {
    kind: "cascade",
    ...commonOf(folder, run, parts, notes),
    stages: stages.length,
    curves:
      curves.length === 0
        ? missing(
            unfinished
              ? "No epoch is done yet; curves begin with the first."
              : "No stage was trained in this folder, or none of its records can be read.",
          )
        : known(curves),
    testCurves: testCurvesOf(config, curves),
    stageRows: stageRowsOf(run, parts),
    circumstances: [
      ...circumstanceRows(run.versions, run.machine),
      ["time of training", `${formatDuration(seconds)}, ${stages.length} of ${plural(run.cascade, "stage")}`],
    ],
    command: trainCommand(config, run),
  };
}

function commonOf(
  folder: string,
  { config, status }: Pick<Run, "config" | "status">,
  { split, ...parts }: MeasuredParts,
  notes: readonly string[],
) {
  return {
    title: basename(resolve(folder)),
    status,
    notes,
    model: pathForOthers(config.model),
    data: { name: pathForOthers(config.data.name), split },
    ...parts,
    configuration: configurationRows(config),
  };
}

function measuredBy(
  { bound, dtype }: TrainConfig,
  {
    bound: rounding,
    epsilon: _epsilon,
    ...measured
  }: NonNullable<Run["evaluation"]> & {
    readonly certified: number | null;
  },
): Measured {
  return {
    ...measured,
    ...{ estimatedRobustError: null, delta: null, method: bound, arithmetic: dtype },
    // Other versions did not count rounding.
    evaluation: rounding?.evaluation ?? null,
  };
}

/** Of a stage of a cascade, whose epochs were not evaluated as a model of its own. */
function testNotesOf({ config, epochs }: Run): string[] {
  const tested = epochs.flatMap(({ test }) => test ?? []);
  // Records of another version do not say so, but a stage after the first has examples of its own.
  if (!tested.some(({ stages }) => stages !== undefined || config.data.listed)) return [];
  return ["Test errors of epochs are those of the cascade up to this stage, not of this model alone."];
}

/** What a run that is not finished says wherever something is not measured; null of a finished one. */
function unfinishedPart(folder: string, run: Pick<Run, "status">): Part<never> | null {
  if (run.status === "finished") return null;
  if (run.status === "running" && lockHolder(folder)?.alive) {
    return missing("Not measured yet: the run is under way, and this is measured at its end.");
  }
  const how = run.status === "running" ? "was killed" : "was interrupted";
  return missing(
    `Not measured yet: the run ${how}; it goes on with`,
    shellLine(["autodual", "train", "--resume", folder]),
  );
}

async function modelHash(
  folder: string,
  status: Run["status"],
  notes: string[],
  read: () => Promise<string>,
): Promise<string | null> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AutodualError)) throw error;
    if (status === "finished") notes.push(`The folder's model cannot be read: ${error.message}`);
    else if (existsSync(join(folder, RUN_FILES.model))) notes.push(error.message);
    return null;
  }
}

function testCurvesOf({ evaluation, validation }: TrainConfig, curves: readonly Curve[]): Part<true> {
  if (curves.length === 0 || curves.some(({ epochs }) => epochs.some(({ test }) => test !== null)))
    return known(true);
  const rhythm = evaluation.every === 1 ? "every epoch" : `one epoch of ${evaluation.every}`;
  const examples = validation > 0 ? "held-out examples, once epsilon is reached" : "test examples";
  return missing(
    evaluation.every === 0
      ? "Test curves are not measured: no epoch of this run was evaluated on test examples; --evaluate-every 1 does that, in a new training."
      : `Test curves are not measured yet: ${rhythm} is evaluated on ${examples}.`,
  );
}

/** Of each stage that was trained here, the one under way among them. */
async function stageCurves(
  folder: string,
  { stages, status }: CascadeRun,
  notes: string[],
): Promise<Curve[]> {
  const names = stages.map((row) => (row.trainedOn === null ? null : row.folder));
  const next = stageFolder(stages.length + 1);
  if (status !== "finished" && existsSync(join(folder, next, RUN_FILES.run))) names.push(next);
  const curves: Curve[] = [];
  for (const [i, name] of names.entries()) {
    if (name === null) continue;
    try {
      const { epochs } = await RunFolder.open(join(folder, name)).readRun();
      if (epochs.length > 0) curves.push({ stage: i + 1, epochs });
    } catch (error) {
      if (!(error instanceof AutodualError)) throw error;
      notes.push(`The curves of stage ${i + 1} are left out: ${error.message}`);
    }
  }
  return curves;
}

function stageRowsOf({ stages }: CascadeRun, { verdicts }: MeasuredParts): StageRow[] {
  return stages.map(({ trainedOn, seconds, evaluation }, stage) => {
    const own =
      verdicts.kind === "known" ? verdicts.value.filter((verdict) => verdict.stage === stage) : null;
    const { error, robustError, certified } = evaluation;
    return {
      stage: stage + 1,
      trainedOn,
      seconds,
      error,
      robustError,
      certified,
      answers: own && { count: own.length, certified: own.filter((verdict) => verdict.certified).length },
    };
  });
}

/** The command that a run came from: its cascade's, where it is a stage. */
async function commandOf(folder: string, config: TrainConfig): Promise<string> {
  if (isQuickstart(folder)) {
    const { seed, backend, dtype } = config;
    return shellLine([
      "autodual",
      "quickstart",
      "--seed",
      String(seed),
      "--backend",
      backend,
      "--dtype",
      dtype,
    ]);
  }
  const parent = dirname(resolve(folder));
  if (!isCascadeRun(parent)) return trainCommand(config);
  try {
    const run = await readCascadeRun(parent);
    return trainCommand(run.config, run);
  } catch (error) {
    if (error instanceof AutodualError) return trainCommand(config);
    throw error;
  }
}
