import * as z from "zod";
import type { BoundMethod } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import { checkBallFitsData } from "../runs/example-batches.js";
import { budgetOf } from "../runs/memory.js";
import { checkEvaluation } from "../runs/models/check-evaluation.js";
import { checkStagesFitData } from "../runs/models/open-model.js";
import type { Watch } from "../runs/observer.js";
import { radiiOfDataset } from "../runs/radius.js";
import { largestRadius, type RadiusRow, radiusTolerance } from "../runs/radius-record.js";
import type { Evaluation } from "../threat/evaluation.js";
import { type BallOptions, defaultBox } from "./ball.js";
import { COMMON, checkOptions, NUMBERS } from "./check-options.js";
import { copyOfImages, type ImageOptions, type ImagesLike, imagesFor } from "./images.js";
import { openJudge, placedSubject } from "./judge.js";
import { type MachineOptions, onBackend } from "./machine.js";
import { copyOfModel, type ModelLike, openOn } from "./models.js";

/** How far and how finely `radius` searches; nothing must be given. */
export interface RadiusModelOptions
  extends Omit<BallOptions, "epsilon">,
    ImageOptions,
    MachineOptions,
    Watch {
  /** No larger ε is tried. Default 1 of ℓ∞, 10 of ℓ2, 100 of ℓ1. */
  readonly most?: number;
  /** How closely radii are found. Default: the largest ε / 2048. */
  readonly tolerance?: number;
  /** ℓ∞: seconds per image for attack and branch and bound beyond what the bounds give. Default: none, no such search. */
  readonly timeout?: number;
  /** Default `parallel`. */
  readonly bound?: BoundMethod;
  /** The arithmetic in which the model will run, for which proofs hold. Default: that of the model's file. */
  readonly evaluation?: Evaluation;
  /** Of attacks. Default 0. */
  readonly seed?: number;
  /** Bytes that bounds may take; work is cut into pieces to fit. */
  readonly memory?: number;
  /** Images at a time. Default 20. */
  readonly batch?: number;
}

/** The radius of one image. */
export interface ImageRadius extends Omit<RadiusRow, "label"> {
  /** Null where it is not known. */
  readonly label: number | null;
}

/**
 * The largest ε found at which each image's prediction is certified, and with a timeout the smallest at which an input of
 * another class was found. Every radius was proved itself. Throws an `AutodualError` for what cannot be read or does not fit, and
 * the signal's reason.
 */
export async function radius(
  model: ModelLike,
  images: ImagesLike,
  options: RadiusModelOptions = {},
): Promise<readonly ImageRadius[]> {
  checkOptions("radius", options, SHAPE);
  const copied = copyOfImages(images);
  const kept = copyOfModel(model);
  const { norm = "linf", timeout, memory } = options;
  if (timeout !== undefined && norm !== "linf") {
    throw new UsageError(`radius: timeout: expected the norm linf, whose balls are boxes, found ${norm}`);
  }
  // Branch and bound proves in double precision.
  const machine = timeout === undefined ? options : { ...options, dtype: options.dtype ?? "float64" };
  return onBackend(machine, async (backend) => {
    const { stages } = await openOn(backend, kept, "radius: model");
    if (stages.length > 1) {
      throw new UsageError(
        "radius: model: expected one model, found a cascade, whose answer depends on epsilon",
      );
    }
    const [single] = stages;
    const { evaluation } = options;
    checkEvaluation("radius: evaluation", evaluation, stages);
    const { dataset, labelled } = await imagesFor("radius", single.network, copied, options);
    checkStagesFitData([single], dataset);
    const { box = defaultBox(norm, dataset) } = options;
    checkBallFitsData({ norm, epsilon: 0, box }, dataset);
    const { most = largestRadius(norm), bound: method = "parallel", batch = 20, seed = 0 } = options;
    const { tolerance = radiusTolerance(most) } = options;
    const judge = timeout === undefined ? null : await openJudge(single, backend.dtype);
    using subject = placedSubject(backend, single, judge?.evaluate);
    const rows = await radiiOfDataset(
      subject,
      dataset,
      {
        ball: { norm, box },
        ...{ method, most, tolerance, batch },
        ...(evaluation && { rounding: evaluation }),
        budget: budgetOf(backend, memory),
      },
      options,
      timeout === undefined
        ? null
        : {
            ...{ subject, timeout, seed },
            ...(memory !== undefined && { memoryBytes: memory }),
          },
    );
    return labelled ? rows : rows.map((row) => ({ ...row, label: null }));
  });
}

const SHAPE = {
  ...COMMON,
  labels: NUMBERS.optional(),
  most: z.number().positive().optional(),
  tolerance: z.number().positive().optional(),
  timeout: z.number().positive().optional(),
};
