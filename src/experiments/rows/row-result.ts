import { existsSync } from "node:fs";
import * as z from "zod";
import { FormatError } from "../../errors.js";
import { parseJson } from "../../formats/json-text.js";
import { readTextOrExplain } from "../../formats/read-file.js";
import { aboutSchema } from "../../threat/about.js";
import { trainConfigSchema } from "../../train/config.js";

/** Fractions of all test examples at hand, bounds deterministic. */
const errorsSchema = z.strictObject({
  error: z.number(),
  /** Under PGD, a lower bound of the error under any attack on the stage that answers. */
  pgdError: z.number(),
  /** An upper bound of the same. */
  robustError: z.number(),
  /** Whose answers both are about; absent in results of earlier versions. */
  about: aboutSchema.optional(),
  certified: z.number(),
  /** Of a cascade, where it was measured: of its own answers, misled into another stage's; a lower bound. */
  switchingError: z.number().optional(),
  /** Where several ways were tried, how many examples each proved first. */
  rungs: z.record(z.string(), z.int()).optional(),
});

export type RowErrors = z.infer<typeof errorsSchema>;

const paperSchema = z.strictObject({ robustError: z.number().optional(), error: z.number().optional() });

/** What was measured for one row of a table. */
export const rowResultSchema = z.strictObject({
  schema: z.literal("autodual/reproduction/1"),
  target: z.string(),
  row: z.string(),
  quick: z.boolean(),
  config: trainConfigSchema,
  /** In per cent. */
  paper: z.strictObject({ single: paperSchema.optional(), cascade: paperSchema.optional() }),
  examples: z.strictObject({ train: z.int(), test: z.int() }),
  single: errorsSchema,
  cascade: errorsSchema.nullable(),
  /** The cascade up to each stage. */
  stages: z.array(
    z.strictObject({
      trainedOn: z.int().nullable(),
      seconds: z.number().nullable(),
      error: z.number(),
      robustError: z.number(),
    }),
  ),
  /** Of training, all stages. */
  hours: z.number(),
  /** Of the first stage. */
  secondsAnEpoch: z.number().nullable(),
  /** The most that a process took that trained or measured the row. */
  peakMemoryMB: z.number(),
  /** Of the training that was first measured. */
  threads: z.int(),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  versions: z.record(z.string(), z.string()),
});

export type RowResult = z.infer<typeof rowResultSchema>;

/** The result in a file; null where there is none. A `FormatError` for a file that is something else. */
export function readRowResult(path: string): RowResult | null {
  if (!existsSync(path)) return null;
  try {
    return rowResultSchema.parse(parseJson(readTextOrExplain(path), path, "not JSON"));
  } catch {
    throw new FormatError(`${path}: expected the result of a table's row, found something else; remove it`);
  }
}
