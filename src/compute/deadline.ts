import { eventTurn } from "./event-turn.js";

/** What may end long work: a signal, or a deadline. */
export interface Stop {
  /** Throws the reason if it is time to end. */
  throwIfAborted(): void;
}

/** The reason that a deadline gives; it never leaves the work that the deadline is of. */
class TimeOver extends Error {}

/** A moment after which nothing further begins; or, if that comes first, the moment at which a signal aborts. */
export class Deadline implements Stop {
  readonly #at: number;
  readonly #signal: AbortSignal | undefined;

  private constructor(at: number, signal: AbortSignal | undefined) {
    this.#at = at;
    this.#signal = signal;
  }

  /** Whenever the signal aborts. */
  static at(signal: AbortSignal): Deadline {
    return new Deadline(Number.POSITIVE_INFINITY, signal);
  }

  /** In so many seconds, or when the signal aborts. */
  static in(seconds: number, signal?: AbortSignal): Deadline {
    return new Deadline(performance.now() + 1000 * seconds, signal);
  }

  /** Whether it has passed, as far as signals and timers were let in. */
  get passed(): boolean {
    return performance.now() > this.#at || this.#signal?.aborted === true;
  }

  /**
   * Whether it has passed, after signals and timers were let in: a backend that computes at once never leaves the microtask
   * queue by itself, and the signal would wait for the end.
   */
  async passes(): Promise<boolean> {
    await eventTurn();
    return this.passed;
  }

  /** So that work is ended between its pieces, wherever a signal would end it. */
  throwIfAborted(): void {
    this.#signal?.throwIfAborted();
    if (performance.now() > this.#at) throw new TimeOver("the time is over");
  }

  /** Runs work that this deadline ends; null where it did. */
  async unlessPassed<T>(run: () => Promise<T>): Promise<T | null> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof TimeOver) return null;
      if (this.#signal?.aborted && error === this.#signal.reason) return null;
      throw error;
    }
  }

  /** Whether a signal ended it, whatever the time. */
  get aborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Whether it has a moment, and not only a signal. */
  get isTimed(): boolean {
    return Number.isFinite(this.#at);
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
export async function letIn(signal: Stop | undefined): Promise<void> {
  if (!signal) return;
  await eventTurn();
  signal.throwIfAborted();
}

/** Lets signals and timers in, and throws nothing. */
export async function nextTurn(): Promise<void> {
  await eventTurn();
}
