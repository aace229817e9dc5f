import type { ScalingSubject } from "../bench/scaling.js";
import type { StepSubject } from "../bench/steps.js";
import type { Backend } from "../compute/backend.js";
import type { Stop } from "../compute/deadline.js";
import type { Dataset } from "../data/dataset.js";
import { findKnown, loadDataset } from "../data/load.js";
import { locate } from "../data/locate.js";
import { architecture } from "../network/architectures.js";
import { initialWeights, type Model } from "../network/weights.js";
import { checkBallFitsData, inOrder } from "../runs/example-batches.js";
import { checkModelFitsData, isModelPath, openModel } from "../runs/models/open-model.js";
import { type BallFlags, type DataFlags, readBall, readingFlags } from "./common-options.js";
import { formatEpsilon } from "./wording.js";

/** What steps are measured on. */
export interface SubjectsFlags extends Omit<BallFlags, "epsilon">, Partial<DataFlags> {
  readonly model: readonly string[];
  readonly epsilon?: number;
  readonly batch: number;
  readonly limit: number;
  readonly seed: number;
}

/** Batches of a training step that take turns. */
const TRAINING_BATCHES = 4;

/**
 * One subject a model. A training step takes training examples, certification the first test examples. Throws the reason of `stop`, which
 * ends the reading.
 */
export async function benchSubjects(
  backend: Backend,
  target: "train-step" | "certify" | "kernels",
  flags: SubjectsFlags,
  stop?: Stop,
): Promise<StepSubject[]> {
  const { model: models, dataDir, batch, limit, seed } = flags;
  const split = target === "certify" ? "test" : "train";
  const count = target === "certify" ? limit : TRAINING_BATCHES * batch;
  const data = flags.data ?? defaultData(dataDir);
  const dataset = await loadDataset(data, { split, limit: count, stop, ...readingFlags(flags) });
  const ball = readBall({ ...flags, epsilon: flags.epsilon ?? defaultEpsilon(dataset) }, dataset);
  checkBallFitsData(ball, dataset);
  const batches = [...inOrder(dataset, Math.min(batch, dataset.count))];
  const subjects: StepSubject[] = [];
  for (const name of models) {
    const model = await findModel(name, dataset, seed, backend, stop);
    checkModelFitsData(model.network, dataset, name);
    // The last batch may be smaller; a training step always has the same size.
    const whole = batches.filter(
      ({ labels }) => target === "certify" || labels.length === batches[0].labels.length,
    );
    const suffix = target === "certify" ? ` certify, epsilon ${formatEpsilon(ball.epsilon)}` : "";
    subjects.push({ name: `${stepName(name, dataset)}${suffix}`, model, ball, batches: whole });
  }
  return subjects;
}

const SCALING_EXAMPLES = 10;

/** Of the ten, how many at a time: few enough that the largest size fits into memory. */
const SCALING_PIECE = 2;

/** What Figure 7 is measured on: ten training examples, in pieces, so that memory is that of one piece. */
export async function scalingSubject(
  flags: Pick<SubjectsFlags, "data" | "dataDir" | "layout" | "label" | "epsilon" | "norm" | "box" | "seed">,
): Promise<ScalingSubject> {
  const { data = defaultData(flags.dataDir), seed } = flags;
  const dataset = await loadDataset(data, {
    split: "train",
    limit: SCALING_EXAMPLES,
    ...readingFlags(flags),
  });
  const ball = readBall({ ...flags, epsilon: flags.epsilon ?? defaultEpsilon(dataset) }, dataset);
  checkBallFitsData(ball, dataset);
  const { shape, classes } = dataset;
  return { inputShape: shape, classes, ball, pieces: [...inOrder(dataset, SCALING_PIECE)], seed };
}

/** MNIST where it is at hand, else what the program generates, of the same shape. */
function defaultData(dataDir: string | undefined): string {
  const mnist = findKnown("mnist");
  const found = mnist && locate(mnist, "train", { dataDir }) && locate(mnist, "test", { dataDir });
  return found ? "mnist" : "glyphs";
}

/** As in the paper's tables. */
function defaultEpsilon({ shape }: Dataset): number {
  return shape[0] === 3 ? 2 / 255 : 0.1;
}

async function findModel(
  name: string,
  { shape, classes }: Dataset,
  seed: number,
  backend: Backend,
  stop: Stop | undefined,
): Promise<Model> {
  if (isModelPath(name)) return openModel(name, backend, stop);
  const network = architecture(name, { inputShape: shape, classes });
  return { network, weights: initialWeights(network, seed) };
}

/** `mnist-small`: an architecture is called after the data whose shape it has. */
function stepName(model: string, { name, shape }: Dataset): string {
  if (isModelPath(model)) return model;
  const prefix = String(shape) === "1,28,28" ? "mnist" : String(shape) === "3,32,32" ? "cifar" : name;
  return `${prefix}-${model}`;
}
