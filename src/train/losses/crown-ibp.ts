import { IntervalNetwork } from "../../dual/interval-network.js";
import { robustLoss } from "./cross-entropy.js";
import { regularized } from "./interval-regularizer.js";
import { ballOf, type LossInputs, type LossOutcome } from "./robust-loss.js";

/**
 * CROWN-IBP (Zhang et al. 2019): interval bounds of what activations read, and one dual pass for the margins between lines of two
 * slopes, or the paper's, over them. Throws a `UsageError` for balls of another norm than ℓ∞.
 */
export async function crownIbpLoss(inputs: LossInputs): Promise<LossOutcome> {
  const { tape, network, bindings, batch, dual } = inputs;
  const intervals = IntervalNetwork.over(tape, network, bindings, ballOf(inputs));
  const margins = intervals.margins(batch.labels, dual?.method ?? "adaptive");
  const loss = robustLoss(tape, margins, batch.labels);
  return { loss: await regularized(inputs, loss, intervals), margins };
}
