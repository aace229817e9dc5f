import { basename } from "node:path";
import { nextTurn } from "../../compute/deadline.js";
import { SKETCH_FORMS } from "../../dual/estimator.js";
import { type Figure6Row, figure6, type RelativeError, shrinkage } from "../../experiments/figure6.js";
import type { Figure, Panel, Series } from "../../report/plot.js";
import { benchSubjects } from "../bench-subjects.js";
import { readingFlags } from "../common-options.js";
import type { TableContent } from "../table.js";
import { formatNumber } from "../wording.js";
import type { ReproduceFlags, Target } from "./target.js";

const DIMENSIONS = [10, 20, 50, 100, 200, 400];
const EXAMPLES = 20;
const SKETCHES = 10;

/** Relative error of the median's estimates against the projection dimension, layer by layer. */
export const figure6Target: Target = {
  name: "figure6",
  flags: ["model", "data", "dataDir", "layout", "label", "epsilon", "projections", "limit", "sketches"],
  async run(flags, { backend }, output, signal) {
    const limit = flags.limit ?? EXAMPLES;
    const subjects = await benchSubjects(backend, "certify", {
      model: flags.model ?? ["small"],
      norm: "linf",
      batch: limit,
      limit,
      seed: flags.seed,
      ...(flags.data !== undefined && { data: flags.data }),
      ...readingFlags(flags),
      ...(flags.epsilon !== undefined && { epsilon: flags.epsilon }),
    });
    const dimensions = dimensionsOf(flags);
    const sketches = flags.sketches ?? SKETCHES;
    const total = subjects.length * dimensions.length * SKETCH_FORMS.length * sketches;
    const progress = output.progress({ label: "figure6", unit: "layers", total });
    const rows: Figure6Row[] = [];
    let done = 0;
    try {
      for (const { name, model, ball, batches } of subjects) {
        const weights = basename(name.replace(/ certify.*$/, ""));
        const subject = { weights, model, ball, batch: batches[0] };
        for (const form of SKETCH_FORMS) {
          for (const dimension of dimensions) {
            const settings = { dimensions: [dimension], forms: [form], sketches };
            const tell = () => progress.update(++done, `${weights} ${form} r=${dimension}`);
            rows.push(...(await figure6(backend, subject, settings, tell)));
            await nextTurn();
            if (signal.aborted) return null;
          }
        }
      }
    } finally {
      progress.stop();
    }
    return {
      record: { examples: limit, sketches, rows, shrinkage: slopes(rows) },
      figure: figureOf(rows),
      table: tableOf(rows),
      words:
        "Relative errors of estimated widths, mean and standard deviation over neurons, examples and sketches: width, of " +
        "networks whose layers are all estimated; estimate, over the lines of the network without estimates.",
    };
  },
};

function dimensionsOf({ projections }: ReproduceFlags): readonly number[] {
  return (projections ?? DIMENSIONS).filter((projection) => typeof projection === "number");
}

/** Curves of the figure: weights and form. */
function curvesOf(rows: readonly Figure6Row[], layer: number): Map<string, Figure6Row[]> {
  const curves = new Map<string, Figure6Row[]>();
  for (const row of rows) {
    if (row.layer !== layer || isUnestimated(row)) continue;
    const name = `${row.form}, ${row.weights}`;
    curves.set(name, [...(curves.get(name) ?? []), row]);
  }
  return curves;
}

/** Whether nothing is estimated, as in the joint form's first layer. */
function isUnestimated({ width }: Figure6Row): boolean {
  return width.deviation < 1e-5 && Math.abs(width.mean) < 1e-5;
}

function slopes(rows: readonly Figure6Row[]) {
  return layersOf(rows).flatMap((layer) =>
    [...curvesOf(rows, layer)].map(([curve, points]) => ({
      layer,
      curve,
      slope: shrinkage(
        points.map(({ dimension, estimate }) => ({ dimension, deviation: estimate.deviation })),
      ),
    })),
  );
}

function layersOf(rows: readonly Figure6Row[]): number[] {
  return [...new Set(rows.map(({ layer }) => layer))].filter((layer) => curvesOf(rows, layer).size > 0);
}

function figureOf(rows: readonly Figure6Row[]): Figure {
  const all = layersOf(rows);
  const deep = all.filter((layer) => layer > 1);
  const layers = deep.length > 0 ? deep : all;
  return {
    title: "Estimates of bound widths by random projections (Figure 6)",
    panelSize: { width: 240, height: 220 },
    panels: layers.flatMap((layer) => [
      panelOf(rows, layer, `activation ${layer}: the estimate`, ({ estimate }) => estimate),
      panelOf(rows, layer, `activation ${layer}: whole network`, ({ width }) => width),
    ]),
  };
}

function panelOf(
  rows: readonly Figure6Row[],
  layer: number,
  title: string,
  error: (row: Figure6Row) => RelativeError,
): Panel {
  return {
    title,
    x: { label: "projection dimension r", scale: "log" },
    y: { label: "standard deviation of the relative error", scale: "log" },
    series: [...curvesOf(rows, layer)].map(
      ([name, points]): Series => ({
        name,
        x: points.map(({ dimension }) => dimension),
        y: points.map((row) => error(row).deviation),
        dashed: name.startsWith("per-term"),
      }),
    ),
  };
}

function tableOf(rows: readonly Figure6Row[]): TableContent {
  const told = ({ mean, deviation }: Figure6Row["width"]) =>
    `${signed(mean)} ± ${formatNumber(round(deviation))}`;
  return {
    head: ["weights", "layer", "form", "r", "width", "estimate"],
    rows: rows
      .filter((row) => !isUnestimated(row))
      .map(({ weights, layer, form, dimension, width, estimate }) => [
        weights,
        String(layer),
        form,
        String(dimension),
        told(width),
        told(estimate),
      ]),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${formatNumber(round(Math.abs(value)))}`;
}
