import type { Dataset } from "../../data/dataset.js";
import type { LoadedModel } from "../../formats/model-file.js";
import { evaluationInWords, ROUNDING_LEFT_OUT } from "../../report/guarantee.js";
import { type RadiusRow, radiusSummary } from "../../runs/radius-record.js";
import type { Evaluation } from "../../threat/evaluation.js";
import type { Output } from "../output.js";
import {
  type BallInWords,
  formatBox,
  formatDuration,
  formatNumber,
  formatPercent,
  plural,
} from "../wording.js";

/** The table of `radius`, and how its radii were found. */
export function printRadii(
  rows: readonly RadiusRow[],
  model: LoadedModel,
  dataset: Dataset,
  ball: BallInWords,
  settings: {
    most: number;
    tolerance: number;
    seconds: number;
    timeout: number | undefined;
    /** Whether the time ended the search. */
    isOver: boolean;
    evaluation: Evaluation | null;
  },
  output: Output,
): void {
  const { error, mean, median, largest } = radiusSummary(rows);
  const broken = rows.filter((row) => row.broken !== null).length;
  output.figures([
    ["model", model.path],
    ["data", `${dataset.name} (${dataset.split}), ${plural(dataset.count, "example")}`],
    ["ball", `${ball.norm}, ${formatBox(ball.box)}, up to ${settings.most}`],
    ["error", formatPercent(error)],
    ["mean radius", formatNumber(mean)],
    ["median radius", formatNumber(median)],
    ["largest radius", formatNumber(largest)],
    ...(settings.timeout === undefined ? [] : [["broken within the largest", String(broken)] as const]),
    ["time", formatDuration(settings.seconds)],
  ]);
  if (settings.isOver)
    output.print("The time was over before all was searched: radii may be larger than found.");
  const wrong = rows.filter(({ prediction, label }) => prediction !== label).length;
  output.prose(
    `${provenance(rows, settings.tolerance, settings.timeout !== undefined)} ${arithmetic(settings.evaluation)} In the summary an example that is ` +
      `predicted wrongly counts as 0: ${plural(wrong, "example")} here.`,
  );
}

/** What the proofs hold for. */
function arithmetic(evaluation: Evaluation | null): string {
  return evaluation === null
    ? ROUNDING_LEFT_OUT
    : `The proofs count all rounding: they hold ${evaluationInWords(evaluation)}.`;
}

/** How radii were found, and how far from the true ones they may be. */
function provenance(rows: readonly RadiusRow[], tolerance: number, searched: boolean): string {
  if (!searched) {
    return (
      `Each radius was certified by deterministic bounds (no estimates) and lies within ${formatNumber(tolerance)} of the ` +
      "largest that these bounds certify; the true one may be larger."
    );
  }
  const met = rows.filter(({ radius, broken }) => broken !== null && broken - radius <= tolerance).length;
  return (
    `Each radius was certified by deterministic bounds (no estimates), or proved by branch and bound. For ${met} of ` +
    `${plural(rows.length, "example")} an input of another class was found within ${formatNumber(tolerance)} more; the ` +
    "other true radii may be larger."
  );
}
