import type { Backend } from "../../compute/backend.js";
import type { Dataset } from "../../data/dataset.js";
import { findKnown, loadDataset } from "../../data/load.js";
import { locate } from "../../data/locate.js";
import type { TrainingProjections } from "../../estimators/training.js";
import { type Figure2Curve, type Figure2Point, figure2 } from "../../experiments/figure2.js";
import { architecture } from "../../network/architectures.js";
import type { Figure, Series } from "../../report/plot.js";
import { inOrder } from "../../runs/example-batches.js";
import { batchSource } from "../../runs/training/batch-source.js";
import { DATA_SEED, dataConfig } from "../../runs/training/data-config.js";
import type { TrainConfig } from "../../train/config.js";
import { configOf, type TrainSubject } from "../../train/settings/config-of.js";
import { trainSettings } from "../../train/settings/named.js";
import { readingFlags } from "../common-options.js";
import type { TableContent } from "../table.js";
import { formatDuration, formatPercent, plural } from "../wording.js";
import type { ReproduceFlags, Target } from "./target.js";

const PROJECTIONS: readonly TrainingProjections[] = [10, 50, "exact"];
const EPOCHS = 10;
const TRAIN_EXAMPLES = 10_000;
const TEST_EXAMPLES = 2000;
const BATCH = 50;
const EPSILON = 0.1;

/** Robust training with projections of several dimensions and with deterministic bounds, evaluated by the latter. */
export const figure2Target: Target = {
  name: "figure2",
  flags: [
    "model",
    "data",
    "dataDir",
    "layout",
    "label",
    "epsilon",
    "projections",
    "epochs",
    "limit",
    "testLimit",
  ],
  async run(flags, { backend }, output, signal) {
    const { dataDir } = flags;
    const name = flags.data ?? defaultData(dataDir);
    const load = (split: "train" | "test", limit: number) =>
      loadDataset(name, { split, limit, ...readingFlags(flags), seed: DATA_SEED });
    const train = await load("train", flags.limit ?? TRAIN_EXAMPLES);
    const test = await load("test", flags.testLimit ?? TEST_EXAMPLES);
    const model = flags.model?.[0] ?? "small";
    const network = architecture(model, { inputShape: train.shape, classes: train.classes });
    const config = figureConfig(flags, name, model, train, backend);
    const projections = flags.projections ?? PROJECTIONS;
    const source = batchSource(train, config);
    const settings = { network, config, source, test: [...inOrder(test, BATCH)] };
    const progress = output.progress({
      label: "figure2",
      unit: "epochs",
      total: projections.length * config.epochs,
    });
    let done = 0;
    try {
      const curves = await figure2(
        backend,
        settings,
        projections,
        (curve, point) => {
          progress.line(`${curveName(curve)}  ${pointInWords(point)}`);
          progress.update(++done, curveName(curve));
        },
        signal,
      );
      return {
        record: { config, test: test.count, curves },
        figure: figureOf(curves),
        table: tableOf(curves),
        words:
          `Robust error of ${plural(test.count, "test example")} by deterministic bounds, after training on ` +
          `${plural(train.count, "example")} of ${train.name}; one seed.`,
      };
    } finally {
      progress.stop();
    }
  },
};

function defaultData(dataDir: string | undefined): string {
  const mnist = findKnown("mnist");
  return mnist && locate(mnist, "train", { dataDir }) ? "mnist" : "glyphs";
}

function figureConfig(
  flags: ReproduceFlags,
  name: string,
  model: string,
  train: Dataset,
  backend: Pick<Backend, "name" | "dtype">,
): TrainConfig {
  const subject: TrainSubject = {
    data: dataConfig(train, { name, limit: train.count, ...readingFlags(flags) }),
    model,
    norm: "linf",
    epsilon: flags.epsilon ?? EPSILON,
    box: [0, 1],
    seed: flags.seed,
    backend: backend.name,
    dtype: backend.dtype,
  };
  return configOf(trainSettings("plain"), subject, { epochs: flags.epochs ?? EPOCHS, batch: BATCH });
}

function curveName(projections: TrainingProjections): string {
  if (projections === "exact") return "deterministic";
  return projections === "auto" ? projections : `r = ${projections}`;
}

function pointInWords({ epoch, testError, testRobustError, seconds }: Figure2Point): string {
  return (
    `epoch ${epoch}  test error ${formatPercent(testError)}  ` +
    `robust ${formatPercent(testRobustError, "upper")}  ${formatDuration(seconds)}`
  );
}

function figureOf(curves: readonly Figure2Curve[]): Figure {
  const series = (value: (point: Figure2Point) => number): Series[] =>
    curves.map(({ projections, points }) => ({
      name: curveName(projections),
      x: points.map(({ epoch }) => epoch),
      y: points.map(value),
      dashed: projections === "exact",
    }));
  return {
    title: "Robust training by random projections and by deterministic bounds (Figure 2)",
    panels: [
      {
        x: { label: "epoch" },
        y: { label: "robust loss in training", scale: "log" },
        series: series(({ trainRobustLoss }) => trainRobustLoss),
      },
      {
        x: { label: "epoch" },
        y: { label: "robust test error, deterministic bounds", scale: "log" },
        series: series(({ testRobustError }) => testRobustError),
      },
    ],
  };
}

function tableOf(curves: readonly Figure2Curve[]): TableContent {
  return {
    head: ["bounds", "epochs", "test error", "robust test error", "seconds per epoch"],
    rows: curves.map(({ projections, points }) => {
      const last = points[points.length - 1];
      const seconds = points.reduce((sum, point) => sum + point.seconds, 0) / points.length;
      return [
        curveName(projections),
        String(points.length),
        formatPercent(last.testError),
        formatPercent(last.testRobustError, "upper"),
        seconds.toFixed(1),
      ];
    }),
  };
}
