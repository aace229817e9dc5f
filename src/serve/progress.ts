import { join } from "node:path";
import { AutodualError, FormatError } from "../errors.js";
import { plural } from "../report/wording.js";
import { type CascadeRun, isCascadeRun, readCascadeRun, stageFolder } from "../train/cascade-run.js";
import type { EpochRow } from "../train/config.js";
import { RUN_FILES, type Run, RunFolder } from "../train/run-folder.js";
import { lockHolder } from "../train/run-lock.js";
import type { RunFiles } from "./run-files.js";

/** Epochs by whose time that of the next ones is told. */
const RECENT = 5;

/** Errors as they are now. */
export interface ErrorsNow {
  readonly error: number;
  readonly robustError: number | null;
  /** On which examples, and when. */
  readonly of: string;
  /** Whether the robust error is an upper bound, or a figure of training, which guarantees nothing. */
  readonly isBound: boolean;
  /** How many stages answer. */
  readonly stages: number;
}

/** How far a run is. */
export interface RunProgress {
  readonly state: "under way" | "killed" | "interrupted" | "finished";
  /** Of a run under way: whether its process is one of this machine, so that its end would be noticed. */
  readonly here: boolean;
  /** Of a cascade: the stage at which it is. */
  readonly stage: { readonly number: number; readonly of: number } | null;
  /** Epochs that are done, of the stage at which it is. */
  readonly epoch: number;
  readonly epochs: number;
  /** When these epochs will be done by the pace of the last ones, in milliseconds since 1970; null where nothing tells. */
  readonly endsAt: number | null;
  /** When the run last wrote. */
  readonly writtenAt: number;
  readonly errors: ErrorsNow | null;
}

/** Reads how far a run is. A `FormatError` where its record cannot be read, or names a stage outside of its folder. */
export async function readProgress(folder: string, files: RunFiles): Promise<RunProgress> {
  const writtenAt = Math.max(...files.writtenAt.values());
  if (!isCascadeRun(folder)) {
    const run = await RunFolder.open(folder).readRun();
    return { ...stateOf(folder, run), stage: null, ...courseOf(folder, run, files, ""), writtenAt };
  }
  const run = await readCascadeRun(folder);
  expectStagesWithin(folder, run);
  const number = Math.min(run.stages.length + 1, run.cascade);
  const name = stageFolder(number);
  const under = run.stages.length < number ? await stageRun(join(folder, name), files, name) : null;
  const course = under ? courseOf(folder, under, files, `${name}/`) : DONE;
  return {
    ...stateOf(folder, run),
    stage: { number, of: run.cascade },
    ...course,
    writtenAt,
    errors: course.errors?.isBound ? course.errors : (errorsOfStages(run) ?? course.errors),
  };
}

type EpochCourse = Pick<RunProgress, "epoch" | "epochs" | "endsAt" | "errors">;
const DONE: EpochCourse = { epoch: 0, epochs: 0, endsAt: null, errors: null };

function stateOf(folder: string, { status }: Pick<Run, "status">): Pick<RunProgress, "state" | "here"> {
  if (status !== "running") return { state: status, here: true };
  const holder = lockHolder(folder);
  return { state: holder?.alive ? "under way" : "killed", here: holder?.here ?? true };
}

/** `at` is where the run's files lie within the folder. */
function courseOf(folder: string, run: Run, { writtenAt }: RunFiles, at: string): EpochCourse {
  const { epochs: rows, config, evaluation } = run;
  const left = config.epochs - rows.length;
  const recorded = writtenAt.get(`${at}${RUN_FILES.run}`);
  const recent = rows.slice(-RECENT);
  const pace = recent.reduce((sum, { seconds }) => sum + seconds, 0) / recent.length;
  const tells = stateOf(folder, run).state === "under way" && left > 0 && recent.length > 0;
  return {
    epoch: rows.length,
    epochs: config.epochs,
    endsAt: tells && recorded !== undefined ? recorded + 1000 * pace * left : null,
    errors: evaluation
      ? {
          ...evaluation,
          of: `at the end, on ${plural(evaluation.examples, "test example")}`,
          isBound: true,
          stages: 1,
        }
      : errorsOfEpochs(rows),
  };
}

/** Those of the last epoch that was evaluated; where none was, of the last one's training. */
function errorsOfEpochs(rows: readonly EpochRow[]): ErrorsNow | null {
  const tested = rows.findLast(({ test }) => test !== null);
  if (tested?.test) {
    const { error, robustError, examples, stages = 1, heldOut } = tested.test;
    const on = plural(examples, heldOut ? "held-out example" : "test example");
    return { error, robustError, of: `epoch ${tested.epoch}, on ${on}`, isBound: true, stages };
  }
  const last = rows.at(-1);
  if (!last) return null;
  const { epoch, error, robustError } = last;
  return { error, robustError, of: `epoch ${epoch}, on its training examples`, isBound: false, stages: 1 };
}

function errorsOfStages({ stages }: CascadeRun): ErrorsNow | null {
  const last = stages.at(-1);
  if (!last) return null;
  const { error, robustError, examples } = last.evaluation;
  const of = `after stage ${stages.length}, on ${plural(examples, "test example")}`;
  return { error, robustError, of, isBound: true, stages: stages.length };
}

/** The stage under way; null where it has not begun, or cannot be read at the moment. */
async function stageRun(path: string, { writtenAt }: RunFiles, name: string): Promise<Run | null> {
  if (!writtenAt.has(`${name}/${RUN_FILES.run}`)) return null;
  try {
    return await RunFolder.open(path).readRun();
  } catch (error) {
    if (error instanceof AutodualError) return null;
    throw error;
  }
}

function expectStagesWithin(folder: string, { stages }: CascadeRun): void {
  for (const [i, stage] of stages.entries()) {
    if (stage.folder === stageFolder(i + 1)) continue;
    throw new FormatError(
      `${join(folder, RUN_FILES.run)}: stages: expected the folder ${stageFolder(i + 1)}, found ${JSON.stringify(stage.folder)}`,
    );
  }
}
