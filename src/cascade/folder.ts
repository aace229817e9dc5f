import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, normalize } from "node:path";
import * as z from "zod";
import { BOUND_METHODS } from "../dual/dual-options.js";
import { FormatError, UsageError } from "../errors.js";
import { parseJson } from "../formats/json-text.js";
import { type LoadedModel, loadModelFile, sha256Of } from "../formats/model-file.js";
import { LARGEST_TEXT, readFileOrExplain } from "../formats/read-file.js";
import { writeFileAtomically } from "../formats/write-file.js";
import { formatShape, sameShape } from "../network/shape.js";

/** The file that makes a folder a cascade. */
export const CASCADE_FILE = "cascade.json";

/** More are never trained; each is read. */
export const MOST_STAGES = 100;

/** `cascade.json`: the stages in order, each a model file within the folder, and the ball that they were trained for. */
export const cascadeSchema = z.strictObject({
  schema: z.literal("autodual/cascade/1"),
  norm: z.enum(["linf", "l2", "l1"]),
  epsilon: z.number().min(0),
  box: z.tuple([z.number(), z.number()]).nullable(),
  bound: z.enum(BOUND_METHODS),
  stages: z
    .array(
      z.strictObject({
        /** Relative to the folder, with forward slashes. */
        model: z.string().regex(/^[^/\\].*\.(safetensors|onnx)$/),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        /** How many examples it was trained on. */
        trainedOn: z.int().positive().nullable(),
      }),
    )
    .min(1)
    .max(MOST_STAGES),
});

export type CascadeRecord = z.infer<typeof cascadeSchema>;

/** One model, or the stages of a cascade in order. */
export interface LoadedCascade {
  /** The file or folder that it was read from. */
  readonly path: string;
  /** Of a single model its file's; of several, that of their hashes one after the other. */
  readonly sha256: string;
  /** At least one; all take inputs of one shape and know the same classes. */
  readonly stages: readonly LoadedModel[];
}

export function isCascadeFolder(path: string): boolean {
  return existsSync(join(path, CASCADE_FILE));
}

/**
 * Several models as one cascade. Throws a `UsageError` if there is none, a `FormatError` unless all take the same inputs
 * and know the same classes.
 */
export function cascadeOf(path: string, stages: readonly LoadedModel[]): LoadedCascade {
  const [first, ...others] = stages;
  if (first === undefined) throw new UsageError(`${path}: expected at least one stage, found none`);
  for (const { network, path: where } of others) {
    const [input, expected] = [network.inputShape, first.network.inputShape];
    if (!sameShape(input, expected) || network.classes !== first.network.classes) {
      throw new FormatError(
        `${where}: expected a stage for inputs of ${formatShape(expected)} and ${first.network.classes} classes, as ` +
          `${first.path}, found ${formatShape(input)} and ${network.classes}`,
      );
    }
  }
  return { path, sha256: cascadeHash({ stages }), stages };
}

/** What a certificate names a cascade by: of a single stage its own hash, else that of all hashes in order. */
export function cascadeHash({ stages }: { readonly stages: readonly { readonly sha256: string }[] }): string {
  if (stages.length === 1) return stages[0].sha256;
  const hash = createHash("sha256");
  for (const { sha256 } of stages) hash.update(Buffer.from(sha256, "hex"));
  return hash.digest("hex");
}

/** Reads a cascade's record; a `FormatError` that names the file and what is wrong with it. */
export async function readCascade(folder: string): Promise<CascadeRecord> {
  const path = join(folder, CASCADE_FILE);
  const text = new TextDecoder().decode(await readFileOrExplain(path, { largest: LARGEST_TEXT }));
  const json = parseJson(text, path, "not readable as JSON; the cascade's folder is damaged");
  const parsed = cascadeSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new FormatError(
      `${path}: ${issue.path.join(".") || "cascade"}: ${issue.message}; was it written by this version?`,
    );
  }
  const outside = parsed.data.stages.find(({ model }) => normalize(model).startsWith(".."));
  if (outside) throw new FormatError(`${path}: expected stages within the folder, found ${outside.model}`);
  return parsed.data;
}

/** The hash of the stages as their files are now, whatever the record says of them. A `FormatError` for one that cannot be read. */
export async function hashOfStages(folder: string): Promise<string> {
  const { stages } = await readCascade(folder);
  const found: { readonly sha256: string }[] = [];
  for (const { model } of stages) {
    found.push({ sha256: sha256Of(await readFileOrExplain(join(folder, model))) });
  }
  return cascadeHash({ stages: found });
}

export async function writeCascade(folder: string, record: CascadeRecord): Promise<void> {
  await writeFileAtomically(join(folder, CASCADE_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/** Loads all stages. A `FormatError` if one is missing, damaged, or not the file that the record was made of. */
export async function loadCascade(folder: string): Promise<LoadedCascade> {
  const record = await readCascade(folder);
  const stages: LoadedModel[] = [];
  for (const { model, sha256 } of record.stages) {
    const loaded = await loadModelFile(join(folder, model));
    if (loaded.sha256 !== sha256) {
      throw new FormatError(
        `${loaded.path}: expected the stage that ${CASCADE_FILE} names, sha256 ${sha256}, found ${loaded.sha256}`,
      );
    }
    stages.push(loaded);
  }
  return cascadeOf(folder, stages);
}
