import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import * as z from "zod";
import { AutodualError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { LARGEST_TEXT, readFileOrExplain, readTextOrExplain } from "../formats/read-file.js";
import { writeFileAtomically } from "../formats/write-file.js";
import { aboutSchema } from "../threat/about.js";
import { guaranteeSchema } from "../threat/guarantee.js";
import { trainConfigSchema } from "./config.js";
import { roundingSchema } from "./rounding-schema.js";
import { RUN_FILES } from "./run-folder.js";
import { parseRunRecord } from "./run-record.js";

/** What the schema of every version begins with. */
const SCHEMAS = "autodual/cascade-run/";
const SCHEMA = `${SCHEMAS}1` as const;

/** A stage that is done, and what the cascade up to it is worth. */
const stageSchema = z.strictObject({
  /** Its run folder within the cascade's, or the model that was given. */
  folder: z.string(),
  trainedOn: z.int().positive().nullable(),
  /** Of training; null for a model that was given. */
  seconds: z.number().nullable(),
  evaluation: z.strictObject({
    examples: z.int().positive(),
    epsilon: z.number(),
    error: z.number(),
    robustError: z.number(),
    /** Whose answers the robust error is about; absent in runs of earlier versions. */
    about: aboutSchema.optional(),
    certified: z.number(),
    guarantee: guaranteeSchema,
    /** Absent in records of versions that did not count rounding. */
    bound: roundingSchema.optional(),
    seconds: z.number(),
  }),
});

/** `run.json` of a cascade: the configuration of its first stage, and the stages so far. */
export const cascadeRunSchema = z.strictObject({
  schema: z.literal(SCHEMA),
  status: z.enum(["running", "interrupted", "finished"]),
  config: trainConfigSchema,
  /** How many stages there are to be. */
  cascade: z.int().min(1),
  /** The model that is the first stage, if it was there already. */
  firstStage: z.string().nullable(),
  /**
   * Of the folder's copy of the model file that all stages begin with, hexadecimal. Absent where they begin with fresh
   * weights, and where a run of another version kept no copy.
   */
  startSha256: z.string().optional(),
  versions: z.record(z.string(), z.string()),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  seed: z.int(),
  /** The most that a process took that trained it, as far as it is known. */
  peakMemoryMB: z.number().optional(),
  stages: z.array(stageSchema),
});

/** What `run.json` of a cascade holds: the configuration of its first stage, and the stages so far. */
export interface CascadeRun extends z.infer<typeof cascadeRunSchema> {}
/** A stage that is done, and what the cascade up to it is worth. */
export type CascadeStageRow = CascadeRun["stages"][number];

/** The folder of a stage within its cascade's; stages are counted from 1. */
export function stageFolder(number: number): string {
  return `stage-${number}`;
}

/** Whether the run in a folder is a cascade's, of whatever version. */
export function isCascadeRun(folder: string): boolean {
  const path = join(folder, RUN_FILES.run);
  if (!existsSync(path)) return false;
  try {
    const { schema } = parseJson(readTextOrExplain(path), path, "not JSON") as { readonly schema?: unknown };
    return typeof schema === "string" && schema.startsWith(SCHEMAS);
  } catch {
    return false;
  }
}

export async function readCascadeRun(folder: string): Promise<CascadeRun> {
  const path = join(folder, RUN_FILES.run);
  return parseRunRecord(
    await readFileOrExplain(path, { largest: LARGEST_TEXT }),
    path,
    cascadeRunSchema,
    SCHEMA,
  );
}

/**
 * The folder of the cascade that a folder is a stage of, done or under way; null of any other. Where the cascade's own
 * record cannot be read, the folder's name alone decides.
 */
export async function cascadeOfStage(folder: string): Promise<string | null> {
  const cascade = join(folder, "..");
  const number = Number(/^stage-([1-9]\d*)$/.exec(basename(resolve(folder)))?.[1]);
  if (Number.isNaN(number) || !isCascadeRun(cascade)) return null;
  try {
    const { stages } = await readCascadeRun(cascade);
    return number <= stages.length + 1 ? cascade : null;
  } catch (error) {
    if (error instanceof AutodualError) return cascade;
    throw error;
  }
}

export async function writeCascadeRun(folder: string, run: CascadeRun): Promise<void> {
  await writeFileAtomically(join(folder, RUN_FILES.run), `${JSON.stringify(run, null, 2)}\n`);
}
