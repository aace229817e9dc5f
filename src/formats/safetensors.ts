import * as z from "zod";
import { FormatError } from "../errors.js";
import { parseJson } from "./json-text.js";
import {
  readBfloat16,
  readFloat16,
  readFloat32,
  readFloat64,
  readInt32,
  readInt64,
  readUint8,
} from "./little-endian.js";
import { repeatedKey } from "./repeated-key.js";

/** Numbers with their shape, row-major. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** The content of a safetensors file. */
export interface SafetensorsContent {
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where a tensor lies. */
interface Span {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly shape: readonly number[];
  readonly encoding: Encoding;
}

interface Encoding {
  readonly bytes: number;
  read(bytes: Uint8Array): Float32Array | Float64Array;
}

/** What can be read; `encodeSafetensors` writes F32 and F64. Integers come as doubles. */
const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ["F64", { bytes: 8, read: readFloat64 }],
  ["F32", { bytes: 4, read: readFloat32 }],
  ["F16", { bytes: 2, read: readFloat16 }],
  ["BF16", { bytes: 2, read: readBfloat16 }],
  ["I64", { bytes: 8, read: readInt64 }],
  ["I32", { bytes: 4, read: readInt32 }],
  ["U8", { bytes: 1, read: readUint8 }],
]);

/** The length of the header, as an unsigned 64-bit integer, stands before everything. */
const PREFIX = 8;
/** The format's own limit on the header's bytes. */
const LONGEST_HEADER = 100_000_000;

const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(index),
  data_offsets: z.tuple([index, index]),
});

/**
 * Writes tensors in the safetensors format: doubles first, so that every tensor lies aligned, otherwise in the order
 * given. The same tensors and metadata give the same bytes.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const isWide = ([, { values }]: [string, NamedTensor]) => values instanceof Float64Array;
  const all = [...tensors];
  const ordered = [...all.filter(isWide), ...all.filter((entry) => !isWide(entry))];
  const entries: [string, unknown][] = Object.keys(metadata).length > 0 ? [["__metadata__", metadata]] : [];
  let end = 0;
  for (const [name, { shape, values }] of ordered) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (name === "__metadata__") throw new FormatError(`a tensor cannot be named "${name}" in safetensors`);
    if (size !== values.length) {
      throw new FormatError(
        `tensor "${name}": shape [${shape.join(", ")}] needs ${size} numbers, got ${values.length}`,
      );
    }
    const dtype = values instanceof Float64Array ? "F64" : "F32";
    entries.push([name, { dtype, shape, data_offsets: [end, end + values.byteLength] }]);
    end += values.byteLength;
  }
  // fromEntries, unlike assignment, also takes the name "__proto__".
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = PREFIX + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, PREFIX, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - PREFIX), true);
  bytes.set(json, PREFIX);
  let offset = start;
  for (const [, { values }] of ordered) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  return bytes;
}

/**
 * Reads a safetensors file: F32 and F64 as they are, F16 and BF16 widened to single precision, I64, I32 and U8 as
 * doubles. Throws a `FormatError` that names `where`, what was expected and what was found, if the file is
 * truncated, its header is not what the format asks for, or its tensors overlap, leave holes or reach outside.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsContent {
  const { header, start } = readHeader(bytes, where);
  const data = bytes.subarray(start);
  const { __metadata__: rawMetadata, ...rest } = header;
  const metadata = rawMetadata ?? {};
  if (!mapsToTexts(metadata)) throw new FormatError(`${where}: __metadata__ must map names to texts`);

  const spans: Span[] = [];
  for (const [name, raw] of Object.entries(rest)) {
    const label = `${where}: tensor ${JSON.stringify(name)}`;
    const parsed = Entry.safeParse(raw);
    if (!parsed.success) {
      throw new FormatError(`${label}: expected dtype, shape and data_offsets, found ${excerpt(raw)}`);
    }
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const [from, to] = offsets;
    const encoding = ENCODINGS.get(dtype);
    if (!encoding) {
      throw new FormatError(
        `${label}: dtype ${excerpt(dtype)} cannot be read; known: ${[...ENCODINGS.keys()].join(", ")}`,
      );
    }
    const expected = encoding.bytes * shape.reduce((product, extent) => product * extent, 1);
    if (from > to || to > data.length) {
      throw new FormatError(
        `${label}: bytes ${from} to ${to} lie outside the file's ${data.length} data bytes`,
      );
    }
    if (to - from !== expected) {
      throw new FormatError(
        `${label}: ${dtype} of shape [${shape.join(", ")}] needs ${expected} bytes, found ${to - from}`,
      );
    }
    spans.push({ name, from, to, shape, encoding });
  }
  // Before anything is copied: tensors that overlap may be many times as large as the file.
  checkCover(spans, data.length, where);
  const tensors = new Map(
    spans.map(({ name, from, to, shape, encoding }) => [
      name,
      { shape, values: encoding.read(data.subarray(from, to)) },
    ]),
  );
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, where: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < PREFIX) {
    throw new FormatError(
      `${where}: not a safetensors file: ${bytes.length} bytes, expected at least ${PREFIX}`,
    );
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LONGEST_HEADER) {
    throw new FormatError(
      `${where}: not a safetensors file: its header claims ${length} bytes, at most ${LONGEST_HEADER} are allowed`,
    );
  }
  const start = PREFIX + length;
  if (start > bytes.length) {
    throw new FormatError(
      `${where}: truncated: its header needs ${start} bytes, the file has ${bytes.length}`,
    );
  }
  const notJson = "not a safetensors file: its header is not JSON";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX, start));
  } catch {
    throw new FormatError(`${where}: ${notJson}`);
  }
  const header = parseJson(text, where, notJson);
  if (typeof header !== "object" || header === null || Array.isArray(header)) {
    throw new FormatError(`${where}: not a safetensors file: its header is not a JSON object`);
  }
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new FormatError(`${where}: its header has ${excerpt(twice)} twice`);
  return { header: header as Record<string, unknown>, start };
}

/** Not by zod, whose records lose the name "__proto__". */
function mapsToTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string")
  );
}

/** The tensors must fill the data exactly, each byte once. */
function checkCover(spans: readonly Span[], length: number, where: string): void {
  let end = 0;
  let before = "";
  for (const { name, from, to } of [...spans].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < end) {
      throw new FormatError(
        `${where}: tensors ${JSON.stringify(before)} and ${JSON.stringify(name)} overlap`,
      );
    }
    if (from > end) throw new FormatError(`${where}: bytes ${end} to ${from} belong to no tensor`);
    end = to;
    before = name;
  }
  if (end !== length) throw new FormatError(`${where}: expected ${end} data bytes, found ${length}`);
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
