import * as z from "zod";
import type { AttackedExample } from "../attack.js";
import type { PartRow } from "./part.js";
import { readRows } from "./read-rows.js";

const count = z.int().min(0);

const attackedSchema = z.object({
  index: count,
  label: count,
  prediction: z.int().min(-1),
  wrong: z.boolean(),
  fgsm: z.boolean(),
  pgd: z.boolean(),
  stage: count,
  switched: z.boolean().optional(),
});

/** What a part's attacks found. A `FormatError` that names the file for a row that is none. */
export function attackedOf(rows: readonly PartRow[], path: string): AttackedExample[] {
  return readRows(attackedSchema, rows, path).map(({ switched, ...row }) =>
    switched === undefined ? row : { ...row, switched },
  );
}
