import { FormatError } from "../../errors.js";

/** No two of its parts can match the same digits, so a word of a million digits takes linear time. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The double nearest to a decimal, as every reader of VNN-COMP takes it; an infinity if it is too large for a double,
 * NaN if it is too small to be told from 0, null if the word is no number.
 */
export function parseNumber(word: string): number | null {
  if (!NUMBER.test(word)) return null;
  const value = Number(word);
  return value === 0 && /^[^eE]*[1-9]/.test(word) ? Number.NaN : value;
}

/** The shortest decimal that parses back to `value` exactly, −0 included. `name` says whose number it is in errors. */
export function formatNumber(value: number, name: string): string {
  if (!Number.isFinite(value)) throw new FormatError(`${name}: expected a finite number, found ${value}`);
  return Object.is(value, -0) ? "-0" : String(value);
}
