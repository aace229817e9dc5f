import { buildDual } from "../../dual/auto-dual.js";
import { robustLoss } from "./cross-entropy.js";
import { ballOf, type LossInputs, type LossOutcome } from "./robust-loss.js";

/**
 * The paper's loss (Section 2.1, equation 3): the mean cross-entropy of −J, where J are the margins' lower bounds by the
 * dual network over the ball (Theorem 1). With deterministic bounds no attack in the ball has a larger loss; with
 * projections it is an estimate of that.
 */
export async function dualLoss(inputs: LossInputs): Promise<LossOutcome> {
  const { tape, network, bindings, batch } = inputs;
  const dual = await buildDual(tape, network, bindings, ballOf(inputs), inputs.dual);
  const margins = dual.margins(batch.labels);
  return { loss: robustLoss(tape, margins, batch.labels), margins };
}
