import type { VerifyProgress } from "../../verify/verify-options.js";
import type { Output } from "../output.js";
import type { Progress } from "../progress.js";
import { progressInWords } from "../verify-words.js";

/** The bar of a search: how much of its time is over, and how far it is. */
export class SecondsBar implements Disposable {
  readonly #output: Output;
  readonly #seconds: number;
  #bar: Progress | null = null;

  constructor(output: Output, timeout: number) {
    this.#output = output;
    this.#seconds = Math.ceil(timeout);
  }

  begin(): (state: VerifyProgress) => void {
    const bar = this.#output.progress({ label: "verify", unit: "seconds", total: this.#seconds });
    const began = performance.now();
    this.#bar = bar;
    return (state) => {
      const over = Math.round((performance.now() - began) / 1000);
      bar.update(Math.min(this.#seconds, over), progressInWords(state));
    };
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = null;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
