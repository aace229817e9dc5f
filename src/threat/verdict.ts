import type { Guarantee } from "./guarantee.js";
import { isProof } from "./proof.js";

/** What is known of one example when it is judged. */
export interface Evidence {
  /** What its bounds are worth. */
  readonly guarantee: Guarantee;
  /** The model's answer, a negative number where it has none. */
  readonly prediction: number;
  /** The class whose margins are bounded. */
  readonly reference: number;
  /** Lower bounds of z_reference − z_j over the threat model, by class j; that of the reference itself does not count. */
  readonly marginLower: readonly (number | null)[];
}

/** Whether every other class's margin is proved to be above 0 (Corollary 1). A margin that is no number proves nothing. */
export function provesAllMargins({
  reference,
  marginLower,
}: Pick<Evidence, "reference" | "marginLower">): boolean {
  return marginLower.every((margin, j) => j === reference || (margin !== null && isProof(margin)));
}

/**
 * The verdict rule: an example is certified if the model's answer is the reference class and every other class's margin is
 * proved. What is estimated certifies nothing.
 */
export function isCertified(evidence: Evidence): boolean {
  const { guarantee, prediction, reference } = evidence;
  return guarantee !== "estimate" && prediction === reference && provesAllMargins(evidence);
}
