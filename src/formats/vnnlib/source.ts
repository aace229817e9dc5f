import type { Stop } from "../../compute/deadline.js";
import { FormatError } from "../../errors.js";

/** Longer excerpts are cut in messages. */
const LONGEST_EXCERPT = 40;
/** Steps of reading between two looks at the clock. */
const STEPS = 1024;

/** A text with the name that errors call it by. Places in it are offsets; lines are counted when an error needs one. */
export class Source {
  readonly text: string;
  readonly where: string;
  readonly #stop: Stop | undefined;
  #steps = 0;

  constructor(text: string, where: string, stop?: Stop) {
    this.text = text;
    this.where = where;
    this.#stop = stop;
  }

  /** Tells that reading goes on by a step. Throws the reason of `stop` where that has ended it. */
  step(): void {
    if (++this.#steps % STEPS === 0) this.#stop?.throwIfAborted();
  }

  /** The line of an offset, from 1. */
  lineOf(offset: number): number {
    let line = 1;
    for (let at = this.text.indexOf("\n"); at >= 0 && at < offset; at = this.text.indexOf("\n", at + 1))
      line++;
    return line;
  }

  /** An error of one line, which names the text and the line of `offset`. */
  error(offset: number, expected: string, found: string): FormatError {
    return new FormatError(
      `${this.where}: line ${this.lineOf(offset)}: expected ${expected}, found ${found}`,
    );
  }

  /** What stands between two offsets, quoted, on one line, and shortened. */
  excerpt(from: number, to: number): string {
    return quoted(this.text.slice(from, Math.min(to, from + LONGEST_EXCERPT + 1)));
  }
}

/** A text in quotes on one line, with what a terminal would not show as escapes, and shortened. */
export function quoted(text: string): string {
  const cut = text.length > LONGEST_EXCERPT ? `${text.slice(0, LONGEST_EXCERPT)}…` : text;
  const visible = cut
    .replace(/[\t\n\r ]+/g, " ")
    .replace(/[^\x20-\x7e…]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `"${visible}"`;
}
