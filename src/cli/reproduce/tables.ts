import { UsageError } from "../../errors.js";
import { TABLE_ROWS, type TableName, type TableRow } from "../../experiments/table-rows.js";
import type { Interruption } from "../interruption.js";
import type { OpenedBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import { formatTable } from "../table.js";
import { formatPercent, wrap } from "../wording.js";
import { type RowResult, readRowResult } from "./row-result.js";
import { type RowSettings, reproduceRow, rowPaths } from "./table-row.js";

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
 * `--json` writes, or null if the signal aborts.
 */
export async function reproduceTable(
  table: TableName,
  ids: readonly string[],
  settings: RowSettings,
  { backend }: OpenedBackend,
  output: Output,
  interruption: Interruption,
): Promise<Readonly<Record<string, unknown>> | null> {
  for (const row of rowsOf(table, ids)) {
    output.print(`row ${row.id}; run folder ${rowPaths(row, settings).run}`);
    const result = await reproduceRow(row, settings, backend, output, interruption);
    if (!result) return null;
    output.print(`wrote ${rowPaths(row, settings).result}`);
  }
  const all = TABLE_ROWS.filter((row) => row.table === table);
  const results = all.map((row) => ({ row, result: readRowResult(rowPaths(row, settings).result) }));
  output.print(resultsTable(results));
  output.print(
    wrap(
      "Errors on the test examples at hand; robust errors are upper bounds by exact bounds, PGD errors lower ones. " +
        "Beside them the paper's figures, where they are at hand." +
        (settings.quick ? " Short runs (--quick): their figures say nothing about the paper's." : ""),
    ),
  );
  return {
    schema: "autodual/reproduction/1",
    target: table,
    quick: settings.quick,
    rows: results.map(({ row, result }) => result ?? { row: row.id, status: "not run", paper: row.paper }),
  };
}

/** `not run` where there is no result. */
export function resultsTable(
  results: readonly { readonly row: TableRow; readonly result: RowResult | null }[],
): string {
  const paper = (percent: number | undefined) => (percent === undefined ? "" : `${percent} %`);
  return formatTable(
    ["row", "error", "PGD", "robust", "paper", "cascade", "paper"],
    results.map(({ row, result }) => [
      row.id,
      result ? formatPercent(result.single.error) : "not run",
      result ? formatPercent(result.single.pgdError) : "",
      result ? formatPercent(result.single.robustError, "upper") : "",
      paper(row.paper.single?.robustError),
      result?.cascade ? formatPercent(result.cascade.robustError, "upper") : "",
      paper(row.paper.cascade?.robustError),
    ]),
  );
}
