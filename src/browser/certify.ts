import * as z from "zod";
import { type Against, certifyBatch } from "../certify/certify.js";
import { Budget, DEFAULT_MEMORY } from "../compute/budget.js";
import { letIn } from "../compute/deadline.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import { type BallOptions, ballOf } from "../library/ball.js";
import type { CertifiedImage } from "../library/certify.js";
import { COMMON, checkOptions, EPSILON, NUMBERS } from "../library/check-options.js";
import type { ListedImageOptions, ListedImages } from "../library/image-list.js";
import type { Model } from "../network/weights.js";
import type { Evaluation } from "../threat/evaluation.js";
import type { Guarantee } from "../threat/guarantee.js";
import { pickBalls, pickExamples } from "../threat/pick.js";
import { evaluationFor } from "./evaluation.js";
import { imagesOf } from "./images.js";
import { IN_COMMON } from "./options.js";
import { withPlaced } from "./portable.js";

/** How `certify` bounds in a browser; ε alone must be given. */
export interface BrowserCertifyOptions extends BallOptions, ListedImageOptions {
  /** Default `parallel`, the paper's. */
  readonly bound?: BoundMethod;
  /** The arithmetic in which the model will run, for which proofs hold. Default: that of the model's file. */
  readonly evaluation?: Evaluation;
  /** Whose margins are bounded. Default: those of the model's own prediction. */
  readonly against?: Against;
  /** Images at a time. Default 1, so that a page is let in between two of them. */
  readonly batch?: number;
  /** Work ends between two of its parts, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What `certify` found in a browser. */
export interface BrowserCertification {
  /** What the bounds are worth: they are deterministic. */
  readonly guarantee: Guarantee;
  /** The arithmetic for which certificates hold, beside real arithmetic: their bounds are rounded outward. */
  readonly evaluation: Evaluation;
  readonly examples: readonly CertifiedImage[];
}

/**
 * Certifies images by dual bounds (Corollary 1), rounding counted: whether no point of the ball around an image changes the model's
 * answer. As `certify` of `autodual`, on the portable backend in double precision: the verdicts are those of `--backend portable`.
 * Throws an `AutodualError` for what does not fit, and the signal's reason.
 */
export async function certify(
  model: Model,
  images: ListedImages,
  options: BrowserCertifyOptions,
): Promise<BrowserCertification> {
  checkOptions("certify", options, SHAPE);
  const { bound: method = "parallel", against = "prediction", batch = 1, signal } = options;
  const { dataset, labelled, all } = imagesOf("certify", model, images, options);
  if (against === "label" && !labelled) {
    throw new UsageError('certify: labels: expected them with against: "label", found none');
  }
  const evaluation = evaluationFor("certify", model, options.evaluation);
  const ball = ballOf(options);
  return withPlaced(model, async (placed) => {
    const budget = new Budget(DEFAULT_MEMORY + placed.backend.memory().liveBytes);
    const found: CertifiedImage[] = [];
    for (let first = 0; first < dataset.count; first += batch) {
      const part = Array.from({ length: Math.min(batch, dataset.count - first) }, (_, i) => first + i);
      const { examples: verdicts } = await certifyBatch(placed, pickExamples(all, dataset.count, part), {
        ...pickBalls(ball, part),
        ...{ method, against, rounding: evaluation, budget },
        ...(signal && { signal }),
      });
      for (const [i, { prediction, certified, marginLower }] of verdicts.entries()) {
        const label = labelled ? dataset.labels[first + i] : null;
        found.push({ index: first + i, label, prediction, certified, stage: 0, marginLower });
      }
      await letIn(signal);
    }
    return { guarantee: "deterministic", evaluation, examples: found };
  });
}

const SHAPE = {
  ...IN_COMMON,
  epsilon: EPSILON,
  bound: COMMON.bound,
  evaluation: COMMON.evaluation,
  labels: NUMBERS.optional(),
  batch: COMMON.batch,
  against: z.enum(["prediction", "label"]).optional(),
};
