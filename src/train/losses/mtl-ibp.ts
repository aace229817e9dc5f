import { combine } from "../../autodiff/index.js";
import { IntervalNetwork } from "../../dual/interval-network.js";
import { forward } from "../../network/forward.js";
import { attackedPoint, type TrainingAttack } from "./attacked-point.js";
import { robustLoss, standardLoss } from "./cross-entropy.js";
import { regularized } from "./interval-regularizer.js";
import { ballOf, type RobustLoss, scaled } from "./robust-loss.js";

/**
 * MTL-IBP (De Palma et al. 2024): `share` of the interval loss and the rest of the loss at an attacked point. A small share regularises
 * what branch and bound then proves; with 1 it is `ibp`. The margins that count are the interval bounds. Throws a `UsageError` for
 * balls of another norm than ℓ∞.
 */
export function mtlIbpLoss(share: number, attack: TrainingAttack): RobustLoss {
  return async (inputs) => {
    const { tape, network, bindings, batch, ball } = inputs;
    const { labels } = batch;
    const intervals = IntervalNetwork.over(tape, network, bindings, ballOf(inputs));
    const margins = intervals.margins(labels);
    const point = tape.own(attackedPoint(inputs, ballOf(inputs, scaled(ball, attack.scale)), attack.steps));
    const attacked = standardLoss(tape, forward(tape, network, bindings, point).output, labels);
    const loss = combine(tape, share, robustLoss(tape, margins, labels), 1 - share, attacked);
    return { loss: await regularized(inputs, loss, intervals), margins };
  };
}
