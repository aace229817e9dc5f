import { accessSync, constants, lstatSync } from "node:fs";
import { basename, dirname } from "node:path";
import pc from "picocolors";
import { UsageError } from "../errors.js";
import { partBeside } from "../formats/abandoned-parts.js";
import { codeOf } from "../formats/file-faults.js";
import { isFolder } from "../formats/is-folder.js";
import { writeFileAtomically } from "../formats/write-file.js";
import { inCallersWords } from "./called.js";
import type { Io, OutputStream } from "./io.js";
import { type Progress, type ProgressOptions, startProgress } from "./progress.js";
import { formatTable, type TableContent } from "./table.js";
import { WIDTH, wrap } from "./wording.js";

/** Wider lines are tiring to read. */
const MOST_WIDTH = 100;

/**
 * Where a command's words and figures go. Words go to standard output, or to standard error when `--json -` claims
 * standard output for the figures.
 */
export class Output {
  readonly bold: (text: string) => string;
  /** Columns that tables and sentences may take: those of the terminal, up to 100; elsewhere 80. */
  readonly width: number;
  readonly #io: Io;
  readonly #words: OutputStream;
  readonly #json: string | undefined;

  /** A `UsageError` now, before any long work, if `json` cannot be written later. */
  constructor(io: Io, json: string | undefined) {
    this.#io = io;
    this.#json = json;
    this.#words = json === "-" ? io.stderr : io.stdout;
    this.bold = pc.createColors(wantsColor(io, this.#words)).bold;
    const { isTTY, columns } = this.#words;
    this.width = isTTY && columns ? Math.min(columns, MOST_WIDTH) : WIDTH;
    if (json !== undefined && json !== "-") checkWritable("--json", json);
  }

  print(text = ""): void {
    this.#words.write(`${inCallersWords(text, this.#io.called)}\n`);
  }

  /** Sentences, broken between words. */
  prose(text: string): void {
    this.#words.write(`${wrap(inCallersWords(text, this.#io.called), this.width)}\n`);
  }

  table(head: TableContent["head"], rows: TableContent["rows"]): void {
    this.print(formatTable(head, rows, this.width));
  }

  /** Names and their figures: a table without a heading. */
  figures(rows: readonly (readonly [name: string, value: string])[]): void {
    this.table(["", ""], rows);
  }

  /** A bar on a terminal, plain lines elsewhere; on standard error in both cases. */
  progress(options: ProgressOptions): Progress {
    return startProgress(this.#io.stderr, options);
  }

  /** Writes the figures where `--json` asked for them, if it did. NaN and infinities become null. */
  async writeJson(value: unknown): Promise<void> {
    if (this.#json === undefined) return;
    const text = `${JSON.stringify(value, null, 2)}\n`;
    if (this.#json === "-") this.#io.stdout.write(text);
    else await writeFileAtomically(this.#json, text);
  }
}

/** NO_COLOR (no-color.org) counts unless empty. */
function wantsColor({ env }: Io, stream: OutputStream): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}

/** Throws a `UsageError` that names the flag unless a file can be written at `path`. */
export function checkWritable(flag: string, path: string): void {
  const folder = dirname(path);
  if (path === "-") throw new UsageError(`${flag}: expected a file, found - (for one of that name ./-)`);
  if (isFolder(path)) throw new UsageError(`${flag}: expected a file to write, found the folder ${path}`);
  if (!isFolder(folder)) {
    throw new UsageError(`${flag}: expected a file in a folder that exists, found ${path}`);
  }
  try {
    accessSync(folder, constants.W_OK);
    // A name may be too long, as it is or while it is written beside.
    lstatSync(partBeside(path), { throwIfNoEntry: false });
  } catch (error) {
    if (codeOf(error) === "ENAMETOOLONG") {
      throw new UsageError(
        `${flag}: expected a shorter name of a file, found one of ${basename(path).length} characters`,
      );
    }
    throw new UsageError(`${flag}: expected a folder that can be written to, found ${folder}`);
  }
}
