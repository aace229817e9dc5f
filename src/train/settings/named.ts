import { UsageError } from "../../errors.js";
import type { TrainingProjections } from "../../estimators/training.js";
import type { InitializationName } from "../../network/weights.js";
import type { TrainingAttack } from "../losses/attacked-point.js";
import type { LossName } from "../losses/index.js";
import type { OptimizerSettings } from "../optimizer.js";
import type { RampShape, WeightRange } from "../schedule.js";

/** How to train, whatever the data, the model, the ball and the machine are. */
export interface TrainSettings {
  readonly epochs: number;
  readonly batchSize: number;
  readonly projections: TrainingProjections;
  readonly optimizer: OptimizerSettings;
  readonly learningRate: number;
  /** What the rate is multiplied by. */
  readonly decayFactor: number;
  /** Epochs from one decay to the next, of so many epochs; 0 is none. */
  decayEvery(epochs: number): number;
  /** Epochs until ε is reached, of so many epochs. */
  scheduleEpochs(epochs: number): number;
  /** ε of the first step, by the last one, whatever the norm: a tenth of an ℓ2 ball of 1.58 left training at chance. */
  startEpsilon(epsilon: number): number;
  readonly gradientClip: number | null;
  readonly augmentation: { readonly flip: boolean; readonly crop: number } | null;
  /** Default `dual`. */
  readonly loss?: LossName;
  /** Default 1 from the start. */
  readonly kappa?: WeightRange;
  /** Default linear. */
  readonly schedule?: RampShape;
  /** Default 0. */
  readonly warmupEpochs?: number;
  readonly intervalShare?: number;
  readonly boxShare?: number;
  readonly attack?: TrainingAttack;
  /** Default 0. */
  readonly l1?: number;
  /** Default 0. */
  readonly averageEpochs?: number;
  /** Default 0. */
  readonly regularization?: number;
  /** Default `standard`. */
  readonly initialization?: InitializationName;
}

const MNIST: TrainSettings = {
  epochs: 60,
  batchSize: 50,
  projections: 50,
  optimizer: { kind: "adam", weightDecay: 0 },
  learningRate: 0.001,
  decayFactor: 0.5,
  // A run of another length keeps the proportions: a third for the ramp, four decays after it.
  decayEvery: (epochs) => Math.max(1, Math.round(epochs / 6)),
  scheduleEpochs: (epochs) => Math.round(epochs / 3),
  startEpsilon: (epsilon) => Math.min(0.01, epsilon),
  gradientClip: null,
  augmentation: null,
};

/** What goes with interval bounds, whatever the data: starting weights, regularisers, and a slow beginning (Shi et al. 2021). */
const INTERVALS: Partial<TrainSettings> = {
  // Rows that fill whole vectors: a step of 96 takes five sixths of the time of one of 100.
  batchSize: 96,
  projections: "exact",
  warmupEpochs: 1,
  schedule: "smooth",
  scheduleEpochs: (epochs) => Math.round(0.4 * epochs),
  startEpsilon: (epsilon) => epsilon / 100,
  decayEvery: (epochs) => Math.max(1, Math.round(epochs / 10)),
  gradientClip: 10,
  initialization: "ibp",
  regularization: 0.5,
};

/** Of CIFAR-10 pixels; the paper's ε is in units of normalised ones. */
const CIFAR_DEVIATION = 0.225;

/** Settings by name. `paper-…` are those of the paper's experiments (Section 4). */
export const TRAIN_SETTINGS: Readonly<Record<string, TrainSettings>> = {
  plain: {
    ...MNIST,
    epochs: 10,
    projections: "exact",
    decayEvery: () => 10,
    scheduleEpochs: (epochs) => Math.max(1, Math.floor(epochs / 2)),
    startEpsilon: (epsilon) => epsilon / 100,
  },
  "paper-mnist": MNIST,
  "ibp-mnist": {
    ...MNIST,
    ...INTERVALS,
    epochs: 100,
    loss: "ibp",
    learningRate: 0.001,
  },
  "mtl-ibp-cifar10": {
    ...MNIST,
    ...INTERVALS,
    epochs: 36,
    scheduleEpochs: (epochs) => Math.round(epochs / 3),
    decayEvery: (epochs) => Math.max(1, Math.round(epochs / 7)),
    loss: "mtl-ibp",
    learningRate: 0.001,
    intervalShare: 0.02,
    attack: { steps: 3, scale: 1.5 },
    l1: 1e-6,
    augmentation: { flip: true, crop: 2 },
  },
  "ibp-cifar10": {
    ...MNIST,
    ...INTERVALS,
    epochs: 60,
    loss: "ibp",
    learningRate: 0.001,
    augmentation: { flip: true, crop: 2 },
  },
  "paper-cifar10": {
    ...MNIST,
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
    learningRate: 0.05,
    startEpsilon: (epsilon) => Math.min(0.001 * CIFAR_DEVIATION, epsilon),
    gradientClip: 1,
    augmentation: { flip: true, crop: 4 },
  },
};

/** The settings of this name; a `UsageError` that lists the names for one that there is not. */
export function trainSettings(name: string): TrainSettings {
  const settings = Object.hasOwn(TRAIN_SETTINGS, name) ? TRAIN_SETTINGS[name] : undefined;
  if (settings) return settings;
  throw new UsageError(
    `settings: expected ${Object.keys(TRAIN_SETTINGS).join(", ")}, found ${JSON.stringify(name)}`,
  );
}
