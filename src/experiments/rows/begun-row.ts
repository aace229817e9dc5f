import { join } from "node:path";
import { UsageError } from "../../errors.js";
import { type CascadeRun, isCascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import { RUN_FILES } from "../../train/run-folder.js";
import { configOfRow, type RowSettings, rowPaths, trainLimit, wantedStages } from "./row-settings.js";
import type { TableRow } from "./table-rows.js";

/**
 * The run of a row that was begun, with the stages that it is to have now; null where none was. A `UsageError` where its
 * result would not be what is asked for: flags say another seed, backend or precision, the row is defined otherwise than
 * when the run began, or more stages are trained than are wanted.
 */
export async function begunRow(row: TableRow, settings: RowSettings): Promise<CascadeRun | null> {
  const { run: folder } = rowPaths(row, settings);
  if (!isCascadeRun(folder)) return null;
  const run = await readCascadeRun(folder);
  checkFlags(row, run, settings);
  checkDefinition(row, run, settings);
  checkStages(row, run, settings);
  return goingOn(run, wantedStages(row, settings));
}

function checkFlags(row: TableRow, { config }: CascadeRun, settings: RowSettings): void {
  const { backend, dtype } = settings.machine;
  const given: readonly (readonly [
    flag: string,
    value: string | number | undefined,
    own: string | number,
  ])[] = [
    ["--seed", settings.seed, config.seed],
    ["--dtype", dtype, config.dtype],
    ["--backend", backend === "auto" ? undefined : backend, config.backend],
  ];
  const other = given.find(([, value, own]) => value !== undefined && value !== own);
  if (!other) return;
  const [flag, found, expected] = other;
  const { run } = rowPaths(row, settings);
  throw new UsageError(
    `${flag}: expected ${expected}, by which row ${row.id} was begun (${recordOf(run)}), found ${found}; ` +
      `give the same flags, or another --out, or remove the run folder ${run}`,
  );
}

function checkDefinition(row: TableRow, { config }: CascadeRun, settings: RowSettings): void {
  const { data, seed, backend, dtype, evaluation } = config;
  // Whether the examples are the same is found out when they are read.
  const named = { ...data, name: row.data, limit: trainLimit(settings), listed: false };
  const now = configOfRow(row, settings, { data: named, seed, backend, dtype });
  // Which epochs are looked at on the way changes no weight.
  const difference = firstDifference({ ...now, evaluation }, config);
  if (difference) throw redefined(row, settings, difference);
}

function checkStages(row: TableRow, { stages }: CascadeRun, settings: RowSettings): void {
  const [wanted, trained] = [wantedStages(row, settings), stages.length];
  if (trained <= wanted) return;
  if (wanted !== settings.stages) {
    throw redefined(row, settings, { at: "stages", expected: `at most ${wanted}`, found: String(trained) });
  }
  throw new UsageError(
    `--stages: expected at least ${trained}, as so many of row ${row.id} are trained ` +
      `(${recordOf(rowPaths(row, settings).run)}) and none is thrown away, found ${wanted}`,
  );
}

/** The run on its way to so many stages. One that ended as no example remained is done, whatever is asked. */
function goingOn(run: CascadeRun, stages: number): CascadeRun {
  const { status, cascade } = run;
  if (status === "finished" && run.stages.length < cascade) return run;
  return { ...run, cascade: stages, status: run.stages.length < stages ? "running" : status };
}

interface Difference {
  /** Such as `learningRate.rate`. */
  readonly at: string;
  readonly expected: string;
  readonly found: string;
}

function redefined(row: TableRow, settings: RowSettings, { at, expected, found }: Difference): UsageError {
  const { run } = rowPaths(row, settings);
  return new UsageError(
    `${recordOf(run)}: ${at}: expected ${expected}, as row ${row.id} is defined now, found ${found}; ` +
      `give another --out, or remove the run folder ${run}`,
  );
}

function recordOf(folder: string): string {
  return join(folder, RUN_FILES.run);
}

/** The first value that differs, in parts of records as well; null if none does. */
function firstDifference(expected: unknown, found: unknown, at: readonly string[] = []): Difference | null {
  if (isRecord(expected) && isRecord(found)) {
    for (const key of Object.keys({ ...expected, ...found })) {
      const difference = firstDifference(expected[key], found[key], [...at, key]);
      if (difference) return difference;
    }
    return null;
  }
  const [own, other] = [expected, found].map((value) => JSON.stringify(value) ?? "nothing");
  return own === other ? null : { at: at.join("."), expected: own, found: other };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
