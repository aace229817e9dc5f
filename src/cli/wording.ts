export {
  type BallInWords,
  changeInWords,
  formatBall,
  formatBox,
  formatBytes,
  formatCount,
  formatDuration,
  formatEpsilon,
  formatNumber,
  formatPercent,
  formatRate,
  keptInWords,
  plural,
} from "../report/wording.js";

/** Columns of what is printed, where no terminal says how many it has. */
export const WIDTH = 80;

/** Breaks a text into lines of at most `width` columns. */
export function wrap(text: string, width: number = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}

/** Breaks a line of `figures`, which two spaces part, between two of them; further lines are set in. */
export function wrapFigures(figures: string, width: number): string {
  const lines: string[] = [];
  for (const part of figures.split("  ")) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + 2 + part.length <= width) lines[last] += `  ${part}`;
    else lines.push(last < 0 ? part : `  ${part}`);
  }
  return lines.join("\n");
}
