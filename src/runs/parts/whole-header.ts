import * as z from "zod";
import { FormatError } from "../../errors.js";
import { aboutSchema } from "../../threat/about.js";
import { EVALUATIONS } from "../../threat/evaluation.js";
import type { JoinedParts } from "./join-parts.js";

const counted = z.looseObject({ count: z.int().min(0) });
const rounded = {
  evaluation: z.enum(EVALUATIONS).nullable(),
  rounding: z.enum(["outward", "none"]),
};
const countsRounding = ({ evaluation, rounding }: z.infer<z.ZodObject<typeof rounded>>): boolean =>
  (rounding === "outward") === (evaluation !== null);
const ROUNDING = {
  error: "expected outward rounding with an evaluation and none without",
  path: ["rounding"],
};

const certification = z.looseObject({
  schema: z.literal("autodual/certification/1"),
  data: counted,
  about: aboutSchema,
  bound: z
    .looseObject({
      ...rounded,
      method: z.string(),
      secondsEach: z.number().optional(),
      delta: z.number().gt(0).lt(1).nullable(),
    })
    .refine(countsRounding, ROUNDING),
});
const attack = z.looseObject({
  schema: z.literal("autodual/attack/1"),
  data: counted,
  model: z.looseObject({ stages: z.int().min(1) }),
});
const radius = z.looseObject({
  schema: z.literal("autodual/radius/1"),
  data: counted,
  most: z.number().positive(),
  tolerance: z.number().positive(),
  bound: z
    .looseObject({ ...rounded, method: z.string(), guarantee: z.literal("deterministic") })
    .refine(countsRounding, ROUNDING),
});
const verifications = z.looseObject({
  schema: z.literal("autodual/verifications/1"),
  list: counted.extend({ path: z.string(), sha256: z.string() }),
});

/** What the header of a part's figures must have for them to be put together, by command. */
const HEADERS = { certify: certification, attack, radius, verify: verifications } as const;

/**
 * The header that all parts have in common, of as many items as they are about. A `FormatError` that names `path`, and the
 * place in the header.
 */
export function wholeHeader<C extends keyof typeof HEADERS>(
  command: C,
  { same, total }: Pick<JoinedParts, "same" | "total">,
  path: string,
): z.infer<(typeof HEADERS)[C]> {
  const parsed = HEADERS[command].safeParse(same.record);
  if (!parsed.success) {
    const [{ path: place, message }] = parsed.error.issues;
    throw new FormatError(
      `${path}: record.${place.join(".")}: ${message}; the file is damaged or was changed`,
    );
  }
  const [named, { count }] =
    "list" in parsed.data ? ["list", parsed.data.list as { count: number }] : ["data", parsed.data.data];
  if (count !== total) {
    throw new FormatError(
      `${path}: record.${named}.count: expected that of the parts' items, ${total}, found ${count}; the file is damaged or was changed`,
    );
  }
  return parsed.data as z.infer<(typeof HEADERS)[C]>;
}
