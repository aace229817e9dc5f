import type { Backend } from "../compute/backend.js";

/** How long a piece of work takes. */
export interface Timing {
  /** The median of the runs. */
  readonly seconds: number;
  readonly runs: number;
  /** Seconds of each run. */
  readonly times: readonly number[];
  /** The most that tensors took at once during any run. */
  readonly peakBytes: number;
}

export interface MeasureOptions {
  /** Runs that do not count, so that memory and caches are warm. Default 1. */
  readonly warmup?: number;
  /** Fewest runs that count. Default 5. */
  readonly least?: number;
  /** Most runs that count. Default: no limit. */
  readonly most?: number;
  /** No further run begins after this, once the fewest are done. Default 0.5. */
  readonly seconds?: number;
}

/** Runs `work` several times, each until the backend has finished. */
export async function measure(
  backend: Backend,
  work: () => void | Promise<void>,
  { warmup = 1, least = 5, most = Number.POSITIVE_INFINITY, seconds = 0.5 }: MeasureOptions = {},
): Promise<Timing> {
  const run = async (): Promise<number> => {
    const began = performance.now();
    await work();
    await backend.finish();
    return (performance.now() - began) / 1000;
  };
  for (let i = 0; i < warmup; i++) await run();
  backend.memory(true);
  const times: number[] = [];
  let spent = 0;
  while (times.length < least || (times.length < most && spent < seconds)) {
    const time = await run();
    times.push(time);
    spent += time;
  }
  return { seconds: median(times), runs: times.length, times, peakBytes: backend.memory().peakBytes };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
