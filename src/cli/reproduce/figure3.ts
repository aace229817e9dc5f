import { join } from "node:path";
import { FormatError, UsageError } from "../../errors.js";
import type { Figure, Series } from "../../report/plot.js";
import { type CascadeStageRow, isCascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import type { EpochRow } from "../../train/config.js";
import { RunFolder } from "../../train/run-folder.js";
import type { TableContent } from "../table.js";
import { formatCount, formatPercent, plural } from "../wording.js";
import type { Target } from "./target.js";

/** One stage's curves, and the cascade up to it when the stage was finished. */
interface StageCurve {
  readonly stage: number;
  readonly trainedOn: number;
  readonly epochs: readonly EpochRow[];
  readonly evaluation: CascadeStageRow["evaluation"];
}

/** Robust error against epochs as stages are added to a cascade: in training of each stage, on test examples of all. */
export const figure3Target: Target = {
  name: "figure3",
  flags: ["model"],
  async run(flags) {
    const [folder, ...others] = flags.model ?? [];
    if (folder === undefined || others.length > 0) {
      throw new UsageError(
        "--model: expected the run folder of one cascade, as autodual train --cascade or reproduce table2 leave it, " +
          `found ${others.length > 0 ? `${others.length + 1} of them` : "none"}`,
      );
    }
    if (!isCascadeRun(folder)) throw new FormatError(`${folder}: expected the run folder of a cascade`);
    const run = await readCascadeRun(folder);
    const curves: StageCurve[] = [];
    for (const [stage, { folder: name, trainedOn, evaluation }] of run.stages.entries()) {
      if (trainedOn === null) continue;
      const { epochs } = await RunFolder.open(join(folder, name)).readRun();
      curves.push({ stage: stage + 1, trainedOn, epochs, evaluation });
    }
    if (curves.length === 0) {
      throw new FormatError(
        `${folder}: expected a cascade with a stage that was trained in it, found none so far`,
      );
    }
    return {
      // Where the data lay says nothing about the curves.
      record: { config: { ...run.config, data: { ...run.config.data, dataDir: null } }, curves },
      figure: figureOf(curves),
      table: tableOf(curves),
      words:
        "Training errors are of the examples that a stage is trained on, at the epsilon of the epoch and by its bounds; test " +
        "errors are of the cascade up to that stage, under attacks on the stage that answers, at the last epsilon, by deterministic " +
        "bounds: in the table on " +
        `${plural(curves[0].evaluation.examples, "test example")}, in the plot on those that epochs were evaluated on.`,
    };
  },
};

/** A stage has one colour, on test examples a solid line and in training a dashed one. */
function figureOf(curves: readonly StageCurve[]): Figure {
  const before = curves.map((_, i) => curves.slice(0, i).reduce((sum, { epochs }) => sum + epochs.length, 0));
  const lines = (pick: (row: EpochRow) => number | null | undefined, dashed: boolean): Series[] =>
    curves.flatMap(({ stage, epochs }, i) => {
      const points = epochs.flatMap((row) => {
        const y = pick(row);
        return y === null || y === undefined || y <= 0 ? [] : [{ x: before[i] + row.epoch, y }];
      });
      if (points.length === 0) return [];
      const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
      return [{ name: `stage ${stage}`, x, y, draw: "line", dashed }];
    });
  return {
    title: "Robust error of the stage that answers as stages are added to a cascade (Figure 3)",
    panelSize: { width: 520, height: 300 },
    panels: [
      {
        x: { label: "epochs, all stages", whole: true },
        y: { label: "robust error on test examples, dashed: in training", scale: "log" },
        series: [
          ...lines(({ test }) => test?.robustError, false),
          ...lines(({ robustError }) => robustError, true),
        ],
      },
    ],
  };
}

function tableOf(curves: readonly StageCurve[]): TableContent {
  return {
    head: ["stage", "trained on", "epochs", "training", "test, cascade"],
    rows: curves.map(({ stage, trainedOn, epochs, evaluation }) => {
      const last = epochs[epochs.length - 1]?.robustError ?? null;
      return [
        String(stage),
        formatCount(trainedOn),
        String(epochs.length),
        last === null ? "" : formatPercent(last),
        formatPercent(evaluation.robustError, "upper"),
      ];
    }),
  };
}
