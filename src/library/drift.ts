import * as z from "zod";
import type { RoundedEvaluation } from "../drift/bound.js";
import type { BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import { type Drift, type DriftRow, driftOfDataset, driftOverBox, type LogitDrift } from "../runs/drift.js";
import { checkBallFitsData } from "../runs/example-batches.js";
import { pieceBytesFor } from "../runs/memory.js";
import { checkStagesFitData } from "../runs/models/open-model.js";
import type { Watch } from "../runs/observer.js";
import { type BallOptions, uniformBox } from "./ball.js";
import { COMMON, checkOptions, NUMBERS } from "./check-options.js";
import { copyOfImages, type ImageOptions, type ImagesLike, imagesFor } from "./images.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { copyOfModel, type ModelLike, openOn } from "./models.js";

/** Where and how `drift` bounds; nothing must be given. */
export interface DriftModelOptions
  extends Omit<BallOptions, "epsilon">,
    ImageOptions,
    Omit<MachineOptions, "dtype">,
    Watch {
  /** Evaluations of any one input within this ball around an image are compared. Default 0: of the images themselves. */
  readonly epsilon?: number;
  /** The arithmetic in which the model is evaluated. Default: that of its own numbers. */
  readonly evaluation?: RoundedEvaluation;
  /** Of pre-activations. Default `parallel`. */
  readonly bound?: BoundMethod;
  /** Random points of each ball at which evaluations are compared, beside its centre. Default 4. */
  readonly points?: number;
  /** Of random points. Default 0. */
  readonly seed?: number;
  /** Bytes that bounds may take; work is cut into pieces to fit. */
  readonly memory?: number;
  /** Images at a time. Default 20. */
  readonly batch?: number;
}

/** What `drift` found of one image. */
export interface ImageDrift extends Omit<DriftRow, "label"> {
  /** Null where it is not known. */
  readonly label: number | null;
}

/** What `drift` found. */
export interface DriftResult {
  readonly evaluation: RoundedEvaluation;
  /** By class, the largest of all images. */
  readonly logits: readonly LogitDrift[];
  /** Null where no images were given. */
  readonly examples: readonly ImageDrift[] | null;
}

/**
 * How far two evaluations of a model in one arithmetic may differ, logit by logit: summed in any order, with fused
 * multiply-adds or without, by direct sums. The bound is deterministic; beside it is the largest difference that a few
 * evaluations showed. With `null` for images, over all inputs of the box, by default [0, 1].
 *
 * Throws an `AutodualError` for what cannot be read or does not fit, and the signal's reason.
 * @example
 * const { logits } = await drift("mnist-small-0.1", image);
 * console.log(logits.map(({ bound, observed }) => `${observed} of at most ${bound}`));
 */
export async function drift(
  model: ModelLike,
  images: ImagesLike | null,
  options: DriftModelOptions = {},
): Promise<DriftResult> {
  checkOptions("drift", options, SHAPE);
  const kept = copyOfModel(model);
  const copied = images === null || images === undefined ? null : copyOfImages(images);
  const { norm = "linf", epsilon = 0, memory } = options;
  const settings = {
    ...(options.evaluation && { evaluation: options.evaluation }),
    method: options.bound ?? "parallel",
    batch: options.batch ?? 20,
    points: options.points ?? 4,
    seed: options.seed ?? 0,
    ...(memory !== undefined && { pieceBytes: pieceBytesFor(memory) }),
  } as const;
  return onBackend({ ...options, dtype: "float64" }, async (backend) => {
    const { stages } = await openOn(backend, kept, "drift: model");
    if (stages.length > 1) {
      throw new UsageError(
        "drift: model: expected one model, found a cascade, whose answer is one of several",
      );
    }
    const [single] = stages;
    if (copied === null) {
      const box = uniformBox("drift", options);
      if (norm !== "linf" || options.epsilon !== undefined || box === null) {
        throw new UsageError(
          "drift: images: expected some with norm or epsilon, or without a box, found none",
        );
      }
      return withoutLabels(await driftOverBox(backend, single, box, settings, options), false);
    }
    const { dataset, labelled } = await imagesFor("drift", single.network, copied, options);
    checkStagesFitData([single], dataset);
    const ball = { norm, epsilon, box: uniformBox("drift", options, dataset) };
    checkBallFitsData(ball, dataset);
    return withoutLabels(await driftOfDataset(backend, single, dataset, ball, settings, options), labelled);
  });
}

function withoutLabels({ evaluation, logits, examples }: Drift, labelled: boolean): DriftResult {
  if (examples === null || labelled) return { evaluation, logits, examples };
  return { evaluation, logits, examples: examples.map((row) => ({ ...row, label: null })) };
}

const { dtype: _dtype, ...OTHERS } = COMMON;
const SHAPE = {
  ...OTHERS,
  epsilon: z.number().min(0).optional(),
  labels: NUMBERS.optional(),
  evaluation: z.enum(["float32", "float32-ftz", "float64"]).optional(),
  points: z.int().min(0).optional(),
};
