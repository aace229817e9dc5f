import { IntervalNetwork } from "../../dual/interval-network.js";
import { robustLoss } from "./cross-entropy.js";
import { regularized } from "./interval-regularizer.js";
import { ballOf, type LossInputs, type LossOutcome } from "./robust-loss.js";

/**
 * Interval bound propagation (Gowal et al. 2018): the mean cross-entropy of −J, where J are the margins' lower bounds by intervals, the
 * last affine layers taken into the margins. Looser than the dual network's on any network, but a few forward passes, and networks
 * learn to be tight for it. Throws a `UsageError` for balls of another norm than ℓ∞.
 */
export async function ibpLoss(inputs: LossInputs): Promise<LossOutcome> {
  const { tape, network, bindings, batch } = inputs;
  const intervals = IntervalNetwork.over(tape, network, bindings, ballOf(inputs));
  const margins = intervals.margins(batch.labels);
  const loss = robustLoss(tape, margins, batch.labels);
  return { loss: await regularized(inputs, loss, intervals), margins };
}
