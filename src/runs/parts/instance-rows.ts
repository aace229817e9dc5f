import * as z from "zod";
import type { InstanceRow } from "../verification-record.js";
import type { PartRow } from "./part.js";
import { readRows } from "./read-rows.js";

const named = z.object({ path: z.string(), sha256: z.string().nullable() });
const numbers = z.array(z.number()).min(1);

const rowSchema = z.object({
  index: z.int().min(0),
  model: named,
  spec: named,
  timeout: z.number(),
  answer: z.enum(["holds", "violated", "unknown", "error"]),
  counterexample: z.object({ input: numbers, output: numbers }).nullable(),
  error: z.string().optional(),
  seconds: z.number().min(0),
});

const instanceSchema = rowSchema
  .refine(({ answer, counterexample }) => (answer === "violated") === (counterexample !== null), {
    error: "expected one of what is violated, and of nothing else",
    path: ["counterexample"],
  })
  .refine(({ answer, error }) => (answer === "error") === (error !== undefined), {
    error: "expected one of what could not be answered, and of nothing else",
    path: ["error"],
  })
  .refine(({ answer, model, spec }) => !isAnswer(answer) || (model.sha256 !== null && spec.sha256 !== null), {
    error: "expected the checksums of the files that were read, found none",
    path: ["answer"],
  });

const isAnswer = (answer: z.infer<typeof rowSchema>["answer"]): boolean =>
  answer === "holds" || answer === "violated";

/** The answers that a part holds. A `FormatError` that names the file for a row that is none, or that contradicts itself. */
export function instancesOf(rows: readonly PartRow[], path: string): InstanceRow[] {
  return readRows(instanceSchema, rows, path).map(({ error, seconds, ...row }) => ({
    ...row,
    ...(error !== undefined && { error }),
    seconds,
  }));
}
