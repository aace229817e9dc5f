import * as z from "zod";

/** Every `Guarantee`, the weakest first. */
const GUARANTEES = ["estimate", "probability", "deterministic"] as const satisfies readonly Guarantee[];

/**
 * What bounds are worth: `deterministic` ones hold whatever random numbers were drawn, as none entered; with `probability` all of
 * an example's hold together with probability 1 − δ over the random numbers; an `estimate` may fail and certifies nothing.
 */
export type Guarantee = "estimate" | "probability" | "deterministic";

/** As files have it. Those of earlier versions called deterministic bounds exact. */
export const guaranteeSchema = z.preprocess(
  (word) => (word === "exact" ? "deterministic" : word),
  z.enum(GUARANTEES),
);

/** How many examples have bounds of which worth, where these differ: an estimator is not asked where nothing is open. */
export type GuaranteeMix = Readonly<Partial<Record<Guarantee, number>>>;

/** The mix of examples' guarantees; null where all are alike. */
export function mixOf(guarantees: readonly Guarantee[]): GuaranteeMix | null {
  const kinds = GUARANTEES.filter((kind) => guarantees.includes(kind));
  if (kinds.length < 2) return null;
  const count = (kind: Guarantee) => guarantees.filter((guarantee) => guarantee === kind).length;
  return Object.fromEntries(kinds.map((kind) => [kind, count(kind)]));
}

/** What the bounds of those examples of a mix are worth that are not estimates. */
export function worthBesideEstimates(mix: GuaranteeMix): Guarantee {
  return mix.probability ? "probability" : "deterministic";
}

export const mixSchema: z.ZodType<GuaranteeMix> = z.partialRecord(z.enum(GUARANTEES), z.int().positive());

/** What all of them are worth together. */
export function weakest(guarantees: readonly Guarantee[]): Guarantee {
  return GUARANTEES.find((guarantee) => guarantees.includes(guarantee)) ?? "deterministic";
}
