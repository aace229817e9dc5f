import { setImmediate } from "node:timers/promises";

/** A moment after which nothing further begins; or, if that comes first, the moment at which a signal aborts. */
export class Deadline {
  readonly #at: number;
  readonly #signal: AbortSignal | undefined;

  private constructor(at: number, signal: AbortSignal | undefined) {
    this.#at = at;
    this.#signal = signal;
  }

  static in(seconds: number, signal?: AbortSignal): Deadline {
    return new Deadline(performance.now() + 1000 * seconds, signal);
  }

  get passed(): boolean {
    return performance.now() > this.#at || this.#signal?.aborted === true;
  }

  /**
   * Whether it has passed, after signals and timers were let in: a backend that computes at once never leaves the microtask
   * queue by itself, and the signal would wait for the end.
   */
  async passes(): Promise<boolean> {
    await setImmediate();
    return this.passed;
  }

  /** Seconds until then, at least 0. */
  get left(): number {
    return Math.max(0, (this.#at - performance.now()) / 1000);
  }

  /** An earlier moment, after a share of the time that is left. */
  share(fraction: number): Deadline {
    return new Deadline(Math.min(this.#at, performance.now() + 1000 * fraction * this.left), this.#signal);
  }
}

/**
 * Lets signals and timers in between two parts of a long work, and throws the signal's reason where it has aborted. Without
 * a signal it does nothing.
 */
export async function letIn(signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return;
  await setImmediate();
  signal.throwIfAborted();
}

/** Lets signals and timers in, and throws nothing. */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}
