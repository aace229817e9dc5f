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

/**
 * The radii that a part holds, none above `most`, if that is given. A `FormatError` that names the file for a row that is none, or
 * that contradicts itself.
 */
export function radiiOf(rows: readonly PartRow[], path: string, most = Infinity): RadiusRow[] {
  const schema = radiusSchema
    .refine(({ radius }) => radius <= most, {
      error: `expected at most ${most}, the largest tried`,
      path: ["radius"],
    })
    .refine(({ radius, prediction }) => radius === 0 || prediction >= 0, {
      error: "expected 0 where there is no prediction",
      path: ["radius"],
    })
    .refine(({ radius, broken }) => broken === null || radius < broken, {
      error: "expected one above the certified radius",
      path: ["broken"],
    });
  return readRows(schema, rows, path);
}
