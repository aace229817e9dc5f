import type { EpsilonByFeature, Norm } from "../threat/ball.js";
import { type Box, type BoxByFeature, isByFeature } from "../threat/box.js";

/** `12.3 %`. What is claimed as an upper bound is rounded up, a lower bound down. */
export function formatPercent(fraction: number, bound: "upper" | "lower" | "none" = "none"): string {
  const digits = fraction !== 0 && fraction < 0.01 ? 2 : 1;
  const steps = 100 * fraction * 10 ** digits;
  // 0.57 · 100 is a little more than 57: that is no reason to round up.
  const slack = 1e-9 * steps;
  const rounded = {
    upper: Math.ceil(steps - slack),
    lower: Math.floor(steps + slack),
    none: Math.round(steps),
  };
  return `${(rounded[bound] / 10 ** digits).toFixed(digits)} %`;
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`, `12 days`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const days = Math.round(whole / 86_400);
  if (days > 36_500) return "more than 100 years";
  if (days > 4) return `${formatCount(days)} days`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** A rate: `0.53`, `5.3`, `530`, `5,300`. */
export function formatRate(rate: number): string {
  return rate < 100 ? String(Number(rate.toPrecision(2))) : formatCount(Number(rate.toPrecision(2)));
}

/** `812 bytes`, `652 KB`, `12.3 MB`; a kilobyte has 1,024. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  const kilobytes = bytes / 1024;
  return kilobytes < 1024 ? `${Math.round(kilobytes)} KB` : `${(kilobytes / 1024).toFixed(1)} MB`;
}

/** A number as short as it can be told: 0.1, 0.00784. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Radii are told in steps of grey up to twice the range of a pixel. */
const MOST_GREYS = 510;

/** ε without rounding, since a guarantee is told with it: 0.1, 8/255; by feature the least and the most: `0.1 to 0.3 by feature`. */
export function formatEpsilon(epsilon: BallInWords["epsilon"]): string {
  if (typeof epsilon !== "number") return `${rangeInWords(epsilon)} by feature`;
  const text = String(epsilon);
  const grey = Math.round(epsilon * 255);
  return text.length > 8 && grey <= MOST_GREYS && grey / 255 === epsilon ? `${grey}/255` : text;
}

function rangeInWords({ perFeature }: EpsilonByFeature): string {
  const all = Array.from(perFeature);
  const [least, most] = [Math.min, Math.max].map((end) => all.reduce((a, b) => end(a, b)));
  return `${formatEpsilon(least)} to ${formatEpsilon(most)}`;
}

/** One ball of perturbations around every example. */
export interface BallInWords {
  readonly norm: Norm;
  readonly epsilon: number | EpsilonByFeature;
  readonly box: Box | BoxByFeature | null;
}

/** `1 epoch`, `2 epochs`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

/** `linf, epsilon 0.1, box 0,1`. */
export function formatBall({ norm, epsilon, box }: BallInWords): string {
  return `${norm}, epsilon ${formatEpsilon(epsilon)}, ${formatBox(box)}`;
}

/** `box 0,1`, `no box` or `box by feature`. */
export function formatBox(box: BallInWords["box"]): string {
  if (!box) return "no box";
  return isByFeature(box) ? "box by feature" : `box ${box.join(",")}`;
}

/** What pixels keep to, between commas: `, pixels kept within [0, 1],`. */
export function keptInWords(box: BallInWords["box"]): string {
  if (!box) return ", with no bounds on the pixels,";
  if (isByFeature(box)) return ", each feature kept within bounds of its own,";
  return `, pixels kept within [${box[0]}, ${box[1]}],`;
}

/** What an attacker may do, for a sentence that begins with `no change of`. */
export function changeInWords({ norm, epsilon, box }: BallInWords): string {
  const within = keptInWords(box);
  if (typeof epsilon !== "number") {
    return `the input within an epsilon per feature of ${rangeInWords(epsilon)} (the ${norm} norm)${within}`;
  }
  switch (norm) {
    case "linf":
      return `the input by at most ${formatEpsilon(epsilon)} in every pixel (the linf norm)${within}`;
    case "l2":
    case "l1":
      return `the input by at most ${formatEpsilon(epsilon)} in the ${norm} norm${within}`;
    default:
      return norm satisfies never;
  }
}
