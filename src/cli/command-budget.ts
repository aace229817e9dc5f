import type { Backend } from "../compute/backend.js";
import { Budget, DEFAULT_MEMORY } from "../compute/budget.js";
import { Deadline } from "../compute/deadline.js";
import { UsageError } from "../errors.js";
import type { Io } from "./io.js";

/** Of `--memory`, what tensors get even where the process has taken most of it before they come. */
const LEAST_SHARE = 0.5;

/** What a command was given, and what it took, as it stands in the JSON. */
export interface BudgetRecord {
  /** `--memory`: bytes. */
  readonly memory: number;
  /** The most bytes that the process had resident, Node and the loaded model included. */
  readonly peakMemory: number;
  /** The most bytes that tensors took at once. */
  readonly peakTensors: number;
  /** Seconds that the command had; null without a deadline. */
  readonly timeout: number | null;
  /** Seconds by which it ended later; 0 if it did not, null without a deadline. */
  readonly secondsPast: number | null;
}

/** Where nothing can be said since the time was over before the work was done; `found` says how far it came. */
export function overAfter(found: string, seconds: number | undefined): UsageError {
  return new UsageError(`--timeout: expected more seconds, found ${seconds}, which were over after ${found}`);
}

/** Where nothing can be said since a model or its data were not even read in time. */
export function loadedTooLate(model: string, seconds: number | undefined): string {
  return `--timeout: expected more seconds, found ${seconds}, which were over while ${model} was loaded`;
}

/** So many seconds after a command began; null where it was given none. */
export function deadlineOf(
  { timeout }: { readonly timeout?: number },
  { began = performance.now() }: Io,
): Deadline | null {
  return timeout === undefined ? null : Deadline.in(timeout - (performance.now() - began) / 1000);
}

/**
 * Reads all that a command works on. A `UsageError` that names `what` where its deadline passes first; it is given as `stop` to
 * whatever reads.
 */
export async function loadWithin<T>(
  deadline: Deadline | null,
  what: string,
  { timeout }: { readonly timeout?: number },
  load: (stop: Deadline | undefined) => Promise<T>,
): Promise<T> {
  if (!deadline) return await load(undefined);
  const loaded = await deadline.unlessPassed(async () => ({ value: await load(deadline) }));
  if (!loaded) throw new UsageError(loadedTooLate(what, timeout));
  return loaded.value;
}

/**
 * What a command may take. `--memory` is about the process: tensors get what it has not taken when the command begins, and half of
 * it at least. The clock of `--timeout` starts when the command does, so that loading, folding and printing count.
 */
export class CommandBudget {
  /** Of tensors. */
  readonly tensors: Budget;
  readonly #memory: number;
  readonly #began: number;
  #seconds: number | null = null;

  constructor({ memory = DEFAULT_MEMORY }: { readonly memory?: number }, { began = performance.now() }: Io) {
    this.#memory = memory;
    this.#began = began;
    this.tensors = new Budget(Math.max(LEAST_SHARE * memory, memory - process.memoryUsage.rss()));
  }

  /** Seconds since the command began. */
  get elapsed(): number {
    return (performance.now() - this.#began) / 1000;
  }

  /** So many seconds after the command began, or when a signal aborts. What is written down is the last that was asked for. */
  deadline(seconds: number, signal?: AbortSignal): Deadline {
    this.#seconds = seconds;
    return Deadline.in(seconds - this.elapsed, signal);
  }

  record(backend: Backend): BudgetRecord {
    const timeout = this.#seconds;
    return {
      memory: this.#memory,
      peakMemory: 1024 * process.resourceUsage().maxRSS,
      peakTensors: backend.memory().peakBytes,
      timeout,
      secondsPast: timeout === null ? null : Math.max(0, this.elapsed - timeout),
    };
  }
}
