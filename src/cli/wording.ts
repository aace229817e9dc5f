export {
  type BallInWords,
  changeInWords,
  formatBall,
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

/** Breaks a text into lines of at most 80 columns. */
export function wrap(text: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > 80) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
