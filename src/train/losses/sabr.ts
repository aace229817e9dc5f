import { IntervalNetwork } from "../../dual/interval-network.js";
import type { Ball } from "../../threat/ball.js";
import { attackedPoint, type TrainingAttack } from "./attacked-point.js";
import { robustLoss } from "./cross-entropy.js";
import { regularized } from "./interval-regularizer.js";
import { ballOf, type LossInputs, type RobustLoss, scaled } from "./robust-loss.js";

/**
 * SABR (Müller et al. 2023): the interval loss of a small box, `share` as wide as the ball, within it around an attacked point. The margins
 * that count are that box's, so that these counts certify nothing. Throws a `UsageError` for balls of another norm than ℓ∞.
 */
export function sabrLoss(share: number, attack: TrainingAttack): RobustLoss {
  return async (inputs) => {
    const { tape, network, bindings, batch } = inputs;
    const intervals = IntervalNetwork.over(tape, network, bindings, smallBox(inputs, share, attack));
    const margins = intervals.margins(batch.labels);
    const loss = robustLoss(tape, margins, batch.labels);
    return { loss: await regularized(inputs, loss, intervals), margins };
  };
}

/** Wherever the attack ends among the points that leave room for it, the box lies within the ball. */
function smallBox(inputs: LossInputs, share: number, { steps, scale }: TrainingAttack): Ball {
  const { tape, ball } = inputs;
  const { backend } = tape;
  const whole = ballOf(inputs, scaled(ball, scale));
  const room = tape.own(backend.scaleBy(whole.radius, 1 - share, 0)).value;
  const centre = tape.own(attackedPoint(inputs, { ...whole, radius: room }, steps)).value;
  const radius = tape.own(backend.scaleBy(whole.radius, share, 0)).value;
  return { ...whole, centre, radius };
}
