import cliProgress from "cli-progress";
import type { OutputStream } from "./io.js";
import { formatDuration, formatRate } from "./wording.js";

export interface ProgressOptions {
  /** What is being done, such as `certify`. */
  readonly label: string;
  readonly total: number;
  /** How much was done before this run of the program. */
  readonly start?: number;
}

/** How far a long piece of work has come. */
export interface Progress {
  /** `figures` are the current results in a few words. */
  update(done: number, figures: string): void;
  /** A line that stays. */
  line(text: string): void;
  stop(): void;
}

/** Time between two lines where there is no terminal. */
const LINE_EVERY_MS = 10_000;

export function startProgress(stream: OutputStream, options: ProgressOptions): Progress {
  return stream.isTTY ? new BarProgress(stream, options) : new LineProgress(stream, options);
}

/** `120/200  3.1/s  26 s left  robust error 12.0 %`. */
class Pace {
  readonly #options: ProgressOptions;
  readonly #began = performance.now();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  describe(done: number, figures: string): string {
    const { total, start = 0 } = this.#options;
    const rate = (done - start) / ((performance.now() - this.#began) / 1000);
    const parts = [`${done}/${total}`];
    if (done > start && Number.isFinite(rate)) {
      parts.push(`${formatRate(rate)}/s`, `${formatDuration((total - done) / rate)} left`);
    }
    return [...parts, figures].filter((part) => part !== "").join("  ");
  }
}

class LineProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #label: string;
  readonly #pace: Pace;
  #last = performance.now();

  constructor(stream: OutputStream, options: ProgressOptions) {
    this.#stream = stream;
    this.#label = options.label;
    this.#pace = new Pace(options);
  }

  update(done: number, figures: string): void {
    if (performance.now() - this.#last >= LINE_EVERY_MS)
      this.line(`${this.#label}: ${this.#pace.describe(done, figures)}`);
  }

  line(text: string): void {
    this.#last = performance.now();
    this.#stream.write(`${text}\n`);
  }

  stop(): void {}
}

const BAR_CELLS = 10;

class BarProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #bar: cliProgress.SingleBar;

  constructor(stream: OutputStream, options: ProgressOptions) {
    this.#stream = stream;
    const pace = new Pace(options);
    this.#bar = new cliProgress.SingleBar({
      stream,
      // Left as they are, so that a second Ctrl-C at any moment leaves a sound terminal.
      hideCursor: false,
      linewrap: true,
      gracefulExit: false,
      clearOnComplete: true,
      format: (_, { progress, value }, { figures }: { figures: string }) => {
        const filled = Math.round(progress * BAR_CELLS);
        const cells = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
        return `${options.label} ${cells} ${pace.describe(value, figures)}`;
      },
    });
    this.#bar.start(options.total, options.start ?? 0, { figures: "" });
  }

  update(done: number, figures: string): void {
    this.#bar.update(done, { figures });
  }

  line(text: string): void {
    this.#stream.write(`\r\u001b[K${text}\n`);
  }

  stop(): void {
    this.#bar.stop();
  }
}
