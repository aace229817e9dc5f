import { UsageError } from "../errors.js";
import { NORMS, type Norm } from "../threat/ball.js";
import type { Box } from "../threat/box.js";
import type { NumberRange } from "../train/settings/setting.js";

const DECIMAL = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?`;
const NUMBER = new RegExp(`^\\s*(${DECIMAL})(?:\\s*/\\s*(${DECIMAL}))?\\s*$`, "i");

/** A decimal or a fraction such as `8/255`; NaN for anything else. */
export function readNumber(text: string): number {
  const match = NUMBER.exec(text);
  if (!match) return Number.NaN;
  return match[2] === undefined ? Number(match[1]) : Number(match[1]) / Number(match[2]);
}

/** What the user gave, as errors quote it. */
export function quote(text: string): string {
  return text === "" ? "nothing" : JSON.stringify(text);
}

/** A parser of finite numbers for `flag`; a `UsageError` for any other text. */
export function numberIn(
  flag: string,
  range: NumberRange = {},
  example = "0.1 or 8/255",
): (text: string) => number {
  return (text) => {
    const value = readNumber(text);
    if (Number.isFinite(value) && isWithin(value, range)) return value;
    throw new UsageError(
      `${flag}: expected a number${rangeInWords(range)}, such as ${example}, found ${quote(text)}`,
    );
  };
}

/** A parser of whole numbers for `flag`. */
export function wholeNumber(flag: string, range: NumberRange): (text: string) => number {
  return (text) => {
    const value = /^\s*\+?\d+\s*$/.test(text) ? Number(text) : Number.NaN;
    if (Number.isSafeInteger(value) && isWithin(value, range)) return value;
    throw new UsageError(`${flag}: expected a whole number${rangeInWords(range)}, found ${quote(text)}`);
  };
}

/** A parser that takes one of `words`, or a whole number such as `example`. */
export function wholeNumberOr<W extends string>(
  flag: string,
  words: readonly W[],
  range: NumberRange,
  example = "10",
): (text: string) => number | W {
  const count = wholeNumber(flag, range);
  return (text) => {
    const word = words.find((one) => one === text.trim());
    if (word !== undefined) return word;
    if (/\d/.test(text)) return count(text);
    throw new UsageError(
      `${flag}: expected ${words.join(", ")} or a whole number such as ${example}, found ${quote(text)}`,
    );
  };
}

function isWithin(value: number, { min, max, above }: NumberRange): boolean {
  return value >= (min ?? -Infinity) && value <= (max ?? Infinity) && value > (above ?? -Infinity);
}

function rangeInWords({ min, max, above }: NumberRange): string {
  const parts: string[] = [];
  if (min !== undefined) parts.push(`of at least ${min}`);
  if (above !== undefined) parts.push(`above ${above}`);
  if (max !== undefined) parts.push(`of at most ${max}`);
  return parts.length === 0 ? "" : ` ${parts.join(" and ")}`;
}

/** A parser that takes one of `choices`. */
export function oneOf<T extends string>(flag: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    const chosen = choices.find((choice) => choice === text);
    if (chosen !== undefined) return chosen;
    throw new UsageError(`${flag}: expected ${choices.join(", ")}, found ${quote(text)}`, {
      found: text,
      known: choices,
    });
  };
}

/** A parser of text that must not be empty, such as a path. */
export function someText(flag: string, expected: string): (text: string) => string {
  return (text) => {
    if (text.trim() !== "") return text;
    throw new UsageError(`${flag}: expected ${expected}, found nothing`);
  };
}

/** `linf`, `l2` or `l1`. */
export const parseNorm: (text: string) => Norm = oneOf("--norm", NORMS);

/** `lower,upper` or `none`; a word, as commander takes a parsed null for a flag without its value. */
export function parseBox(text: string): Box | "none" {
  if (text === "none") return text;
  const parts = text.split(",").map(readNumber);
  const [lower, upper] = parts;
  if (parts.length !== 2 || !parts.every(Number.isFinite)) {
    throw new UsageError(`--box: expected two numbers such as 0,1, or none, found ${quote(text)}`);
  }
  if (lower > upper) {
    throw new UsageError(`--box: expected the lower bound first, as in 0,1, found ${quote(text)}`);
  }
  return [lower, upper];
}

/** The shape of one example, such as `1,28,28`. */
export function parseShape(text: string): readonly number[] {
  const shape = text.split(",").map((part) => (/^\s*\d+\s*$/.test(part) ? Number(part) : 0));
  if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 1)) return shape;
  throw new UsageError(`--input: expected positive whole numbers such as 1,28,28, found ${quote(text)}`);
}

const BYTES: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** `500MB`, `2GB`: bytes, of which a kilobyte has 1,024. */
export function parseBytes(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?)i?b?\s*$/i.exec(text);
  const bytes = match ? Number(match[1]) * BYTES[match[2].toLowerCase()] : Number.NaN;
  if (bytes >= 2 ** 20) return bytes;
  throw new UsageError(`--memory: expected at least 1MB in MB or GB, such as 2GB, found ${quote(text)}`);
}
