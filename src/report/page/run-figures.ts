import { aboutOf } from "../../threat/about.js";
import type { Figure, Panel, Series } from "../figure.js";
import { formatCount, formatEpsilon } from "../wording.js";
import { type Bin, binsOf } from "./bins.js";
import { smallestMargin } from "./margins.js";
import type { Curve, Epoch, RunRecord } from "./run-record.js";

/** A plot of a run: on the page, and as a file of its own by this name. */
export interface RunFigure {
  readonly name: string;
  readonly panel: Panel;
  readonly title: string;
}

/** Training and test curves against epochs, all stages after one another, on log axes, and the ε of each epoch. */
export function curveFigures(curves: readonly Curve[]): RunFigure[] {
  const x = { label: curves.length > 1 ? "epochs, all stages" : "epochs", whole: true };
  const robust = [
    ...linesOf(curves, "training", ({ robustError }) => inPercent(robustError), true),
    ...linesOf(curves, "test", ({ test }) => inPercent(test?.robustError ?? null), false),
  ];
  const standard = [
    ...linesOf(curves, "training", ({ error }) => inPercent(error), true),
    ...linesOf(curves, "test", ({ test }) => inPercent(test?.error ?? null), false),
  ];
  const losses =
    curves.length > 1
      ? linesOf(curves, "training", ({ robustLoss, loss }) => robustLoss ?? loss, true)
      : [
          ...linesOf(curves, "robust loss", ({ robustLoss }) => robustLoss, false),
          ...linesOf(curves, "standard loss", ({ loss }) => loss, true),
        ];
  const epsilon = linesOf(curves, "epsilon", ({ epsilon: value }) => value, false, true);
  const ofCascade = curves.some(({ epochs }) => epochs.some(({ test }) => test?.stages !== undefined));
  const whose = ofCascade ? `, on test examples of the ${aboutOf(2)}` : "";
  const figure = (name: string, title: string, label: string, series: readonly Series[]): RunFigure[] =>
    series.length === 0 ? [] : [{ name, title, panel: { x, y: { label, scale: "log" }, series } }];
  const most = epsilon.flatMap(({ y }) => y).reduce((a, b) => Math.max(a, b), 0);
  return [
    ...figure("robust-error", `Robust error${whose}, in per cent`, "robust error, %", robust),
    ...figure("loss", curves.length > 1 ? "Robust loss in training" : "Loss in training", "loss", losses),
    // Third, so that two columns of plots have it beneath the robust error.
    ...(epsilon.length === 0
      ? []
      : [
          {
            name: "epsilon",
            title: "ε at the end of each epoch",
            panel: {
              x,
              y: { label: "ε", domain: [0, Math.min(1.1 * most, Number.MAX_VALUE) || 1] as const },
              series: epsilon,
            },
          },
        ]),
    ...figure("error", "Standard error, in per cent", "error, %", standard),
  ];
}

function inPercent(fraction: number | null): number | null {
  return fraction === null ? null : 100 * fraction;
}

/** One line per stage. A value of 0 has no place on a log axis and is left out. */
function linesOf(
  curves: readonly Curve[],
  name: string,
  pick: (epoch: Epoch) => number | null,
  dashed: boolean,
  zero = false,
): Series[] {
  let before = 0;
  return curves.flatMap(({ stage, epochs }): Series[] => {
    const start = before;
    before += epochs.length;
    const points = epochs.flatMap((row) => {
      const y = pick(row);
      // Records of others may have null or nothing in the place of any figure.
      const hasPlace =
        Number.isFinite(y) && Number.isFinite(row.epoch) && (zero ? (y as number) >= 0 : (y as number) > 0);
      return hasPlace ? [{ x: start + row.epoch, y: y as number }] : [];
    });
    if (points.length === 0) return [];
    return [
      {
        name: stage === null ? name : `stage ${stage}, ${name}`,
        x: points.map((point) => point.x),
        y: points.map((point) => point.y),
        draw: "line",
        dashed,
      },
    ];
  });
}

/** A histogram, and what its values are. */
export interface Histogram {
  readonly name: string;
  readonly title: string;
  readonly label: string;
  readonly bins: readonly Bin[];
  /** Examples without a value. */
  readonly without: number;
}

/** The smallest margin of each example; null where no verdicts are at hand. */
export function marginHistogram({ verdicts, measured }: RunRecord): Histogram | null {
  if (verdicts.kind === "missing") return null;
  const margins = verdicts.value.map(smallestMargin);
  const values = margins.filter((margin) => margin !== null);
  const estimated = measured.kind === "known" && measured.value.guarantee === "estimate";
  return {
    name: "margins",
    title: estimated ? "Estimated margins" : "Certified margins",
    label: estimated ? "smallest estimated margin" : "smallest lower bound of a margin",
    bins: binsOf(values),
    without: margins.length - values.length,
  };
}

/** The largest certified ε of each example that was searched; null where they are not at hand. */
export function radiusHistogram({ radii }: RunRecord): Histogram | null {
  if (radii.kind === "missing") return null;
  return {
    name: "radii",
    title: "Certified radii",
    label: "largest certified ε",
    bins: binsOf(radii.value.rows.map(({ radius }) => radius)),
    without: 0,
  };
}

/** A histogram as steps over an area. */
function stepsOf({ bins, label, title }: Histogram): Panel {
  const x = bins.flatMap(({ low, high }) => [low, low, high, high]);
  const y = bins.flatMap(({ count }) => [0, count, count, 0]);
  const most = Math.max(...y);
  return {
    x: { label, domain: [bins[0].low, bins[bins.length - 1].high] },
    y: { label: "examples", domain: [0, 1.05 * most] },
    series: [{ name: title, x, y, yLow: y.map(() => 0), yHigh: y, draw: "line" }],
  };
}

/** Every plot of a run as a figure of its own, by file name. */
export function figuresOf(record: RunRecord): ReadonlyMap<string, Figure> {
  const figures = new Map<string, Figure>();
  const curves = record.curves.kind === "known" ? curveFigures(record.curves.value) : [];
  for (const { name, title, panel } of curves) {
    figures.set(name, { title: `${title}: ${record.title}`, panels: [panel] });
  }
  for (const histogram of [marginHistogram(record), radiusHistogram(record)]) {
    if (!histogram || histogram.bins.length === 0) continue;
    const count = histogram.bins.reduce((sum, bin) => sum + bin.count, 0);
    figures.set(histogram.name, {
      title: `${histogram.title} of ${formatCount(count)} examples, ${record.ball.norm}${
        histogram.name === "margins" ? `, ε = ${formatEpsilon(record.ball.epsilon)}` : ""
      }: ${record.title}`,
      panels: [stepsOf(histogram)],
    });
  }
  return figures;
}
