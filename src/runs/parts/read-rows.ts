import type * as z from "zod";
import { FormatError } from "../../errors.js";
import type { PartRow } from "./part.js";

/** Rows of a part as a schema has them. A `FormatError` that names the file and the item for one that is not so. */
export function readRows<S extends z.ZodType>(
  schema: S,
  rows: readonly PartRow[],
  path: string,
): z.infer<S>[] {
  return rows.map((row) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const [{ path: place, message }] = parsed.error.issues;
    throw new FormatError(
      `${path}: item ${row.index}: ${place.join(".")}: ${message}; the file is damaged or was changed`,
    );
  });
}
