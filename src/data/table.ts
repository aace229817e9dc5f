import { basename } from "node:path";
import { CsvError, type Info, parse } from "csv-parse/sync";
import { FormatError, UsageError } from "../errors.js";
import { LARGEST_TEXT } from "../formats/read-file.js";
import { numberNames, shortList } from "./class-names.js";
import type { Dataset, Split } from "./dataset.js";
import { readBytes } from "./read-bytes.js";
import type { ReadingOptions } from "./reading.js";

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
 * Throws FormatError for a cell that is no number, with its line and column, and for rows of other lengths; UsageError for
 * a `label` that the header does not have once.
 */
export async function readTable(path: string, split: Split, options: ReadingOptions = {}): Promise<Dataset> {
  const [header, ...rows] = parseRows(path, await readBytes(path, LARGEST_TEXT));
  if (!header || rows.length === 0) {
    throw new FormatError(
      `${path}: expected a header and at least one row, found ${header ? "no row" : "nothing"}`,
    );
  }
  checkHeader(path, header.cells);
  const column = labelColumn(path, header.cells, options.label);
  const features = header.cells.length - 1;
  const pixels = new Float64Array(rows.length * features);
  for (const [i, { cells, line }] of rows.entries()) {
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
    ...classesOf(path, header.cells[column]!, rows, column),
    count: rows.length,
    pixels,
    source: path,
  };
}

function parseRows(path: string, bytes: Uint8Array): Row[] {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(`${path}: expected a table in UTF-8, found other bytes`);
  }
  try {
    const options = { bom: true, info: true, trim: true, skip_empty_lines: true } as const;
    const parsed = parse(text, options) as unknown as { info: Info; record: string[] }[];
    return parsed.map(({ info, record }) => ({ cells: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new FormatError(`${path}: expected a table of comma-separated values, found: ${error.message}`);
  }
}

/** Data without a header, or with another separator, would lose their first row or all of their columns. */
function checkHeader(path: string, names: readonly string[]): void {
  if (names.every((name) => Number.isFinite(numberOf(name)))) {
    throw new FormatError(
      `${path}: line 1: expected a header with the names of the columns, found numbers; write the names above them`,
    );
  }
  if (names.length > 1) return;
  const found = /[;\t]/.test(names[0]!) ? "another separator" : "a single one";
  throw new FormatError(
    `${path}: line 1: expected columns of features and one of labels, separated by commas, found ${found}`,
  );
}

function labelColumn(path: string, names: readonly string[], label: string | undefined): number {
  if (label === undefined) return names.length - 1;
  const found = names.filter((name) => name === label).length;
  if (found === 1) return names.indexOf(label);
  throw new UsageError(
    `--label ${label}: expected one of the columns of ${path} (${shortList(names, 20)}), found ${found === 0 ? "none of that name" : `${found} of that name`}`,
  );
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function numberOf(cell: string): number {
  return NUMBER.test(cell) ? Number(cell) : Number.NaN;
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
