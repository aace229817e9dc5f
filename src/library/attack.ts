import * as z from "zod";
import type { BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import { type AttackOutcome, attackDataset } from "../runs/attack.js";
import { checkBallFitsData } from "../runs/example-batches.js";
import { checkStagesFitData } from "../runs/models/open-model.js";
import { placeStages } from "../runs/models/place-stages.js";
import type { Watch } from "../runs/observer.js";
import type { EpsilonByFeature } from "../threat/ball.js";
import { type BallOptions, ballOf } from "./ball.js";
import { COMMON, checkOptions, EPSILON, NUMBERS, POSITIVE } from "./check-options.js";
import { copyOfImages, type ImageOptions, type ImagesLike, imagesFor } from "./images.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { copyOfModel, type ModelLike, openOn } from "./models.js";

/** How `attack` tries; ε alone must be given, and the labels of images that are lists of numbers. */
export interface AttackModelOptions extends BallOptions, ImageOptions, MachineOptions, Watch {
  /** The radius, in the units of the data: one number, or one for each input feature. */
  readonly epsilon: number | EpsilonByFeature;
  /** Gradient steps of each start of PGD. Default 40. */
  readonly steps?: number;
  /** Random starts of PGD. Default 2. */
  readonly restarts?: number;
  /** Of the random starts. Default 0. */
  readonly seed?: number;
  /** By which the stages of a cascade certify. Default `parallel`. */
  readonly bound?: BoundMethod;
  /** Images at a time. Default 20. */
  readonly batch?: number;
}

/**
 * Attacks images by FGSM and PGD: errors that are found are real, so that their rate bounds from below what `certify` bounds
 * from above. Throws an `AutodualError` for what cannot be read or does not fit, and the signal's reason.
 */
export async function attack(
  model: ModelLike,
  images: ImagesLike,
  options: AttackModelOptions,
): Promise<AttackOutcome> {
  checkOptions("attack", options, SHAPE);
  const own = copyOfImages(images);
  const kept = copyOfModel(model);
  return onBackend(options, async (backend) => {
    const { stages } = await openOn(backend, kept, "attack: model");
    const { dataset, labelled } = await imagesFor("attack", stages[0].network, own, options);
    if (!labelled) throw new UsageError("attack: labels: expected one for each image, found none");
    checkStagesFitData(stages, dataset);
    const ball = ballOf(options, dataset);
    checkBallFitsData(ball, dataset);
    const { steps = 40, restarts = 2, seed = 0, bound: method = "parallel", batch = 20 } = options;
    using placed = placeStages(backend, stages);
    return await attackDataset(
      placed.stages,
      dataset,
      { ball, method, batch, steps, restarts, seed },
      options,
    );
  });
}

const SHAPE = {
  ...COMMON,
  epsilon: z.union(
    [EPSILON.options[0], EPSILON.options[2]],
    "expected a number of at least 0 or { perFeature: [...] }",
  ),
  labels: NUMBERS.optional(),
  steps: POSITIVE.optional(),
  restarts: POSITIVE.optional(),
};
