import { isUtf8 } from "node:buffer";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CsvError, type Info, parse } from "csv-parse";
import { letIn, type Stop } from "../compute/deadline.js";
import { FormatError } from "../errors.js";
import { LARGEST_TEXT } from "../formats/read-file.js";
import { numberNames } from "./class-names.js";
import type { Dataset, Split } from "./dataset.js";
import { readBytes } from "./read-bytes.js";
import type { ReadingInTime } from "./reading.js";
import { numberOf } from "./table-cell.js";
import { labelColumn } from "./table-header.js";

/** A row of a table and the line of the file on which it ends. */
interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * Reads a data set from a table of comma-separated values, gzipped or not: a header of column names, then an example a line.
 * The column `label`, the last one unless told, has the classes: whole numbers from 0, or names, which are numbered in sorted
 * order. All other columns are the features, finite numbers of any range, kept in double precision.
 *
 * Throws FormatError for a cell that is no number, with its line and column, for rows of other lengths, and for a header by which labels
 * seem to stand elsewhere; UsageError for a `label` that the header does not have once; the reason of `stop`, which ends it between rows.
 */
export async function readTable(path: string, split: Split, options: ReadingInTime = {}): Promise<Dataset> {
  const [header, ...rows] = await parseRows(path, await readBytes(path, LARGEST_TEXT), options.stop);
  if (!header || rows.length === 0) {
    throw new FormatError(
      `${path}: expected a header and at least one row, found ${header ? "no row" : "nothing"}`,
    );
  }
  const column = labelColumn(path, header.cells, options.label);
  const features = header.cells.length - 1;
  const pixels = new Float64Array(rows.length * features);
  for (const [i, { cells, line }] of rows.entries()) {
    if (i % ROWS_AT_A_TIME === 0) await letIn(options.stop);
    let at = i * features;
    for (const [c, cell] of cells.entries()) {
      if (c === column) continue;
      const value = numberOf(cell);
      if (!Number.isFinite(value)) {
        const where = `${path}: line ${line}, column ${header.cells[c]}`;
        throw new FormatError(
          `${where}: expected a number, found ${cell === "" ? "nothing" : JSON.stringify(cell)}`,
        );
      }
      pixels[at++] = value;
    }
  }
  return {
    name: basename(path).replace(/\.csv(\.gz)?$/i, ""),
    split,
    shape: [features],
    featureNames: header.cells.filter((_, c) => c !== column),
    ...classesOf(path, header.cells[column]!, rows, column),
    count: rows.length,
    pixels,
    source: path,
  };
}

const ROWS_AT_A_TIME = 1000;
/** Of one row: more than any image's numbers take, and far less than memory. */
const LONGEST_ROW = 2 ** 22;
/** How many are parsed between two moments at which reading may be ended. */
const BYTES_AT_A_TIME = 2 ** 18;

async function parseRows(path: string, bytes: Uint8Array, stop: Stop | undefined): Promise<Row[]> {
  if (!isUtf8(bytes)) throw new FormatError(`${path}: expected a table in UTF-8, found other bytes`);
  try {
    const options = {
      ...{ bom: true, info: true, trim: true, skip_empty_lines: true },
      max_record_size: LONGEST_ROW,
    } as const;
    const rows: Row[] = [];
    await pipeline(Readable.from(pieces(bytes, stop)), parse(options), async (parsed) => {
      for await (const { info, record } of parsed as AsyncIterable<{ info: Info; record: string[] }>) {
        rows.push({ cells: record, line: info.lines });
      }
    });
    return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new FormatError(`${path}: expected a table of comma-separated values, found: ${error.message}`);
  }
}

async function* pieces(bytes: Uint8Array, stop: Stop | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += BYTES_AT_A_TIME) {
    await letIn(stop);
    yield bytes.subarray(at, at + BYTES_AT_A_TIME);
  }
}

/** What programs write where there is nothing. */
const MISSING = /^(nan|na|n\/a|null|none|\?|-)$/i;

/** Beside numbers such a word is no class: all would be names, and be numbered anew. */
function checkNoneMissing(where: string, texts: readonly string[], at: (row: number) => string): void {
  const missing = texts.findIndex((text) => MISSING.test(text));
  const others = texts.filter((text) => !MISSING.test(text));
  if (missing < 0 || others.some((text) => Number.isNaN(numberOf(text)))) return;
  throw new FormatError(
    `${where}: ${at(missing)}: expected a class, as the other rows have a number, found ${JSON.stringify(texts[missing])}`,
  );
}

const LARGEST_LABEL = 2 ** 31 - 2;

function classesOf(
  path: string,
  name: string,
  rows: readonly Row[],
  column: number,
): Pick<Dataset, "labels" | "classes" | "classNames"> {
  const texts = rows.map(({ cells }) => cells[column]!);
  const numbers = texts.map(numberOf);
  const at = (row: number) => `line ${rows[row]!.line}`;
  if (numbers.some(Number.isNaN)) {
    checkNoneMissing(`${path}: column ${name}`, texts, at);
    const named = numberNames(`${path}: column ${name}`, texts, { at });
    return { ...named, classes: named.classNames.length };
  }
  const bad = numbers.findIndex(
    (value) => !(Number.isInteger(value) && value >= 0 && value <= LARGEST_LABEL),
  );
  if (bad >= 0) {
    throw new FormatError(
      `${path}: ${at(bad)}, column ${name}: expected a class, a whole number from 0 or a name, found ${texts[bad]}; --label COLUMN says which column has the classes`,
    );
  }
  const labels = Int32Array.from(numbers);
  return { labels, classes: labels.reduce((most, label) => Math.max(most, label), 0) + 1 };
}
