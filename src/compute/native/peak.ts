import type { Engine } from "./engine.js";

/** Long enough for threads to wake and clocks to settle, some hundredths of a second. */
const ITERATIONS = 10_000_000;
const RUNS = 5;

/** Billions of multiplications and additions per second on registers, on all threads: the best of a few runs. */
export async function measurePeak(engine: Engine): Promise<number> {
  let best = 0;
  for (let run = 0; run < RUNS; run++) {
    const { operations, seconds } = await engine.peak(ITERATIONS);
    best = Math.max(best, operations / seconds / 1e9);
  }
  return best;
}
