import { Interruption } from "../interruption.js";

/** An interruption that is heard from some moment on: until then Ctrl-C ends the process at once. */
export class LateInterruption implements Disposable {
  #heard: Interruption | null = null;

  /** From now on; more than once is once. */
  listen(): AbortSignal {
    this.#heard ??= new Interruption();
    return this.#heard.signal;
  }

  get aborted(): boolean {
    return this.#heard?.aborted === true;
  }

  /** What a shell expects of a process that was stopped; 0 of one that was not. */
  get exitCode(): number {
    return this.#heard?.aborted ? this.#heard.exitCode : 0;
  }

  /** Runs work that rejects with the signal's reason when it aborts; null then. */
  unlessStopped<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const signal = this.listen();
    return (this.#heard as Interruption).unlessStopped(() => run(signal));
  }

  [Symbol.dispose](): void {
    this.#heard?.[Symbol.dispose]();
  }
}
