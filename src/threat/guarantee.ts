/**
 * What bounds are worth: `exact` ones hold, in the paper's sense; with `probability` all of an example's hold together with
 * probability 1 − δ over the random numbers; an `estimate` may fail and certifies nothing.
 */
export type Guarantee = "exact" | "probability" | "estimate";

const WORTH: readonly Guarantee[] = ["estimate", "probability", "exact"];

/** What all of them are worth together. */
export function weakest(guarantees: readonly Guarantee[]): Guarantee {
  return WORTH.find((guarantee) => guarantees.includes(guarantee)) ?? "exact";
}
