import type { ReadingOptions } from "../../data/reading.js";
import type { TrainingProjections } from "../../estimators/training.js";
import type { Figure } from "../../report/plot.js";
import type { OpenedBackend } from "../open-backend.js";
import type { Output } from "../output.js";
import type { TableContent } from "../table.js";

/** The flags of `reproduce`; each target takes those that it knows, with defaults of its own. */
export interface ReproduceFlags extends ReadingOptions {
  readonly model?: readonly string[];
  readonly data?: string;
  readonly dataDir?: string;
  readonly epsilon?: number;
  readonly projections?: readonly TrainingProjections[];
  readonly epochs?: number;
  readonly limit?: number;
  readonly testLimit?: number;
  readonly sketches?: number;
  readonly most?: number;
  readonly seed: number;
}

/** What a target found: its JSON, its picture where it has one, and a table for the terminal. */
export interface Reproduction {
  readonly record: Readonly<Record<string, unknown>>;
  readonly figure: Figure | null;
  readonly table: TableContent;
  readonly words: string;
}

/** A figure of the paper, or a table that nothing is trained for. `run` gives null if the signal aborts. */
export interface Target {
  readonly name: string;
  /** The flags that it takes, beside those of every target. */
  readonly flags: readonly (keyof ReproduceFlags)[];
  run(
    flags: ReproduceFlags,
    opened: OpenedBackend,
    output: Output,
    signal: AbortSignal,
  ): Promise<Reproduction | null>;
}
