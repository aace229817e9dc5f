import { letIn } from "../compute/deadline.js";
import { random } from "../compute/random.js";
import { UsageError } from "../errors.js";
import { predict } from "../network/predict.js";
import { sizeOf } from "../network/shape.js";
import type { PlacedNetwork } from "../network/weights.js";
import type { BallSpec } from "../threat/ball.js";
import { countExamples, type LabelledBatch } from "../threat/batch.js";
import { pickBalls, pickColumns } from "../threat/pick.js";
import { inBall, logitsAt, lossGradient } from "./attacked-model.js";
import { ascend, randomStart } from "./perturbation.js";

/** Within which balls and how hard `attackBatch` tries. */
export interface AttackOptions extends BallSpec {
  /** Gradient steps of each start of PGD. Default 40. */
  readonly steps?: number;
  /** Random starts of PGD. Default 2. */
  readonly restarts?: number;
  /** Step size in units of ε. Default 2.5/steps, at least 0.01. */
  readonly rate?: number;
  /** Of the random starts. Default 0. */
  readonly seed?: number;
  /** Number of the batch's first example: starts depend on the seed and the example's number, not on the batch. */
  readonly firstExample?: number;
  /** Instead of `firstExample`, the number of each example. */
  readonly numbers?: ArrayLike<number>;
  /**
   * Is told of each example that is right as it is and that an attack misled: its place in the batch, the first point found
   * for it, `[features]`, and the answer there.
   */
  readonly onMisled?: (example: number, point: Float64Array, prediction: number) => void;
  /** Ends the attack between two steps, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What attacks found on one example. */
export interface AttackVerdict {
  /** The class of the example as it is; −1 where its logits are not numbers. */
  readonly prediction: number;
  /** Wrong without any perturbation. */
  readonly wrong: boolean;
  /** Wrong already, or misled by one step along the gradient's sign (FGSM). */
  readonly fgsm: boolean;
  /** Wrong already, or misled by FGSM or projected gradient descent. */
  readonly pgd: boolean;
}

/**
 * Attacks a batch within its ball: FGSM from the example, then PGD on the cross-entropy from random starts. Errors
 * found are real, so their rate bounds the true robust error from below. x is feature-major `[features, examples]`,
 * labels `[examples]`; a verdict per example, in order. Throws a `UsageError` for `steps` or `restarts` that are no positive
 * integers, what `makeBall` throws, and the signal's reason.
 */
export async function attackBatch(
  model: PlacedNetwork,
  batch: LabelledBatch,
  options: AttackOptions,
): Promise<AttackVerdict[]> {
  const { x, labels } = batch;
  const { steps = 40, restarts = 2, seed = 0, firstExample = 0, numbers, onMisled, signal } = options;
  for (const [name, value] of [
    ["steps", steps],
    ["restarts", restarts],
  ] as const) {
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`${name}: expected a positive integer, got ${value}`);
  }
  const rate = options.rate ?? Math.max(0.01, 2.5 / steps);
  const examples = countExamples(batch, sizeOf(model.network.inputShape));
  const predictions = predict(await logitsAt(model, x, examples), examples);
  const wrong = Array.from(predictions, (prediction, b) => prediction !== labels[b]);

  const fgsmMisled = await inBall(model, x, examples, options, async (set) => {
    const start = Float64Array.from(x);
    ascend(set, start, await lossGradient(model, start, labels), set.ball.spec.norm === "linf" ? 2 : 1);
    const answers = predict(await logitsAt(model, start, examples), examples);
    return misled(answers, labels, (b) => {
      if (!wrong[b]) onMisled?.(b, columnOf(start, examples, b), answers[b]);
    });
  });
  const pgdMisled = fgsmMisled.map((hit, b) => hit || wrong[b]);
  for (let restart = 0; restart < restarts; restart++) {
    const left = indicesOf(pgdMisled, false);
    if (left.length === 0) break;
    const someLabels = Int32Array.from(left, (b) => labels[b]);
    const hits = await inBall(
      model,
      pickColumns(x, examples, left),
      left.length,
      pickBalls(options, left),
      async (set) => {
        const found = new Array<boolean>(left.length).fill(false);
        const point = randomStart(
          set,
          left.map((b) =>
            random(seed, "pgd")
              .fork(restart)
              .fork(numbers?.[b] ?? firstExample + b),
          ),
        );
        for (let step = 0; step <= steps; step++) {
          const answers = predict(await logitsAt(model, point, left.length), left.length);
          misled(answers, someLabels, (i) => {
            if (!found[i]) onMisled?.(left[i], columnOf(point, left.length, i), answers[i]);
            found[i] = true;
          });
          if (step === steps || found.every(Boolean)) break;
          await letIn(signal);
          ascend(set, point, await lossGradient(model, point, someLabels), rate);
        }
        return found;
      },
    );
    hits.forEach((hit, i) => {
      pgdMisled[left[i]] ||= hit;
    });
  }
  return Array.from(predictions, (prediction, b) => ({
    prediction,
    wrong: wrong[b],
    fgsm: wrong[b] || fgsmMisled[b],
    pgd: pgdMisled[b],
  }));
}

/** Which answers are not the labels; each of them is told. */
function misled(answers: ArrayLike<number>, labels: Int32Array, tell: (b: number) => void): boolean[] {
  return Array.from(answers, (answer, b) => {
    if (answer !== labels[b]) tell(b);
    return answer !== labels[b];
  });
}

function columnOf(x: Float64Array, examples: number, b: number): Float64Array {
  return Float64Array.from({ length: x.length / examples }, (_, i) => x[i * examples + b]);
}

function indicesOf(flags: readonly boolean[], wanted: boolean): number[] {
  return flags.flatMap((flag, i) => (flag === wanted ? [i] : []));
}
