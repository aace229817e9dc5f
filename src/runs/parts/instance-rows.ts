import * as z from "zod";
import type { InstanceRow } from "../verification-record.js";
import type { PartRow } from "./part.js";
import { readRows } from "./read-rows.js";

const named = z.object({ path: z.string(), sha256: z.string().nullable() });
const numbers = z.array(z.number());

const instanceSchema = z.object({
  index: z.int().min(0),
  model: named,
  spec: named,
  timeout: z.number(),
  answer: z.enum(["holds", "violated", "unknown", "error"]),
  counterexample: z.object({ input: numbers, output: numbers }).nullable(),
  error: z.string().optional(),
  seconds: z.number().min(0),
});

/** The answers that a part holds. A `FormatError` that names the file for a row that is none. */
export function instancesOf(rows: readonly PartRow[], path: string): InstanceRow[] {
  return readRows(instanceSchema, rows, path).map(({ error, seconds, ...row }) => ({
    ...row,
    ...(error !== undefined && { error }),
    seconds,
  }));
}
