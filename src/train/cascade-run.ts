import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { FormatError } from "../errors.js";
import { readFileOrExplain, writeFileAtomically } from "../formats/write-file.js";
import { trainConfigSchema } from "./config.js";
import { RUN_FILES } from "./run-folder.js";

const SCHEMA = "autodual/cascade-run/1";

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
    certified: z.number(),
    guarantee: z.enum(["exact", "probability", "estimate"]),
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
  versions: z.record(z.string(), z.string()),
  machine: z.record(z.string(), z.union([z.string(), z.number()])),
  seed: z.int(),
  stages: z.array(stageSchema),
});

export type CascadeRun = z.infer<typeof cascadeRunSchema>;
export type CascadeStageRow = CascadeRun["stages"][number];

/** Whether the run in a folder is a cascade's. */
export function isCascadeRun(folder: string): boolean {
  const path = join(folder, RUN_FILES.run);
  if (!existsSync(path)) return false;
  try {
    return JSON.parse(readFileSync(path, "utf8")).schema === SCHEMA;
  } catch {
    return false;
  }
}

export async function readCascadeRun(folder: string): Promise<CascadeRun> {
  const path = join(folder, RUN_FILES.run);
  const parsed = cascadeRunSchema.safeParse(
    JSON.parse(new TextDecoder().decode(await readFileOrExplain(path))),
  );
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${path}: ${issue.path.join(".") || "run"}: ${issue.message}; was it written by this version?`,
  );
}

export async function writeCascadeRun(folder: string, run: CascadeRun): Promise<void> {
  await writeFileAtomically(join(folder, RUN_FILES.run), `${JSON.stringify(run, null, 2)}\n`);
}
