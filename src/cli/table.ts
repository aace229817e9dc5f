import Table from "cli-table3";

const WIDTH = 80;
/** A border and two spaces of padding per column, and the last border. */
const FRAME = 3;
const NARROWEST = 6;

/** A table of at most 80 columns: the widest column gives way, and what it has no room for goes on in a line of its own. Numbers stand on the right. */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => String(row[i]).length)));
  while (frameWidth(widths) > WIDTH && Math.max(...widths) > NARROWEST) {
    widths[widths.indexOf(Math.max(...widths))] -= 1;
  }
  const table = new Table({
    ...(head.some((title) => title !== "") && { head: [...head] }),
    colWidths: widths.map((width) => width + 2),
    colAligns: head.map((_, i) => (rows.every((row) => typeof row[i] === "number") ? "right" : "left")),
    style: { head: [], border: [], compact: true },
    // A name that is too long goes on in the next line.
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(...rows.map((row) => row.map(String)));
  return table.toString();
}

function frameWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + FRAME, 1);
}

/** Names and their figures, without a heading. */
export function formatFigures(figures: readonly (readonly [name: string, value: string])[]): string {
  return formatTable(["", ""], figures);
}
