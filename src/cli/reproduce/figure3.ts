import { join } from "node:path";
import { FormatError, UsageError } from "../../errors.js";
import type { Figure, Series } from "../../report/plot.js";
import { isCascadeRun, readCascadeRun } from "../../train/cascade-run.js";
import type { EpochRow } from "../../train/config.js";
import { RunFolder } from "../../train/run-folder.js";
import { formatTable } from "../table.js";
import { formatPercent } from "../wording.js";
import type { Target } from "./target.js";

/** One stage's curves. */
interface StageCurve {
  readonly stage: number;
  readonly trainedOn: number | null;
  readonly epochs: readonly EpochRow[];
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
    for (const [stage, { folder: name, trainedOn }] of run.stages.entries()) {
      if (trainedOn === null) continue;
      const { epochs } = await RunFolder.open(join(folder, name)).readRun();
      curves.push({ stage: stage + 1, trainedOn, epochs });
    }
    if (curves.length === 0) {
      throw new FormatError(
        `${folder}: expected a cascade with a stage that was trained in it, found none so far`,
      );
    }
    return {
      record: { config: run.config, curves },
      figure: figureOf(curves),
      table: tableOf(
        curves,
        run.stages.map(({ evaluation }) => evaluation.robustError),
      ),
      words:
        "Training errors are of the examples that a stage is trained on, at the epsilon of the epoch and by its bounds; test " +
        "errors are of the cascade up to that stage, at the last epsilon, by exact bounds.",
    };
  },
};

function figureOf(curves: readonly StageCurve[]): Figure {
  const before = curves.map((_, i) => curves.slice(0, i).reduce((sum, { epochs }) => sum + epochs.length, 0));
  const line = (
    name: string,
    pick: (row: EpochRow) => number | null | undefined,
    dashed: boolean,
  ): Series[] =>
    curves.flatMap(({ stage, epochs }, i) => {
      const points = epochs.flatMap((row) => {
        const y = pick(row);
        return y === null || y === undefined || y <= 0 ? [] : [{ x: before[i] + row.epoch, y }];
      });
      if (points.length === 0) return [];
      const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
      return [{ name: `stage ${stage}, ${name}`, x, y, draw: "line", dashed }];
    });
  return {
    title: "Robust error as stages are added to a cascade (Figure 3)",
    panelSize: { width: 520, height: 300 },
    panels: [
      {
        x: { label: "epochs, all stages" },
        y: { label: "robust error", scale: "log" },
        series: [
          ...line("training", ({ robustError }) => robustError, true),
          ...line("test", ({ test }) => test?.robustError, false),
        ],
      },
    ],
  };
}

function tableOf(curves: readonly StageCurve[], robust: readonly number[]): string {
  return formatTable(
    ["stage", "trained on", "epochs", "robust error in training", "of the cascade, test"],
    curves.map(({ stage, trainedOn, epochs }) => {
      const last = epochs[epochs.length - 1]?.robustError ?? null;
      return [
        String(stage),
        String(trainedOn),
        String(epochs.length),
        last === null ? "" : formatPercent(last),
        formatPercent(robust[stage - 1], "upper"),
      ];
    }),
  );
}
