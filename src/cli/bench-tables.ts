import type { CertifyFigure } from "../bench/certify.js";
import { GROWTH_AXES, type GrowthAxis, type GrowthFigure, growthPower } from "../bench/growth.js";
import type { KernelFigure } from "../bench/kernels.js";
import type { StepFigure } from "../bench/steps.js";
import type { Output } from "./output.js";
import { formatCount } from "./wording.js";

export function printKernels(figures: readonly KernelFigure[], output: Output): void {
  output.table(
    ["kernel", "shape", "ms", "speed"],
    figures.flatMap((figure) => [...shapeRows(figure), totalRow(figure)]),
  );
}

function shapeRows(figure: KernelFigure): (readonly (string | number)[])[] {
  if ("nsPerElement" in figure) {
    return figure.shapes.map(({ shape, seconds, nsPerElement }) => [
      figure.name,
      shape,
      formatMs(seconds),
      formatNs(nsPerElement),
    ]);
  }
  return figure.shapes.map(({ shape, seconds, gflops, fractionOfPeak }) => [
    figure.name,
    shape,
    formatMs(seconds),
    formatSpeed(gflops, fractionOfPeak),
  ]);
}

function totalRow(figure: KernelFigure): readonly (string | number)[] {
  const seconds = figure.shapes.reduce((sum, shape) => sum + shape.seconds, 0);
  const speed =
    "nsPerElement" in figure
      ? formatNs(figure.nsPerElement)
      : formatSpeed(figure.gflops, figure.fractionOfPeak);
  return [figure.name, "all", formatMs(seconds), speed];
}

export function printTraining(steps: readonly StepFigure[], output: Output): void {
  output.table(
    ["step", "batch", "ms", "ms per example", "memory MB"],
    steps.map(({ name, batch, seconds, secondsPerExample, peakMemoryMB }) => [
      name,
      String(batch),
      formatMs(seconds),
      formatMs(secondsPerExample),
      peakMemoryMB.toFixed(0),
    ]),
  );
  output.prose("Milliseconds of a step are the median of its batches; memory is that of all tensors.");
}

/** What certification takes for each example, what it computes beside what it needs, and what comes out. */
export function printCertification(figures: readonly CertifyFigure[], output: Output): void {
  output.table(
    ["step", "ms", "MB", "needed", "done", "of peak", "error", "rounding"],
    figures.map((figure) => [
      // The ε of all of them stands below.
      figure.name.replace(/ certify, epsilon .*/, ""),
      formatMs(figure.secondsPerExample),
      figure.peakMemoryMB.toFixed(0),
      formatGiga(figure.multiplyAddsNeeded),
      formatGiga(figure.multiplyAddsDone),
      `${(100 * figure.fractionOfPeak).toFixed(0)} %`,
      `${(100 * figure.robustError).toFixed(1)} %`,
      `× ${figure.roundingCost.toFixed(2)}`,
    ]),
  );
  const [{ name, batch }] = figures;
  const epsilon = name.match(/ certify, epsilon (.*)/)?.[1];
  output.prose(
    `Certification${epsilon ? ` at epsilon ${epsilon}` : ""}, ${batch} at a time: milliseconds and multiply-adds are those of an example, memory is that of all tensors, the error is the robust one. Needed are the rows that the planner asked for, each layer that moves or adds numbers included; done are all products and slopes, with boxes and rounding. Rounding: the median of pairs of batches with and without it.`,
  );
}

/** How certification grows, a table for each axis. */
export function printGrowth(figures: readonly GrowthFigure[], output: Output): void {
  for (const axis of GROWTH_AXES) {
    const own = figures.filter((figure) => figure.axis === axis);
    if (own.length > 0) printAxis(axis, own, output);
  }
}

const GROWN: Readonly<Record<GrowthAxis, string>> = {
  side: "the image's side",
  blocks: "the number of blocks",
  channels: "the number of channels",
};

function printAxis(axis: GrowthAxis, figures: readonly GrowthFigure[], output: Output): void {
  output.table(
    [axis, "hidden units", "seconds", "MB", "needed", "done", "of peak"],
    figures.map((figure) => [
      figure[axis],
      formatCount(figure.hiddenUnits),
      figure.seconds.toPrecision(3),
      figure.peakMemoryMB.toFixed(0),
      formatGiga(figure.multiplyAddsNeeded),
      formatGiga(figure.multiplyAddsDone),
      `${(100 * figure.fractionOfPeak).toFixed(0)} %`,
    ]),
  );
  const powers = [
    ["time", growthPower(figures, ({ seconds }) => seconds)],
    ["multiply-adds", growthPower(figures, ({ multiplyAddsNeeded }) => multiplyAddsNeeded)],
    ["memory", growthPower(figures, ({ peakMemoryMB }) => peakMemoryMB)],
  ] as const;
  const told = powers.flatMap(([what, power]) => (power === null ? [] : [`${what} by ${power.toFixed(2)}`]));
  if (told.length > 0) {
    output.prose(`With ${GROWN[axis]}, by what power of the hidden units: ${told.join(", ")}.`);
  }
}

function formatGiga(multiplyAdds: number): string {
  const giga = multiplyAdds / 1e9;
  return `${giga >= 100 ? giga.toFixed(0) : giga.toPrecision(2)} G`;
}

function formatMs(seconds: number): string {
  const ms = 1000 * seconds;
  return ms >= 1000 ? ms.toFixed(0) : ms.toPrecision(3);
}

export function formatGflops(gflops: number): string {
  return gflops.toFixed(gflops < 10 ? 1 : 0);
}

function formatSpeed(gflops: number, fractionOfPeak: number): string {
  return `${formatGflops(gflops)} GFLOP/s, ${(100 * fractionOfPeak).toFixed(0)} % of peak`;
}

function formatNs(nsPerElement: number): string {
  return `${nsPerElement.toFixed(2)} ns per element per core`;
}
