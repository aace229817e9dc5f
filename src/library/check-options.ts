import * as z from "zod";
import { DATA_LAYOUTS } from "../data/reading.js";
import { BOUND_METHODS } from "../dual/dual-options.js";
import { kindOf, UsageError } from "../errors.js";
import { NORMS } from "../threat/ball.js";
import { EVALUATIONS } from "../threat/evaluation.js";

/** Whether a value has named entries. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

const numbers = z.custom<ArrayLike<number>>(
  (value) => isRecord(value) && typeof value.length === "number",
  "expected a list of numbers",
);

/** ε: one number for all, one for each example, or one for each input feature. */
const epsilon = z.union(
  [z.number().min(0), z.strictObject({ perExample: numbers }), z.strictObject({ perFeature: numbers })],
  "expected a number of at least 0, { perExample: [...] } or { perFeature: [...] }",
);

/** A box: one for all input features, or bounds for each. */
const box = z.union(
  [z.tuple([z.number(), z.number()]), z.strictObject({ lower: numbers, upper: numbers })],
  "expected [lower, upper] or { lower: [...], upper: [...] }",
);

function isFunctionOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === "function";
}

const text = z.string().min(1);
const positive = z.int().min(1);

/** Entries that several calls have in common. */
export const COMMON = {
  norm: z.enum(NORMS).optional(),
  box: box.nullable().optional(),
  bound: z.enum(BOUND_METHODS).optional(),
  evaluation: z.enum(EVALUATIONS).optional(),
  limit: positive.optional(),
  split: z.enum(["train", "test"]).optional(),
  dataDir: text.optional(),
  layout: z.enum(DATA_LAYOUTS).optional(),
  label: text.optional(),
  batch: positive.optional(),
  seed: z.int().min(0).optional(),
  memory: z.number().positive().optional(),
  backend: z
    .custom<unknown>(
      (value) => typeof value === "string" || (isRecord(value) && typeof value.upload === "function"),
      "expected the name of a backend or what createBackend gave",
    )
    .optional(),
  dtype: z.enum(["float32", "float64"]).optional(),
  threads: positive.optional(),
  signal: z.custom<unknown>((value) => value instanceof AbortSignal, "expected an AbortSignal").optional(),
  observer: z
    .custom<unknown>(
      (value) => isRecord(value) && [value.begin, value.tell].every(isFunctionOrAbsent),
      "expected an object with the functions begin and tell, or one of them",
    )
    .optional(),
} as const;

export { epsilon as EPSILON, numbers as NUMBERS, positive as POSITIVE, text as TEXT };

/**
 * Throws a `UsageError` that names the call, the entry and what was expected unless the options are as the schema has them:
 * the types say so in TypeScript, and nothing does in plain JavaScript.
 */
export function checkOptions(call: string, options: unknown, shape: z.ZodRawShape): void {
  const parsed = z.strictObject(shape).safeParse(options);
  if (parsed.success) return;
  const [issue] = parsed.error.issues;
  const at = issue.path.join(".") || "options";
  const value = issue.path.reduce<unknown>(
    (at, key) => (isRecord(at) ? at[key as string] : undefined),
    options,
  );
  const found =
    issue.code === "unrecognized_keys" || issue.path.length === 0 ? "" : `, found ${kindOf(value)}`;
  throw new UsageError(`${call}: ${at}: ${issue.message}${found}`);
}
