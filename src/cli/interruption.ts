import { isEnded } from "../runs/observer.js";

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_CODES;

/**
 * Hears the first Ctrl-C or SIGTERM, so that a run can end between two batches; a second one stops the process at
 * once, as the listeners are gone by then. Listens until disposed.
 */
export class Interruption implements Disposable {
  readonly #abort = new AbortController();
  #received: StopSignal | null = null;

  constructor() {
    for (const name of Object.keys(EXIT_CODES)) process.on(name, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get aborted(): boolean {
    return this.#abort.signal.aborted;
  }

  /** 128 plus the signal's number, as shells have it. */
  get exitCode(): number {
    return EXIT_CODES[this.#received ?? "SIGINT"];
  }

  /** Runs work that rejects with the signal's reason when it aborts; null then. */
  async unlessStopped<T>(run: () => Promise<T>): Promise<T | null> {
    try {
      return await run();
    } catch (error) {
      if (isEnded(error, this.signal)) return null;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const name of Object.keys(EXIT_CODES)) process.off(name, this.#receive);
  }

  readonly #receive = (name: NodeJS.Signals): void => {
    this.#received = name as StopSignal;
    this[Symbol.dispose]();
    this.#abort.abort();
  };
}
