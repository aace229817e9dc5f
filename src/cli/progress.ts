import cliProgress from "cli-progress";
import type { OutputStream } from "./io.js";
import { formatDuration, formatRate, WIDTH, wrapFigures } from "./wording.js";

export interface ProgressOptions {
  /** What is being done, such as `certify`. */
  readonly label: string;
  readonly total: number;
  /** What is counted, such as `batches`. */
  readonly unit: string;
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

/** `120/200 examples  3.1/s  26 s left  robust error 12.0 %`. */
class Pace {
  readonly #options: ProgressOptions;
  readonly #began = performance.now();

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** The parts in their order. */
  describe(done: number, figures: string): string[] {
    const { total, start = 0, unit } = this.#options;
    const rate = (done - start) / ((performance.now() - this.#began) / 1000);
    const parts = [`${done}/${total} ${unit}`];
    if (done > start && Number.isFinite(rate)) {
      parts.push(`${formatRate(rate)}/s`, `${formatDuration((total - done) / rate)} left`);
    }
    return [...parts, figures].filter((part) => part !== "");
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
      this.line(`${this.#label}: ${this.#pace.describe(done, figures).join("  ")}`);
  }

  line(text: string): void {
    this.#last = performance.now();
    this.#stream.write(`${text}\n`);
  }

  stop(): void {}
}

const BAR_CELLS = 10;
/** Time between two drawings. */
const DRAW_EVERY_MS = 100;

/**
 * One line that is drawn again where the cursor is. cli-progress has the lines that stay written above it in `MultiBar`
 * alone: a single bar puts the cursor back to where it was when the bar began, over whatever was written since.
 */
class BarProgress implements Progress {
  readonly #stream: OutputStream;
  readonly #bars: cliProgress.MultiBar;
  readonly #bar: cliProgress.SingleBar;
  #drawn = 0;

  constructor(stream: OutputStream, options: ProgressOptions) {
    this.#stream = stream;
    const pace = new Pace(options);
    this.#bars = new cliProgress.MultiBar({
      stream,
      // Left as they are, so that a second Ctrl-C at any moment leaves a sound terminal.
      hideCursor: false,
      linewrap: true,
      gracefulExit: false,
      clearOnComplete: true,
      // After a line that stays there is nothing left of the bar.
      forceRedraw: true,
      format: (_, { progress, value }, { figures }: { figures: string }) => {
        const filled = Math.round(progress * BAR_CELLS);
        const cells = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
        const [count, ...rest] = pace.describe(value, figures);
        return fitted([`${options.label} ${cells} ${count}`, ...rest], this.#width - 1);
      },
    });
    this.#bar = this.#bars.create(options.total, options.start ?? 0, { figures: "" });
    this.#draw();
  }

  update(done: number, figures: string): void {
    this.#bar.update(done, { figures });
    // The bar's own timer waits for a turn, which work within this thread may not leave it.
    if (performance.now() - this.#drawn >= DRAW_EVERY_MS) this.#draw();
  }

  line(text: string): void {
    this.#bars.log(`${wrapFigures(text, this.#width)}\n`);
    this.#draw();
  }

  stop(): void {
    this.#bars.stop();
  }

  /** A terminal may be made wider or narrower at any time; one that does not know its width says 0. */
  get #width(): number {
    return this.#stream.columns || WIDTH;
  }

  #draw(): void {
    this.#drawn = performance.now();
    this.#bars.update();
  }
}

/** As many of the parts, from the first, as a line of `width` columns has room for. */
function fitted(parts: readonly string[], width: number): string {
  let line = parts[0].slice(0, Math.max(0, width));
  for (const part of parts.slice(1)) {
    if (line.length + 2 + part.length > width) break;
    line += `  ${part}`;
  }
  return line;
}
