import { join } from "node:path";
import type { Dtype } from "../../compute/backend.js";
import type { TrainConfig } from "../../train/config.js";
import { QUICK, rowConfig, type TableRow } from "./table-rows.js";

/** What computes, where it is said. */
export interface RowMachine {
  /** `auto`, or the name of a backend. */
  readonly backend: string;
  readonly dtype?: Dtype;
}

/** What `reproduce` was asked for of a table's rows. */
export interface RowSettings {
  /** Folder of results; the run lies below it. */
  readonly out: string;
  readonly quick: boolean;
  readonly dataDir: string | undefined;
  /** Absent: a begun run's own, 0 of a new one. */
  readonly seed: number | undefined;
  /** The most stages that are trained now; absent: all of the row. */
  readonly stages: number | undefined;
  /** A begun run keeps its own backend and precision. */
  readonly machine: RowMachine;
}

/** Where a row's run and its results lie. */
export function rowPaths(row: TableRow, { out, quick }: Pick<RowSettings, "out" | "quick">) {
  const name = quick ? `${row.id}-quick` : row.id;
  return { run: join(out, "runs", name), result: join(out, `${name}.json`) };
}

/** Stages that a row is to have when this command is done. */
export function wantedStages(row: TableRow, { quick, stages = row.cascade }: RowSettings): number {
  return Math.min(stages, row.cascade, quick ? QUICK.stages : row.cascade);
}

/** The configuration of a row's run on these data, as the row is defined now. */
export function configOfRow(
  row: TableRow,
  { quick }: RowSettings,
  subject: Pick<TrainConfig, "data" | "seed" | "backend" | "dtype">,
): TrainConfig {
  const config = rowConfig(row, { ...subject, model: row.model }, quick);
  return { ...config, testLimit: quick ? QUICK.testExamples : null };
}

/** Training examples of a row; null for all. */
export function trainLimit({ quick }: RowSettings): number | null {
  return quick ? QUICK.trainExamples : null;
}
