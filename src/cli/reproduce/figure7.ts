import { SCALING_WAYS, type ScalingFigure, scalingName } from "../../bench/scaling.js";
import type { Figure, Series } from "../../report/plot.js";
import { readingFlags } from "../common-options.js";
import { planScaling, runScaling, SCALING_DIMENSION, scalingTable } from "../scaling.js";
import { formatCount } from "../wording.js";
import type { Target } from "./target.js";

/** Time and memory of a training step against the hidden units of a single convolution. */
export const figure7Target: Target = {
  name: "figure7",
  flags: ["data", "dataDir", "layout", "label", "epsilon", "most"],
  async run(flags, { backend }, output, signal) {
    const { data, epsilon, most, seed } = flags;
    const plan = await planScaling({
      norm: "linf",
      seed,
      ...(data !== undefined && { data }),
      ...readingFlags(flags),
      ...(epsilon !== undefined && { epsilon }),
      ...(most !== undefined && { most }),
    });
    const peakGflops = await backend.peakGflops();
    const { figures, notRun } = await runScaling(backend, plan, output, signal);
    if (signal.aborted) return null;
    const stopped = notRun.map(
      ({ name, hiddenUnits, neededMemoryMB }) =>
        `${name}, ${formatCount(hiddenUnits)} hidden units and more: not run: would need ` +
        `${(neededMemoryMB / 1024).toPrecision(2)} GB.`,
    );
    return {
      record: { peakGflops, threads: backend.threads, steps: figures, notRun },
      figure: figureOf(figures),
      table: scalingTable(figures),
      words: ["A robust training step of ten examples; memory is that of all tensors.", ...stopped].join(" "),
    };
  },
};

function figureOf(figures: readonly ScalingFigure[]): Figure {
  const series = (value: (figure: ScalingFigure) => number): Series[] =>
    SCALING_WAYS.flatMap((way) => {
      const own = figures.filter((figure) => figure.way === way);
      if (own.length === 0) return [];
      const name = scalingName(way, SCALING_DIMENSION).replace("scaling ", "");
      return [{ name, x: own.map(({ hiddenUnits }) => hiddenUnits), y: own.map(value) }];
    });
  const x = { label: "hidden units", scale: "log" } as const;
  return {
    title: "A training step against the size of a network (Figure 7)",
    panels: [
      { x, y: { label: "seconds", scale: "log" }, series: series(({ seconds }) => seconds) },
      { x, y: { label: "memory in MB", scale: "log" }, series: series(({ peakMemoryMB }) => peakMemoryMB) },
    ],
  };
}
