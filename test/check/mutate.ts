import type { RandomSource } from "../../src/compute/random.js";

/** A place in a JSON value: what holds it, and under which key. */
interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string | number;
}

const NUMBERS = [0, -0, 1, -1, 1e308, -1e308, 1e-308, 5e-324, 2 ** 60, 2 ** 53 + 2, 0.1, 255, 1e9];
const VALUES: readonly unknown[] = [null, true, "", "NaN", [], {}, [[]], "adaptive", "AAAA", -1, 0.5];
const WORDS = [
  "real",
  "float64",
  "float32",
  "float32-ftz",
  "linf",
  "l2",
  "l1",
  "robust",
  "property",
  "relu1",
  "input",
];

/** A JSON value that was changed in one to three places, as text; sometimes the text itself is damaged. */
export function mutated(value: unknown, source: RandomSource): string {
  const copy = structuredClone(value);
  const changes = 1 + source.integer(3);
  for (let i = 0; i < changes; i++) change(copy, source);
  const text = JSON.stringify(copy);
  return source.uniform() < 0.05 ? damaged(text, source) : text;
}

function change(root: unknown, source: RandomSource): void {
  const places = placesIn(root);
  if (places.length === 0) return;
  const { holder, key } = pick(places, source);
  const at = holder as Record<string | number, unknown>;
  const value = at[key];
  const kind = source.uniform();
  if (kind < 0.05) {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete at[key];
  } else if (kind < 0.1 && Array.isArray(holder)) {
    holder.splice(Number(key), 0, structuredClone(pick(holder, source)));
  } else if (kind < 0.15) {
    const other = pick(places, source);
    const theirs = other.holder as Record<string | number, unknown>;
    [at[key], theirs[other.key]] = [structuredClone(theirs[other.key]), structuredClone(value)];
  } else if (kind < 0.2) {
    at[key] = structuredClone(pick(VALUES, source));
  } else if (typeof value === "number") {
    at[key] = otherNumber(value, source);
  } else if (typeof value === "string") {
    at[key] = otherText(value, source);
  } else {
    change(value, source);
  }
}

function otherNumber(value: number, source: RandomSource): number {
  switch (source.integer(7)) {
    case 0:
      return -value;
    case 1:
      return pick(NUMBERS, source);
    case 2:
      return value * 10 ** (source.integer(9) - 4);
    case 3:
      return value + source.integer(5) - 2;
    case 4:
      return value * (1 + 2 ** -source.integer(40));
    case 5:
      return value * (1 - 2 ** -source.integer(40));
    default:
      return value + source.normal() * 10 ** -source.integer(6);
  }
}

function otherText(text: string, source: RandomSource): string {
  if (!/^[A-Za-z0-9+/]+=*$/.test(text) || source.uniform() < 0.1) return pick(WORDS, source);
  if (/^[0-9a-f]{64}$/.test(text)) return source.uniform() < 0.5 ? flippedHex(text) : text.slice(1);
  const bytes = Buffer.from(text, "base64");
  switch (source.integer(6)) {
    case 0:
      return bytes.subarray(0, source.integer(bytes.length + 1)).toString("base64");
    case 1:
      return Buffer.concat([bytes, bytes.subarray(0, 1 + source.integer(8))]).toString("base64");
    case 2:
      return Buffer.alloc(bytes.length, source.integer(2) * 255).toString("base64");
    case 3:
      return text.slice(0, source.integer(text.length));
    default:
      if (bytes.length === 0) return text;
      bytes[source.integer(bytes.length)] ^= 1 << source.integer(8);
      return bytes.toString("base64");
  }
}

/** Names of models here are one digit over and over; another digit is another model. */
function flippedHex(text: string): string {
  return (text[0] === "a" ? "b" : "a").repeat(64);
}

function damaged(text: string, source: RandomSource): string {
  const at = source.integer(text.length);
  return source.uniform() < 0.5
    ? text.slice(0, at)
    : text.slice(0, at) + pick([...'0-}]",e9[{'], source) + text.slice(at + 1);
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown> | unknown[];
  const keys = Array.isArray(holder) ? holder.map((_, i) => i) : Object.keys(holder);
  return keys.flatMap((key) => [
    { holder, key },
    ...placesIn((holder as Record<string | number, unknown>)[key]),
  ]);
}

function pick<T>(list: readonly T[], source: RandomSource): T {
  return list[source.integer(list.length)];
}
