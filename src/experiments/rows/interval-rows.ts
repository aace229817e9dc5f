import type { TrainOverrides } from "../../train/settings/index.js";

/** A model that is trained by interval bounds, or by a loss that takes them in. */
export interface IntervalRow {
  readonly data: "mnist" | "cifar10";
  readonly model: string;
  readonly ball: "mnist 0.1" | "mnist 0.3" | "cifar 2/255" | "cifar 8/255";
  /** What its name ends with. */
  readonly suffix: string;
  readonly settings: { readonly name: string; readonly overrides: TrainOverrides };
  /** Stages; 1 if left out. */
  readonly cascade?: number;
  /** Seconds an example, branch and bound included. */
  readonly each?: number;
  /** 0 if left out. */
  readonly seed?: number;
}

/** Errors in per cent that others reached, whatever their network and their time, with where that stands. */
export const KNOWN: Readonly<
  Record<IntervalRow["ball"], { readonly robustError: number; readonly source: string }>
> = {
  "mnist 0.1": { robustError: 2.19, source: "Fan and Li 2021, large network" },
  "mnist 0.3": { robustError: 6.6, source: "Fan and Li 2021, large network" },
  "cifar 2/255": {
    robustError: 36.41,
    source: "the paper's cascade of its resnet, of the stage that answers",
  },
  "cifar 8/255": { robustError: 66.57, source: "Fan and Li 2021, large network" },
};

/** Training examples that are held out to choose the epoch. */
const VALIDATION = { validation: 2000, evaluateEvery: 1 } as const;

const MNIST_SMALL: Omit<IntervalRow, "suffix"> = {
  ...{ data: "mnist", model: "small", ball: "mnist 0.3", each: 1 },
  settings: { name: "ibp-mnist", overrides: VALIDATION },
};

const MNIST_MEDIUM = {
  ...VALIDATION,
  epochs: 80,
  rate: 1e-3,
  scheduleEpochs: 24,
  rateDecayEvery: 11,
} as const;

/** Rate and ramp of 30 epochs. */
const SHORT = { epochs: 30, scheduleEpochs: 10, rateDecayEvery: 5 } as const;

/** Trainings of today, beside the paper's. */
export const INTERVAL_ROWS: readonly IntervalRow[] = [
  { ...MNIST_SMALL, suffix: "ibp", cascade: 2 },
  { ...MNIST_SMALL, suffix: "ibp-seed-1", seed: 1 },
  { ...MNIST_SMALL, suffix: "ibp-seed-2", seed: 2 },
  {
    ...{ data: "mnist", model: "medium", ball: "mnist 0.3", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: { ...MNIST_MEDIUM, overshoot: 1.1 } },
    each: 2,
  },
  {
    ...{ ...MNIST_SMALL, suffix: "crown-ibp" },
    settings: { name: "ibp-mnist", overrides: { ...VALIDATION, ...SHORT, loss: "crown-ibp" } },
  },
  {
    ...{ ...MNIST_SMALL, ball: "mnist 0.1", suffix: "sabr" },
    settings: { name: "ibp-mnist", overrides: { ...VALIDATION, ...SHORT, loss: "sabr" } },
  },
  {
    ...{ data: "mnist", model: "small", ball: "mnist 0.1", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: VALIDATION },
    each: 0.5,
  },
  {
    ...{ data: "mnist", model: "medium", ball: "mnist 0.1", suffix: "ibp" },
    settings: {
      name: "ibp-mnist",
      overrides: {
        ...MNIST_MEDIUM,
        ...SHORT,
        overshoot: 2,
      },
    },
    each: 0.5,
  },
  {
    ...{ data: "cifar10", model: "cnn5-16", ball: "cifar 2/255", suffix: "mtl" },
    settings: { name: "mtl-ibp-cifar10", overrides: { ...VALIDATION, validation: 1000 } },
    each: 20,
  },
  {
    ...{ data: "cifar10", model: "cnn5-16", ball: "cifar 8/255", suffix: "ibp" },
    settings: {
      name: "ibp-cifar10",
      overrides: { ...VALIDATION, validation: 1000 },
    },
    each: 5,
  },
  {
    ...{ data: "cifar10", model: "cnn7-24", ball: "cifar 8/255", suffix: "mtl" },
    settings: {
      name: "mtl-ibp-cifar10",
      overrides: {
        ...{ validation: 1000, evaluateEvery: 2, epochs: 40 },
        // At a large ball interval bounds prove most of what is proved, and have a larger share; one step of attack costs least.
        ...{ intervalShare: 0.4, attackSteps: 1, attackScale: 1 },
      },
    },
    each: 30,
  },
];
