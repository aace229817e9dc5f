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
}

/** Training examples that are held out to choose the epoch. */
const VALIDATION = { validation: 5000, evaluateEvery: 1 } as const;

/** Trainings of today, beside the paper's. */
export const INTERVAL_ROWS: readonly IntervalRow[] = [
  {
    ...{ data: "mnist", model: "small", ball: "mnist 0.3", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: VALIDATION },
    each: 0.5,
  },
  {
    ...{ data: "mnist", model: "medium", ball: "mnist 0.3", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: { ...VALIDATION, epochs: 40, rate: 5e-4 } },
    each: 0.5,
  },
  {
    ...{ data: "mnist", model: "small", ball: "mnist 0.1", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: VALIDATION },
    each: 0.5,
  },
  {
    ...{ data: "mnist", model: "medium", ball: "mnist 0.1", suffix: "ibp" },
    settings: { name: "ibp-mnist", overrides: { ...VALIDATION, epochs: 40, rate: 5e-4 } },
    each: 0.5,
  },
  {
    ...{ data: "cifar10", model: "cnn5-16", ball: "cifar 2/255", suffix: "mtl" },
    settings: { name: "mtl-ibp-cifar10", overrides: VALIDATION },
    each: 10,
  },
  {
    ...{ data: "cifar10", model: "cnn5-16", ball: "cifar 8/255", suffix: "ibp" },
    settings: { name: "ibp-cifar10", overrides: VALIDATION },
    each: 5,
  },
];
