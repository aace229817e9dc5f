import Table from "cli-table3";
import { oneLine } from "./one-line.js";
import { WIDTH } from "./wording.js";

/** A border and two spaces of padding per column, and the last border. */
const FRAME = 3;
const NARROWEST = 6;

/** What a name that a file gives may have in it, and no terminal should be told. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
/** What draws tables takes time by the square of a cell's length. */
const LONG = 1000;

/** A cell's text or number. */
type TableCell = string | number;

/** What a table says, without its look. */
export interface TableContent {
  /** Empty titles leave the heading out. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly TableCell[])[];
}

/** A cell as it is shown: names come from files. */
function shown(cell: TableCell): TableCell {
  return typeof cell === "string" && (cell.length > LONG || UNSHOWN.test(cell)) ? oneLine(cell) : cell;
}

/**
 * A table of at most `width` columns: the widest column of words gives way, and what it has no room for goes on in a line
 * of its own. Where that is not enough, every row becomes lines of its own, a title and its value each. Numbers stand on the
 * right, and are never broken.
 */
export function formatTable(
  head: TableContent["head"],
  told: TableContent["rows"],
  width: number = WIDTH,
): string {
  const rows = told.map((row) => row.map(shown));
  const widths = head.map((title, i) =>
    rows.reduce((most, row) => Math.max(most, String(row[i]).length), title.length),
  );
  const least = widths.map((own, i) => (isOfFigures(rows, i) ? own : Math.min(own, NARROWEST)));
  while (frameWidth(widths) > width) {
    const room = widths.map((own, i) => (own > least[i] ? own : 0));
    const widest = Math.max(...room);
    if (widest === 0) return formatLines({ head, rows }, width);
    widths[room.indexOf(widest)] -= 1;
  }
  const look = {
    colWidths: widths.map((own) => own + 2),
    colAligns: head.map((_, i) => (rows.every((row) => typeof row[i] === "number") ? "right" : "left")),
    style: { head: [], border: [], compact: true },
    // A name that is too long goes on in the next line.
    wordWrap: true,
    wrapOnWordBoundary: false,
  } satisfies Table.TableConstructorOptions;
  const drawn = rows.flatMap((row) => rowByLines(row, widths));
  const lines: string[] = [];
  for (let at = 0; at === 0 || at < drawn.length; at += ROWS_AT_ONCE) {
    const isHeaded = at === 0 && head.some((title) => title !== "");
    const table = new Table({ ...look, ...(isHeaded && { head: [...head] }) });
    table.push(...drawn.slice(at, at + ROWS_AT_ONCE));
    // The frame goes around all of them.
    if (at > 0) lines.pop();
    lines.push(
      ...table
        .toString()
        .split("\n")
        .slice(at > 0 ? 1 : 0),
    );
  }
  return lines.join("\n");
}

/** A row as one row for each of its lines: the package that draws tables takes very long to break a cell. */
function rowByLines(row: readonly TableCell[], widths: readonly number[]): string[][] {
  const cells = row.map((cell, i) => brokenBetweenWords(String(cell), widths[i]));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, k) => cells.map((lines) => lines[k] ?? ""));
}

/** The lines of a cell, broken between words where these fit, so that no figure is parted; what does not fit the table breaks. */
function brokenBetweenWords(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > width && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].flatMap((one) => cutInto(one, width));
}

/** The package that draws tables takes time by the square of their rows. */
const ROWS_AT_ONCE = 200;

/** Whether a column has figures alone, perhaps with a unit: a part of a figure says something else. */
function isOfFigures(rows: TableContent["rows"], column: number): boolean {
  return rows.every((row) => /^$|^[-+]?[\d.,/]+( ?[%a-zA-Z]+)?$/.test(String(row[column])));
}

function frameWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + FRAME, 1);
}

/** Every row as a block of lines, for a terminal that no table fits into. */
function formatLines({ head, rows }: TableContent, width: number): string {
  const blocks = rows.map((row) =>
    row.flatMap((cell, i) => {
      const text = [head[i], String(cell)].filter((part) => part !== "").join(": ");
      return cutInto(text, width - 2).map((line, k) => (i === 0 && k === 0 ? line : `  ${line}`));
    }),
  );
  return blocks.map((lines) => lines.join("\n")).join("\n");
}

function cutInto(text: string, width: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < text.length; at += width) lines.push(text.slice(at, at + width));
  return lines;
}
