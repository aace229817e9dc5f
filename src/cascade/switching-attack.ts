import { inBall, lossGradient } from "../attack/attacked-model.js";
import { ascend } from "../attack/perturbation.js";
import { letIn } from "../compute/deadline.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { pickBalls, pickColumns } from "../threat/pick.js";
import { certifyCascade } from "./certify-cascade.js";

/** Within which balls and how hard `switchCascade` tries. */
export interface SwitchingOptions extends BallSpec {
  /** Gradient steps up each stage's loss. Default 5. */
  readonly steps?: number;
  /** The method by which stages certify. Default `parallel`. */
  readonly method?: BoundMethod;
  /** Ends the attack between two steps, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Attacks the cascade's own answers: whether a point of an example's ball is found, itself among them, that the cascade
 * answers wrongly, by whichever stage answers *there*. Certificates do not speak of that: they are about the network of
 * the stage that answers the example as it is, while a point nearby may lack that stage's certificate and go to a later
 * stage, which was trained on few examples and answers most others wrongly. So the share that is found may lie far above
 * the cascade's robust error (Section 3.3 of the paper does not count it).
 *
 * One stage after the other, its loss is climbed from the example within the ball, and the cascade answers the point.
 * Each error found is a real one; there may be more. x is feature-major `[features, examples]`, labels `[examples]`; the
 * result is one per example. Throws a `UsageError` for `steps` that is no positive integer, and what `certifyCascade` throws.
 */
export async function switchCascade(
  stages: readonly PlacedNetwork[],
  { x, labels }: LabelledBatch,
  { steps = 5, method = "parallel", signal, ...ball }: SwitchingOptions,
): Promise<boolean[]> {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new UsageError(`steps: expected a positive integer, got ${steps}`);
  }
  const examples = labels.length;
  const misled = new Array<boolean>(examples).fill(false);
  let open = Array.from(labels.keys());
  const answer = async (points: Float64Array): Promise<void> => {
    const own = pickBalls(ball, open);
    const { examples: answers } = await certifyCascade(
      stages,
      { x: points },
      { ...own, method, margins: "open" },
    );
    for (const [i, b] of open.entries()) misled[b] = answers[i].prediction !== labels[b];
    open = open.filter((b) => !misled[b]);
  };
  await answer(x);
  for (const stage of stages) {
    if (open.length === 0) break;
    const points = pickColumns(x, examples, open);
    const own = Int32Array.from(open, (b) => labels[b]);
    await inBall(stage, points.slice(), open.length, pickBalls(ball, open), async (set) => {
      for (let step = 0; step < steps; step++) {
        await letIn(signal);
        ascend(set, points, await lossGradient(stage, points, own), 2.5 / steps);
      }
    });
    await answer(points);
  }
  return misled;
}
