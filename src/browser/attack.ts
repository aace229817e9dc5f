import { type AttackVerdict, attackBatch } from "../attack/attack.js";
import { letIn } from "../compute/deadline.js";
import { UsageError } from "../errors.js";
import { type BallOptions, ballOf } from "../library/ball.js";
import { COMMON, checkOptions, EPSILON, NUMBERS, POSITIVE } from "../library/check-options.js";
import type { ListedImageOptions, ListedImages } from "../library/image-list.js";
import type { Model } from "../network/weights.js";
import { pickBalls, pickExamples } from "../threat/pick.js";
import { imagesOf } from "./images.js";
import { IN_COMMON } from "./options.js";
import { withPlaced } from "./portable.js";

/** How `attack` tries in a browser; ε alone must be given, and the labels of images that are lists of numbers. */
export interface BrowserAttackOptions extends BallOptions, ListedImageOptions {
  /** Gradient steps of each start of PGD. Default 40. */
  readonly steps?: number;
  /** Random starts of PGD. Default 2. */
  readonly restarts?: number;
  /** Of the random starts. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/**
 * Attacks images by FGSM and PGD: errors that are found are real. Throws an `AutodualError` for what does not fit, and the signal's
 * reason.
 */
export async function attack(
  model: Model,
  images: ListedImages,
  options: BrowserAttackOptions,
): Promise<readonly AttackVerdict[]> {
  checkOptions("attack", options, SHAPE);
  const { dataset, labelled, all } = imagesOf("attack", model, images, options);
  if (!labelled) throw new UsageError("attack: labels: expected one for each image, found none");
  const ball = ballOf(options);
  const { steps = 40, restarts = 2, seed = 0, signal } = options;
  return withPlaced(model, async (placed) => {
    const found: AttackVerdict[] = [];
    for (let b = 0; b < dataset.count; b++) {
      const { x } = pickExamples(all, dataset.count, [b]);
      const batch = { x, labels: all.labels.slice(b, b + 1) };
      const how = { steps, restarts, seed, firstExample: b, ...(signal && { signal }) };
      found.push(...(await attackBatch(placed, batch, { ...pickBalls(ball, [b]), ...how })));
      await letIn(signal);
    }
    return found;
  });
}

const SHAPE = {
  ...IN_COMMON,
  epsilon: EPSILON,
  labels: NUMBERS.optional(),
  steps: POSITIVE.optional(),
  restarts: POSITIVE.optional(),
  seed: COMMON.seed,
};
