import type { TrainingProjections } from "../../estimators/training.js";
import type { Norm } from "../../threat/ball.js";
import { configOf, type TrainSubject } from "../../train/settings/config-of.js";
import type { TrainOverrides } from "../../train/settings/index.js";
import { trainSettings } from "../../train/settings/named.js";
import { INTERVAL_ROWS } from "./interval-rows.js";
import { PAPER_ROWS, type PaperRow } from "./paper-rows.js";

/** The tables whose rows are trained. */
export type TableName = "table2" | "table3" | "table4" | "intervals";
export const TABLES: readonly TableName[] = ["table2", "table3", "table4", "intervals"];

/** One row of the paper's Tables 2 to 4: what is trained, within which ball, and what the paper found. */
export interface TableRow {
  readonly id: string;
  readonly table: TableName;
  readonly data: "mnist" | "cifar10";
  readonly model: string;
  readonly norm: Norm;
  readonly epsilon: number;
  readonly projections: TrainingProjections;
  /** Stages of the cascade; 1 where the row has a single model only. */
  readonly cascade: number;
  /** Epochs of each stage, where they are not the settings'. */
  readonly epochs?: number;
  readonly paper: PaperRow;
  /** Named settings other than the paper's, and what of them is other. */
  readonly settings?: { readonly name: string; readonly overrides: TrainOverrides };
  /** Seconds an example for whatever proves it first. */
  readonly each?: number;
  /** Of weights and batches, where no flag says another; 0 if left out. */
  readonly seed?: number;
}

/** The paper's cascades have up to six stages. */
const STAGES = 6;

function rowOf(
  table: TableName,
  data: TableRow["data"],
  model: string,
  [epsilon, name]: readonly [number, string],
  more: Partial<
    Pick<TableRow, "projections" | "cascade" | "norm" | "epochs" | "settings" | "each" | "seed">
  > & {
    readonly suffix?: string;
  } = {},
): TableRow {
  const { suffix = "", ...own } = more;
  const prefix = data === "mnist" ? "mnist" : "cifar";
  const id = `${prefix}-${model}-${name}${suffix}`;
  return {
    id,
    table,
    data,
    model,
    norm: "linf",
    epsilon,
    projections: 50,
    cascade: STAGES,
    paper: PAPER_ROWS[id] ?? {},
    ...own,
  };
}

const MNIST_01 = [0.1, "0.1"] as const;
const MNIST_03 = [0.3, "0.3"] as const;
const CIFAR_2 = [2 / 255, "2-255"] as const;
const CIFAR_8 = [8 / 255, "8-255"] as const;

const BALLS = {
  "mnist 0.1": MNIST_01,
  "mnist 0.3": MNIST_03,
  "cifar 2/255": CIFAR_2,
  "cifar 8/255": CIFAR_8,
};

/** Table 3 compares widths and depths: single models, trained alike. */
const TABLE_3 = { projections: 10, cascade: 1 } as const;

/** In the order in which they are wanted. */
export const TABLE_ROWS: readonly TableRow[] = [
  rowOf("table2", "mnist", "small", MNIST_01, { projections: 10 }),
  // Ten projections leave gradients noisier than the paper's fifty: 15 epochs more, at rates that go on falling.
  rowOf("table2", "cifar10", "small", CIFAR_2, { projections: 10, epochs: 75 }),
  rowOf("table2", "mnist", "small", MNIST_01, {
    suffix: "-exact",
    projections: "exact",
  }),
  rowOf("table2", "mnist", "small", MNIST_03, { projections: 10 }),
  rowOf("table2", "cifar10", "small", CIFAR_8, { projections: 10 }),
  rowOf("table2", "mnist", "large", MNIST_01),
  rowOf("table2", "mnist", "large", MNIST_03),
  rowOf("table2", "cifar10", "large", CIFAR_2),
  rowOf("table2", "cifar10", "resnet", CIFAR_2),
  rowOf("table2", "cifar10", "large", CIFAR_8),
  rowOf("table2", "cifar10", "resnet", CIFAR_8),
  ...[1, 2, 4, 8].map((k) => rowOf("table3", "mnist", `wide${k}`, MNIST_01, TABLE_3)),
  ...[1, 2, 3].map((k) => rowOf("table3", "mnist", `deep${k}`, MNIST_01, TABLE_3)),
  ...[1, 2, 4].map((k) => rowOf("table3", "cifar10", `wide${k}`, CIFAR_2, TABLE_3)),
  ...[1, 2].map((k) => rowOf("table3", "cifar10", `deep${k}`, CIFAR_2, TABLE_3)),
  rowOf("table4", "mnist", "small", [1.58, "l2-1.58"], { norm: "l2", projections: 10 }),
  rowOf("table4", "mnist", "large", [1.58, "l2-1.58"], { norm: "l2" }),
  rowOf("table4", "cifar10", "small", [36 / 255, "l2-36-255"], { norm: "l2", projections: 10 }),
  rowOf("table4", "cifar10", "large", [36 / 255, "l2-36-255"], { norm: "l2" }),
  ...INTERVAL_ROWS.map(({ data, model, ball, suffix, ...own }) =>
    rowOf("intervals", data, model, BALLS[ball], {
      suffix: `-${suffix}`,
      projections: "exact",
      cascade: 1,
      ...own,
    }),
  ),
];

/** A short version of a row, to see that it runs: its figures say nothing about the paper's. */
export const QUICK = { epochs: 3, trainExamples: 2000, testExamples: 200, stages: 2 } as const;

/** Test examples by which epochs are evaluated, for curves as in Figure 3. */
const EVALUATED = 1000;

/** A row's configuration by the paper's settings (Section 4; DESIGN of the experiments). */
export function rowConfig(
  { data, norm, epsilon, projections, epochs, settings: other }: TableRow,
  subject: Omit<TrainSubject, "norm" | "epsilon" | "box">,
  quick: boolean,
) {
  const settings = trainSettings(other?.name ?? (data === "mnist" ? "paper-mnist" : "paper-cifar10"));
  const overrides: TrainOverrides = {
    projections,
    evaluateEvery: 1,
    evaluateLimit: quick ? QUICK.testExamples : EVALUATED,
    // More epochs follow the schedules of the paper's, and do not stretch them.
    ...(epochs !== undefined && {
      epochs,
      scheduleEpochs: settings.scheduleEpochs(settings.epochs),
      rateDecayEvery: settings.decayEvery(settings.epochs),
    }),
    ...other?.overrides,
    ...(quick && {
      validation: 0,
      epochs: QUICK.epochs,
      scheduleEpochs: undefined,
      rateDecayEvery: undefined,
    }),
  };
  // The paper cuts the ball by the box [0, 1] on MNIST only.
  const box: TrainSubject["box"] = norm === "linf" && (data === "mnist" || other) ? [0, 1] : null;
  return configOf(settings, { ...subject, norm, epsilon, box }, overrides);
}
