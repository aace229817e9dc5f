import {
  benchScaling,
  SCALING_WAYS,
  type ScalingFigure,
  type ScalingNotRun,
  type ScalingSubject,
  type ScalingWay,
  scalingFilters,
  scalingModel,
} from "../bench/scaling.js";
import type { Backend } from "../compute/backend.js";
import { nextTurn } from "../compute/deadline.js";
import { scalingSubject } from "./bench-subjects.js";
import type { Output } from "./output.js";
import type { TableContent } from "./table.js";
import { formatCount } from "./wording.js";

/** What is to be measured: each way at its numbers of filters. */
export interface ScalingPlan {
  readonly subject: ScalingSubject;
  readonly sizes: readonly { readonly way: ScalingWay; readonly filters: number }[];
}

export interface ScalingOutcome {
  readonly figures: readonly ScalingFigure[];
  readonly notRun: readonly ScalingNotRun[];
}

export const NO_SCALING: ScalingOutcome = { figures: [], notRun: [] };

/** The paper's r for this figure. */
export const SCALING_DIMENSION = 50;
/** Bytes beyond which generators are not pushed. */
const MEMORY_LIMIT = 8 * 2 ** 30;

/** Throws `UsageError` for data that is not there, or fewer hidden units than one filter has. */
export async function planScaling(
  flags: Parameters<typeof scalingSubject>[0] & { readonly most?: number },
): Promise<ScalingPlan> {
  const subject = await scalingSubject(flags);
  const [, height, width] = subject.inputShape;
  const sizes = SCALING_WAYS.flatMap((way) =>
    scalingFilters(way, height * width, flags.most).map((filters) => ({ way, filters })),
  );
  return { subject, sizes };
}

/** Every size is measured in so many rounds, so that a machine that is slow for a while is so for all of them. */
const ROUNDS = 3;

/** Measures all sizes, until the signal aborts; of a way that memory has no room for, no larger size is tried. */
export async function runScaling(
  backend: Backend,
  { subject, sizes }: ScalingPlan,
  output: Output,
  signal?: AbortSignal,
): Promise<ScalingOutcome> {
  const rounds = sizes.map((): ScalingFigure[] => []);
  const notRun: ScalingNotRun[] = [];
  const progress = output.progress({ label: "scaling", unit: "measurements", total: ROUNDS * sizes.length });
  const settings = { dimension: SCALING_DIMENSION, memoryLimit: MEMORY_LIMIT };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, { way, filters }] of sizes.entries()) {
        if (
          notRun.some(
            (stopped) => stopped.way === way && stopped.hiddenUnits <= hiddenUnitsOf(subject, filters),
          )
        )
          continue;
        const result = await benchScaling(backend, subject, way, scalingModel(subject, filters), settings);
        if ("neededMemoryMB" in result) notRun.push(result);
        else rounds[i].push(result);
        progress.update(round * sizes.length + i + 1, result.name);
        await nextTurn();
        if (signal?.aborted) break;
      }
      if (signal?.aborted) break;
    }
  } finally {
    progress.stop();
  }
  return { figures: rounds.flatMap((own) => (own.length > 0 ? [ofMedianTime(own)] : [])), notRun };
}

function hiddenUnitsOf({ inputShape: [, height, width] }: ScalingSubject, filters: number): number {
  return filters * height * width;
}

function ofMedianTime(figures: readonly ScalingFigure[]): ScalingFigure {
  return [...figures].sort((a, b) => a.seconds - b.seconds)[figures.length >> 1];
}

export function scalingTable(figures: readonly ScalingFigure[]): TableContent {
  return {
    head: ["step", "hidden units", "seconds", "us per unit", "MB", "bytes per unit"],
    rows: figures.map((figure) => [
      figure.name,
      formatCount(figure.hiddenUnits),
      figure.seconds.toPrecision(3),
      (1e6 * figure.secondsPerHiddenUnit).toPrecision(3),
      figure.peakMemoryMB.toFixed(0),
      figure.bytesPerHiddenUnit.toFixed(0),
    ]),
  };
}

export function printScaling(
  figures: readonly ScalingFigure[],
  notRun: readonly ScalingNotRun[],
  output: Output,
): void {
  const { head, rows } = scalingTable(figures);
  output.table(head, rows);
  for (const { name, hiddenUnits, neededMemoryMB } of notRun) {
    const needed = `${(neededMemoryMB / 1024).toPrecision(2)} GB`;
    output.prose(
      `${name}, ${formatCount(hiddenUnits)} hidden units and more: not run: would need ${needed}.`,
    );
  }
}
