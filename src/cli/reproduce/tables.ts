import { join } from "node:path";
import type { BackendName } from "../../compute/index.js";
import { UsageError } from "../../errors.js";
import { begunRow } from "../../experiments/rows/begun-row.js";
import { type RowResult, readRowResult } from "../../experiments/rows/row-result.js";
import { type RowSettings, rowPaths, wantedStages } from "../../experiments/rows/row-settings.js";
import { reproduceRow } from "../../experiments/rows/table-row.js";
import { TABLE_ROWS, type TableName, type TableRow } from "../../experiments/rows/table-rows.js";
import { REPORT_FILE } from "../../runs/measured-files.js";
import type { CascadeRun } from "../../train/cascade-run.js";
import type { MachineFlags } from "../common-options.js";
import type { Interruption } from "../interruption.js";
import { openBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import type { TableContent } from "../table.js";
import { TerminalObserver } from "../terminal-observer.js";
import { formatPercent } from "../wording.js";

/** What `reproduce` was asked for of a table's rows, and what computes them. */
export interface TableSettings extends RowSettings {
  readonly machine: MachineFlags;
}

/** What computes a row: the backend and precision of the run that was begun, else those that were asked for. */
function machineOfRow(begun: CascadeRun | null, { machine }: TableSettings): MachineFlags {
  if (!begun) return machine;
  const { backend, dtype } = begun.config;
  return { ...machine, backend: backend as BackendName, dtype };
}

/** The rows named, of one table; all of them for `all`. A `UsageError` for a row that is not in it. */
export function rowsOf(table: TableName, ids: readonly string[]): readonly TableRow[] {
  const own = TABLE_ROWS.filter((row) => row.table === table);
  const unknown = ids.find((id) => id !== "all" && !own.some((row) => row.id === id));
  if (unknown !== undefined) {
    throw new UsageError(
      `--rows: expected all or rows of ${table}: ${own.map(({ id }) => id).join(", ")}, found ${JSON.stringify(unknown)}`,
    );
  }
  return ids.includes("all") ? own : own.filter(({ id }) => ids.includes(id));
}

/**
 * Trains and measures rows one after the other, each resumable, and prints the table as far as it is known. Gives what
 * `--json` writes, or null if the signal aborts. A `UsageError` before any row is trained if one of them cannot go on as
 * the settings have it.
 */
export async function reproduceTable(
  table: TableName,
  ids: readonly string[],
  settings: TableSettings,
  output: Output,
  interruption: Interruption,
): Promise<Readonly<Record<string, unknown>> | null> {
  const rows = rowsOf(table, ids);
  for (const row of rows) await begunRow(row, settings);
  for (const row of rows) {
    output.print(`row ${row.id}; run folder ${rowPaths(row, settings).run}`);
    if (!(await runRow(row, settings, output, interruption))) return null;
    output.print(`wrote ${rowPaths(row, settings).result}`);
  }
  const all = TABLE_ROWS.filter((row) => row.table === table);
  const results = all.map((row) => ({ row, result: readRowResult(rowPaths(row, settings).result) }));
  const { head, rows: lines } = resultsTable(results);
  output.table(head, lines);
  const unfinished = results.flatMap(({ row, result }) => {
    const [wanted, trained] = [wantedStages(row, { ...settings, stages: undefined }), result?.stages.length];
    return trained === undefined || trained >= wanted ? [] : [`${row.id}: ${trained} of ${wanted} stages.`];
  });
  output.prose(
    [
      "Errors on the test examples at hand, in per cent; robust errors are upper bounds by deterministic bounds, PGD errors lower",
      "ones. Of a cascade they are about the stage that answers an example, as in the paper, and not about its own",
      "answers, as a changed input may go to another stage. Beside them the paper's figures, where they are at hand.",
      ...unfinished,
      ...(settings.quick ? ["Short runs (--quick): their figures say nothing about the paper's."] : []),
    ].join(" "),
  );
  return {
    schema: "autodual/reproduction/1",
    target: table,
    quick: settings.quick,
    rows: results.map(({ row, result }) => result ?? { row: row.id, status: "not run", paper: row.paper }),
  };
}

/** Null if the signal aborts. */
async function runRow(
  row: TableRow,
  settings: TableSettings,
  output: Output,
  interruption: Interruption,
): Promise<RowResult | null> {
  const begun = await begunRow(row, settings);
  const { backend, description } = await openBackend(machineOfRow(begun, settings));
  output.print(description);
  try {
    const watch = { observer: new TerminalObserver(output), signal: interruption.signal };
    const result = await interruption.unlessStopped(() => reproduceRow(row, begun, settings, backend, watch));
    if (result) output.print(`report ${join(rowPaths(row, settings).run, REPORT_FILE)}`);
    return result;
  } finally {
    backend.dispose();
  }
}

/** Errors in per cent, which the words below the table say: the signs would leave a row's name no room. */
export function resultsTable(
  results: readonly { readonly row: TableRow; readonly result: RowResult | null }[],
): TableContent {
  const percent = (fraction: number, bound?: "upper") => formatPercent(fraction, bound).replace(" %", "");
  const paper = (figure: number | undefined) => (figure === undefined ? "" : String(figure));
  return {
    head: ["row", "error", "PGD", "robust", "paper", "cascade", "paper"],
    rows: results.map(({ row, result }) => [
      row.id,
      result ? percent(result.single.error) : "not run",
      result ? percent(result.single.pgdError) : "",
      result ? percent(result.single.robustError, "upper") : "",
      paper(row.paper.single?.robustError),
      result?.cascade ? percent(result.cascade.robustError, "upper") : "",
      paper(row.paper.cascade?.robustError),
    ]),
  };
}
