import * as z from "zod";
import { guaranteeSchema } from "../../threat/guarantee.js";
import type { JudgedExample } from "../certification-summary.js";
import type { PartRow } from "./part.js";
import { readRows } from "./read-rows.js";

const count = z.int().min(0);
/** JSON has no NaN, which stands for a margin that is not known, and no infinity. */
const margin = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);

const judgedSchema = z.object({
  index: count,
  label: count,
  prediction: z.int().min(-1),
  certified: z.boolean(),
  stage: count,
  marginLower: z.array(margin).min(1),
  rung: z.string().nullable().optional(),
  guarantee: guaranteeSchema,
});

/** The verdicts that a part holds. A `FormatError` that names the file for one that is none. */
export function judgedOf(rows: readonly PartRow[], path: string): JudgedExample[] {
  return readRows(judgedSchema, rows, path).map(({ rung, ...row }) =>
    rung === undefined ? row : { ...row, rung },
  );
}
