import { AutodualError } from "../../src/errors.js";

/** What a call came to, and what it took. */
export interface Cost {
  /** What it gave; absent where it threw. */
  readonly value?: unknown;
  /** The message of an error of the package's own. */
  readonly refusal?: string;
  /** Of any other error. */
  readonly stack?: string;
  /** Of the processor. */
  readonly seconds: number;
  /** By which it raised what the process had resident at most, bytes. */
  readonly memory: number;
}

/** Runs a call within this process and tells what it took. */
export async function costOf(call: () => unknown): Promise<Cost> {
  const [cpu, resident] = [process.cpuUsage(), process.resourceUsage().maxRSS];
  let outcome: Pick<Cost, "value" | "refusal" | "stack">;
  try {
    outcome = { value: await call() };
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    outcome = error instanceof AutodualError ? { refusal: error.message } : { stack };
  }
  const { user, system } = process.cpuUsage(cpu);
  const memory = 1024 * (process.resourceUsage().maxRSS - resident);
  return { ...outcome, seconds: (user + system) / 1e6, memory };
}
