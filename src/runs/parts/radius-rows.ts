import * as z from "zod";
import type { RadiusRow } from "../radius-record.js";
import type { PartRow } from "./part.js";
import { readRows } from "./read-rows.js";

const radiusSchema = z.object({
  index: z.int().min(0),
  label: z.int().min(0),
  prediction: z.int().min(-1),
  radius: z.number().min(0),
  broken: z.number().nullable(),
});

/** The radii that a part holds. A `FormatError` that names the file for a row that is none. */
export function radiiOf(rows: readonly PartRow[], path: string): RadiusRow[] {
  return readRows(radiusSchema, rows, path);
}
