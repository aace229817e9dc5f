import type { Tape, Variable } from "../../autodiff/index.js";
import type { RandomSource } from "../../compute/random.js";
import type { WholeBatch } from "../../distributed/whole-batch.js";
import type { DualOptions } from "../../dual/dual-options.js";
import { UsageError } from "../../errors.js";
import type { Network } from "../../network/network.js";
import type { Bindings } from "../../network/weights.js";
import type { Ball, BallSpec } from "../../threat/ball.js";
import { type PlacedBatch, trainingBall } from "./training-ball.js";

/** What a robust loss is computed of: one step's batch, and the network as it stands. */
export interface LossInputs {
  /** Records, on the backend of the step; what is made of it goes with it. */
  readonly tape: Tape;
  readonly network: Network;
  /** Trained parameters as they are, and of batch norms the clean batch's statistics. */
  readonly bindings: Bindings;
  readonly batch: PlacedBatch;
  /** Around each example, at this step's ε. */
  readonly ball: BallSpec;
  /** Of the examples as they are, `[classes, examples]`. */
  readonly logits: Variable;
  /** Weight of what regularises interval bounds, at this step. */
  readonly regularization: number;
  /** This step's random numbers. */
  readonly stream: RandomSource;
  /** How a dual pass is to bound: the method, and this step's estimator. */
  readonly dual: DualOptions | undefined;
  /** What the batch is a share of: what is no mean over examples takes its sums from there. */
  readonly whole: WholeBatch;
}

/** A robust loss of one batch. */
export interface LossOutcome {
  /** What is minimised, the mean over the examples: `[1, 1]`. */
  readonly loss: Variable;
  /**
   * Lower bounds of z_label − z_j `[classes, examples]` over the points that the loss bounds, by which a step counts what
   * is not certified. The counts are as good as these: deterministic over the whole ball; of projections, or of a part
   * of the ball, an estimate, which certifies nothing.
   */
  readonly margins: Variable;
}

/** A loss of κ's robust part; mixing with the standard loss is the step's. */
export type RobustLoss = (inputs: LossInputs) => Promise<LossOutcome>;

/** The ball of this step around each example, or a larger one; released with the tape. */
export function ballOf(
  { tape, batch, ball: own }: Pick<LossInputs, "tape" | "batch" | "ball">,
  spec: BallSpec = own,
): Ball {
  const ball = trainingBall(tape.backend, batch, spec);
  tape.own(ball.centre);
  tape.own(ball.radius);
  return ball;
}

/** The same ball, so many times as large. */
export function scaled(spec: BallSpec, by: number): BallSpec {
  if (by === 1) return spec;
  if (typeof spec.epsilon !== "number") throw new UsageError("attack radius: expected one epsilon for all");
  return { ...spec, epsilon: by * spec.epsilon };
}
