import * as z from "zod";
import { Tape } from "../autodiff/index.js";
import { Budget, DEFAULT_MEMORY } from "../compute/budget.js";
import { letIn } from "../compute/deadline.js";
import { SHARED } from "../compute/owners.js";
import { buildDual } from "../dual/auto-dual.js";
import { LINE_METHODS, type LineMethod } from "../dual/dual-options.js";
import { type BallOptions, ballOf } from "../library/ball.js";
import { COMMON, checkOptions, EPSILON } from "../library/check-options.js";
import type { ListedImageOptions, ListedImages } from "../library/image-list.js";
import { forward } from "../network/forward.js";
import { sizeOf } from "../network/shape.js";
import { fixedBindings, type Model, type PlacedNetwork } from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import type { Evaluation } from "../threat/evaluation.js";
import { pickBalls, pickExamples } from "../threat/pick.js";
import { evaluationFor } from "./evaluation.js";
import { imagesOf } from "./images.js";
import { IN_COMMON } from "./options.js";
import { withPlaced } from "./portable.js";

/** How `bounds` bounds; ε alone must be given. */
export interface BoundsOptions extends BallOptions, Pick<ListedImageOptions, "limit"> {
  /** Default `parallel`, the paper's. */
  readonly bound?: LineMethod;
  /** The arithmetic in which the model will run, for which the bounds hold. Default: that of the model's file. */
  readonly evaluation?: Evaluation;
  readonly signal?: AbortSignal;
}

/** Where the outputs of a model lie for all points of the ball around one image. */
export interface OutputBounds {
  /** For the image itself, in double precision: `[outputs]`. */
  readonly outputs: readonly number[];
  /** No point of the ball has a smaller output: `[outputs]`; −∞ where nothing is known. */
  readonly lower: readonly number[];
  /** Nor a larger one; ∞ where nothing is known. */
  readonly upper: readonly number[];
}

/**
 * Bounds each output of a model over the ball around each image, by the dual objective (Theorem 1) at c = ±e_j, rounding counted: they
 * hold in real arithmetic and in the evaluation that was asked for. Margins are bounded more tightly by `certify`, which bounds
 * differences of outputs and not outputs. Throws an `AutodualError` for what does not fit, and the signal's reason.
 */
export async function bounds(
  model: Model,
  images: ListedImages,
  options: BoundsOptions,
): Promise<readonly OutputBounds[]> {
  checkOptions("bounds", options, SHAPE);
  const { dataset, all } = imagesOf("bounds", model, images, options);
  const evaluation = evaluationFor("bounds", model, options.evaluation);
  const ball = ballOf(options);
  const { bound: method = "parallel", signal } = options;
  return withPlaced(model, async (placed) => {
    const found: OutputBounds[] = [];
    for (let b = 0; b < dataset.count; b++) {
      const { x } = pickExamples(all, dataset.count, [b]);
      found.push(
        await boundsAt(placed, x, { ...pickBalls(ball, [b]), method, evaluation, ...(signal && { signal }) }),
      );
      await letIn(signal);
    }
    return found;
  });
}

interface BoundsAt extends BallSpec {
  readonly method: LineMethod;
  readonly evaluation: Evaluation;
  readonly signal?: AbortSignal;
}

async function boundsAt(
  { backend, network, parameters }: PlacedNetwork,
  x: Float64Array,
  { method, evaluation: rounding, signal, ...spec }: BoundsAt,
): Promise<OutputBounds> {
  using tape = new Tape(backend, { record: false });
  const bindings = fixedBindings(parameters);
  const input = tape.own(backend.upload(sizeOf(network.inputShape), 1, x));
  const outputs = await backend.read(forward(tape, network, bindings, input).output.value);
  const ball = makeBall(backend, x, 1, spec, "outward");
  try {
    const budget = new Budget(DEFAULT_MEMORY + backend.memory().liveBytes);
    const options = { method, rounding, budget, ...(signal && { signal }) };
    const dual = await buildDual(tape, network, bindings, ball, options);
    const { classes } = network;
    const c = tape.own(backend.upload(classes, 2 * classes, plusAndMinus(classes)));
    const lower = await backend.read(dual.lowerBound(c, SHARED).value);
    return {
      outputs: Array.from(outputs),
      lower: Array.from({ length: classes }, (_, j) => known(lower[j])),
      upper: Array.from({ length: classes }, (_, j) => -known(lower[classes + j])),
    };
  } finally {
    releaseBall(ball);
  }
}

/** Rows e_j, and then −e_j: row-major `[classes, 2 · classes]`. */
function plusAndMinus(classes: number): Float64Array {
  const c = new Float64Array(classes * 2 * classes);
  for (let j = 0; j < classes; j++) {
    c[j * 2 * classes + j] = 1;
    c[j * 2 * classes + classes + j] = -1;
  }
  return c;
}

/** A lower bound that is no number bounds nothing, and neither does one of +∞, which only an overflow gives. */
function known(lower: number): number {
  return lower < Number.POSITIVE_INFINITY ? lower : Number.NEGATIVE_INFINITY;
}

const SHAPE = {
  ...IN_COMMON,
  epsilon: EPSILON,
  bound: z.enum(LINE_METHODS).optional(),
  evaluation: COMMON.evaluation,
};
