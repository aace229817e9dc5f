import { Tape } from "../autodiff/index.js";
import type { Backend, Tensor } from "../compute/backend.js";
import { buildDual } from "../dual/auto-dual.js";
import type { DualOptions } from "../dual/dual-options.js";
import { UsageError } from "../errors.js";
import { medianEstimator } from "../estimators/median.js";
import { conv2d, flatten, linear, relu } from "../network/build-layer.js";
import { type Network, sequential } from "../network/network.js";
import { type Shape, sizeOf } from "../network/shape.js";
import {
  fixedBindings,
  initialWeights,
  type Model,
  type Parameters,
  releaseParameters,
  uploadWeights,
} from "../network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../threat/ball.js";
import type { LabelledBatch } from "../threat/batch.js";
import { trainingStep } from "../train/step.js";
import { type MeasureOptions, measure } from "./measure.js";
import type { StepFigure } from "./steps.js";

/**
 * How hidden units are bounded (Figure 7). `projected`: every layer, the first included, by random projections.
 * `generators`: the paper's way without projections, all generators pushed forward. `planned`: deterministic bounds as they
 * are by default; above the input the box is exact.
 */
export type ScalingWay = "projected" | "generators" | "planned";
export const SCALING_WAYS: readonly ScalingWay[] = ["projected", "generators", "planned"];

/** A step's figure at one size; memory counts 2^20 bytes per megabyte. */
export interface ScalingFigure extends StepFigure {
  readonly way: ScalingWay;
  readonly hiddenUnits: number;
  readonly secondsPerHiddenUnit: number;
  readonly bytesPerHiddenUnit: number;
}

/** A size that memory has no room for. */
export interface ScalingNotRun {
  readonly name: string;
  readonly way: ScalingWay;
  readonly hiddenUnits: number;
  /** An estimate. */
  readonly neededMemoryMB: number;
}

export interface ScalingSubject {
  readonly inputShape: Shape;
  readonly classes: number;
  readonly ball: BallSpec;
  /** The examples of one step, in pieces of equal size: gradients add up over them. */
  readonly pieces: readonly LabelledBatch[];
  readonly seed: number;
}

export interface ScalingSettings {
  /** r. */
  readonly dimension: number;
  /** Bytes that `generators` may take. */
  readonly memoryLimit: number;
  /** No further run of a size begins after this; small sizes get several runs, of which the median counts. */
  readonly seconds?: number;
}

/** From about 50,000 hidden units of 28 × 28 images to about 4,200,000. */
const FEWEST_FILTERS = 64;
const MOST_FILTERS = 5357;
const SIZES = 8;
/** What generators are measured on besides: their memory grows as the square. */
const FEW_FILTERS: readonly number[] = [4, 8, 16];
const MOST_RUNS = 3;
const MEBIBYTE = 2 ** 20;

/**
 * Numbers of filters in geometric steps, those of at most `most` hidden units at `positions` a filter; if all have more,
 * as many filters as fit. Throws `UsageError` where not one does.
 */
export function scalingFilters(
  way: ScalingWay,
  positions: number,
  most = Number.POSITIVE_INFINITY,
): number[] {
  if (most < positions) {
    throw new UsageError(`hidden units: expected at least ${positions}, one filter, found ${most}`);
  }
  const ratio = (MOST_FILTERS / FEWEST_FILTERS) ** (1 / (SIZES - 1));
  const wide = Array.from({ length: SIZES }, (_, i) => Math.round(FEWEST_FILTERS * ratio ** i));
  const all = way === "generators" ? [...FEW_FILTERS, ...wide] : wide;
  const fitting = all.filter((filters) => filters * positions <= most);
  return fitting.length > 0 ? fitting : [Math.floor(most / positions)];
}

/** One 3 × 3 convolution that keeps the image's size, a ReLU, and a linear layer, with random weights. */
export function scalingModel({ inputShape, classes, seed }: ScalingSubject, filters: number): Model {
  const layers = [conv2d(filters, { kernel: 3, padding: 1 }), relu(), flatten(), linear(classes)];
  const network = sequential(inputShape, layers);
  return { network, weights: initialWeights(network, seed) };
}

export function scalingName(way: ScalingWay, dimension: number): string {
  return way === "projected" ? `scaling r=${dimension}` : `scaling exact, ${way}`;
}

/**
 * Time and peak memory of one robust training step: bounds, robust loss and all gradients, summed over the pieces. A
 * piece has the same number of examples at every size, so that memory is a constant times the hidden units.
 */
export async function benchScaling(
  backend: Backend,
  subject: ScalingSubject,
  way: ScalingWay,
  model: Model,
  { dimension, memoryLimit, seconds = 0.5 }: ScalingSettings,
): Promise<ScalingFigure | ScalingNotRun> {
  const { network } = model;
  const { hiddenUnits } = network;
  const name = scalingName(way, dimension);
  const parameters = uploadWeights(backend, model);
  try {
    if (way === "generators") {
      const needed = await generatorBytes(backend, network, parameters, subject);
      if (needed > memoryLimit) return { name, way, hiddenUnits, neededMemoryMB: needed / MEBIBYTE };
    }
    const dual = dualOptions(way, dimension, subject.seed);
    const options: MeasureOptions = { warmup: 1, least: 1, most: MOST_RUNS, seconds };
    const step = () => accumulatedStep(backend, network, parameters, subject, dual);
    const timing = await measure(backend, step, options);
    const batch = subject.pieces.reduce((sum, { labels }) => sum + labels.length, 0);
    return {
      name,
      way,
      hiddenUnits,
      batch,
      seconds: timing.seconds,
      secondsPerExample: timing.times.reduce((sum, time) => sum + time, 0) / (timing.runs * batch),
      examples: timing.runs * batch,
      peakMemoryMB: timing.peakBytes / MEBIBYTE,
      secondsPerHiddenUnit: timing.seconds / hiddenUnits,
      bytesPerHiddenUnit: timing.peakBytes / hiddenUnits,
    };
  } finally {
    releaseParameters(parameters);
  }
}

function dualOptions(way: ScalingWay, dimension: number, seed: number): DualOptions {
  switch (way) {
    case "projected":
      return { estimator: medianEstimator({ dimension, seed, when: "always", firstLayer: true }) };
    case "generators":
      return { direction: "forward" };
    case "planned":
      return {};
    default:
      return way satisfies never;
  }
}

/** The gradients of the sum of all pieces' losses, released at once. */
async function accumulatedStep(
  backend: Backend,
  network: Network,
  parameters: Parameters,
  { pieces, ball }: ScalingSubject,
  dual: DualOptions,
): Promise<void> {
  const totals = new Map<string, Tensor>();
  for (const piece of pieces) {
    const { gradients } = await trainingStep({ backend, network, parameters }, piece, {
      ball,
      kappa: 1,
      dual,
    });
    for (const [name, gradient] of gradients) {
      const before = totals.get(name);
      totals.set(name, before ? backend.combine(1, before, 1, gradient) : gradient);
      if (before) for (const done of [before, gradient]) done.dispose();
    }
  }
  for (const total of totals.values()) total.dispose();
}

/** Of a matrix of hidden units by generators, how many are alive at once: those of the input and of the activation. */
const INPUT_TENSORS = 2;
const ACTIVATION_TENSORS = 2;

/** About what pushing all generators of one piece forward takes: a column per input and one per unstable neuron. */
async function generatorBytes(
  backend: Backend,
  network: Network,
  parameters: Parameters,
  { pieces, ball }: ScalingSubject,
): Promise<number> {
  const [{ x, labels }] = pieces;
  const within = makeBall(backend, x, labels.length, ball);
  using tape = new Tape(backend, { record: false });
  const { preActivation } = await buildDual(tape, network, fixedBindings(parameters), within);
  let unstable = 0;
  for (const { lower, upper } of preActivation.values()) {
    const [lows, highs] = await Promise.all([backend.read(lower.value), backend.read(upper.value)]);
    for (let i = 0; i < lows.length; i++) if (lows[i] < 0 && highs[i] > 0) unstable += 1;
  }
  releaseBall(within);
  const columns = INPUT_TENSORS * sizeOf(network.inputShape) * labels.length + ACTIVATION_TENSORS * unstable;
  return network.hiddenUnits * columns * (backend.dtype === "float64" ? 8 : 4);
}
