import type { RandomSource } from "../../src/compute/random.js";

/** A change of bytes, the same for the same numbers. */
type Change = (bytes: Uint8Array, source: RandomSource) => Uint8Array;

const place = (bytes: Uint8Array, source: RandomSource, width = 1): number =>
  source.integer(Math.max(1, bytes.length - width + 1));

const copied = (bytes: Uint8Array, change: (copy: Uint8Array, view: DataView) => void): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  change(copy, new DataView(copy.buffer));
  return copy;
};

const HUGE = [0xffffffff, 0x7fffffff, 0x80000000, 0x10000000, 0xfffffffe, 65_536, 0, 1];
const STRANGE = [Number.NaN, Infinity, -Infinity, 1e308, -1e308, 5e-324, -0, 1e39];

const CHANGES: readonly Change[] = [
  // Flipped bits.
  (bytes, source) =>
    copied(bytes, (copy) => {
      for (let i = 1 + source.integer(8); i > 0; i--) copy[place(copy, source)] ^= 1 << source.integer(8);
    }),
  // Cut off.
  (bytes, source) => bytes.slice(0, place(bytes, source)),
  // Cut off in front.
  (bytes, source) => bytes.slice(place(bytes, source)),
  // With something behind it.
  (bytes, source) =>
    Uint8Array.from([...bytes, ...Array.from({ length: 1 + source.integer(64) }, () => source.integer(256))]),
  // A part of it elsewhere.
  (bytes, source) => {
    const [from, to, at] = [place(bytes, source), place(bytes, source), place(bytes, source)];
    const part = bytes.slice(Math.min(from, to), Math.max(from, to));
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  },
  // A part of it twice, or all of it.
  (bytes, source) =>
    source.integer(2)
      ? Buffer.concat([bytes, bytes])
      : Buffer.concat([bytes, bytes.subarray(place(bytes, source))]),
  // A hole.
  (bytes, source) =>
    copied(bytes, (copy) => {
      const at = place(copy, source);
      copy.fill(source.integer(2) ? 0 : 0xff, at, at + 1 + source.integer(32));
    }),
  // A huge count, near the front more often than not, where headers are.
  (bytes, source) =>
    copied(bytes, (copy, view) => {
      if (copy.length < 8) return;
      const most = source.integer(3) ? Math.min(copy.length, 160) : copy.length;
      const at = source.integer(Math.max(1, most - 7));
      const value = HUGE[source.integer(HUGE.length)];
      if (source.integer(2)) view.setUint32(at, value, source.integer(2) === 1);
      else view.setBigUint64(at, BigInt(value) << BigInt(source.integer(33)), source.integer(2) === 1);
    }),
  // The other order of bytes.
  (bytes, source) =>
    copied(bytes, (copy) => {
      const at = place(copy, source, 4);
      copy.subarray(at, at + 4).reverse();
    }),
  // A strange number.
  (bytes, source) =>
    copied(bytes, (copy, view) => {
      if (copy.length < 8) return;
      const [at, value] = [place(copy, source, 8), STRANGE[source.integer(STRANGE.length)]];
      if (source.integer(2)) view.setFloat32(at, value, true);
      else view.setFloat64(at, value, true);
    }),
];

/** A file with one to three changes. */
export function mutated(bytes: Uint8Array, source: RandomSource): Uint8Array {
  let changed = bytes;
  for (let i = 1 + source.integer(3); i > 0; i--)
    changed = CHANGES[source.integer(CHANGES.length)](changed, source);
  return changed;
}

const TOKENS = [
  ...[
    "1e308",
    "-1e308",
    "1e999",
    "-0",
    "NaN",
    "Infinity",
    "null",
    "true",
    "9007199254740993",
    "1e-400",
    "0x10",
  ],
  ...["-1", "0", "1.5", "4294967296", "[]", "{}", '""', "__proto__", "\u0000", "\u202e", "(", ")", ",", '"'],
];

/** A text with some of its words and numbers replaced, repeated, left out, or nested deep. */
export function mutatedText(text: string, source: RandomSource): string {
  let changed = text;
  for (let i = 1 + source.integer(3); i > 0; i--) changed = changedWord(changed, source);
  return source.integer(8) === 0
    ? new TextDecoder("latin1").decode(mutated(new TextEncoder().encode(changed), source))
    : changed;
}

function changedWord(text: string, source: RandomSource): string {
  const words = [...text.matchAll(/-?\d+(\.\d+)?(e[+-]?\d+)?|[A-Za-z_]+|[^\sA-Za-z\d]/g)];
  if (words.length === 0) return text;
  const { 0: word, index } = words[source.integer(words.length)];
  const [before, after] = [text.slice(0, index), text.slice(index + word.length)];
  switch (source.integer(6)) {
    case 0:
      return before + after;
    case 1:
      return before + word + word + after;
    case 2: {
      const [open, close] = source.integer(2) ? ["[", "]"] : source.integer(2) ? ["(", ")"] : ['{"a":', "}"];
      const depth = [3, 300, 20_000][source.integer(3)];
      return before + open.repeat(depth) + word + (source.integer(2) ? close.repeat(depth) : "") + after;
    }
    case 3: {
      const other = words[source.integer(words.length)][0];
      return before + other + after;
    }
    default:
      return before + TOKENS[source.integer(TOKENS.length)] + after;
  }
}

const VALUES: readonly unknown[] = [
  ...[1e308, -1e308, 5e-324, -1, 0, 0.5, 2 ** 31, 2 ** 53, 1e15, null, true, "", "__proto__", [], {}, [[]]],
  ...["1", "NaN", "\u202ex", "a".repeat(5000)],
];

/**
 * Data with one to three of their leaves changed in place, and lists' entries left out or repeated. Numbers, big integers and bytes
 * stay of their kind where `typed`, as in a message of a format.
 */
export function mutatedTree<T>(changed: T, source: RandomSource, typed = false): T {
  for (let i = 1 + source.integer(3); i > 0; i--) {
    const places = placesOf(changed);
    if (places.length === 0) break;
    const [holder, key] = places[source.integer(places.length)];
    const own = holder[key];
    if (Array.isArray(own) && source.integer(2)) {
      if (own.length === 0) continue;
      const at = source.integer(own.length);
      if (source.integer(2)) own.splice(at, 1);
      else own.push(own[at]);
    } else holder[key] = typed ? changedLeaf(own, source) : VALUES[source.integer(VALUES.length)];
  }
  return changed;
}

type Holder = Record<string, unknown>;

function placesOf(value: unknown): [Holder, string][] {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    // The kind of a message is no part of it.
    key.startsWith("$") ? [] : [[value as Holder, key] as [Holder, string], ...placesOf(part)],
  );
}

const INTEGERS = [0, 1, -1, 2, 7, 2 ** 31 - 1, -(2 ** 31), 65_536];
const LONG = [0n, 1n, -1n, 2n ** 31n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n), 3n, 1000n];

function changedLeaf(own: unknown, source: RandomSource): unknown {
  if (typeof own === "bigint") return LONG[source.integer(LONG.length)];
  if (typeof own === "number" && Number.isInteger(own)) return INTEGERS[source.integer(INTEGERS.length)];
  if (typeof own === "number") return STRANGE[source.integer(STRANGE.length)];
  if (typeof own === "string")
    return ["", "x", "Relu", "Add", "Constant", "a".repeat(300), "\n"][source.integer(7)];
  if (own instanceof Uint8Array) return mutated(own, source);
  return own;
}
