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

/** Of a model, or of a cascade, whose own answers are attacked as well. */
const schemaOf = (isCascade: boolean) =>
  attackedSchema
    .refine(({ wrong, label, prediction }) => wrong === (prediction !== label), {
      error: "expected true where the prediction is not the label, and false where it is",
      path: ["wrong"],
    })
    .refine(({ wrong, fgsm }) => fgsm || !wrong, { error: "expected true of a wrong answer", path: ["fgsm"] })
    .refine(({ fgsm, pgd }) => pgd || !fgsm, { error: "expected true of what FGSM misled", path: ["pgd"] })
    .refine(({ switched }) => (switched !== undefined) === isCascade, {
      error: isCascade ? "expected a boolean of a cascade, found none" : "expected none of a single model",
      path: ["switched"],
    });

/**
 * What a part's attacks found on a model of so many stages. A `FormatError` that names the file for a row that is none, or that
 * contradicts itself.
 */
export function attackedOf(rows: readonly PartRow[], path: string, stages: number): AttackedExample[] {
  return readRows(schemaOf(stages > 1), rows, path).map(({ switched, ...row }) =>
    switched === undefined ? row : { ...row, switched },
  );
}
