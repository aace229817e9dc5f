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

/** What all of them are worth together. */
export function weakest(guarantees: readonly Guarantee[]): Guarantee {
  return GUARANTEES.find((guarantee) => guarantees.includes(guarantee)) ?? "deterministic";
}
