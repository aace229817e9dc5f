import type { Box, Norm } from "../dual/ball.js";

/** `12.3 %`. */
export function formatPercent(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction !== 0 && fraction < 0.01 ? 2 : 1)} %`;
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A number as short as it can be told: 0.1, 0.00784. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** One ball of perturbations around every example. */
export interface BallInWords {
  readonly norm: Norm;
  readonly epsilon: number;
  readonly box: Box | null;
}

/** `1 epoch`, `2 epochs`. */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** `linf, epsilon 0.1, box 0,1`. */
export function formatBall({ norm, epsilon, box }: BallInWords): string {
  return `${norm}, epsilon ${formatNumber(epsilon)}, ${box ? `box ${box.join(",")}` : "no box"}`;
}

/** What an attacker may do, for a sentence that begins with `no change of`. */
export function changeInWords({ norm, epsilon, box }: BallInWords): string {
  const within = box ? `, pixels kept within [${box[0]}, ${box[1]}],` : ", with no bounds on the pixels,";
  switch (norm) {
    case "linf":
      return `the input by at most ${formatNumber(epsilon)} in every pixel (the linf norm)${within}`;
    case "l2":
    case "l1":
      return `the input by at most ${formatNumber(epsilon)} in the ${norm} norm${within}`;
    default:
      return norm satisfies never;
  }
}

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
