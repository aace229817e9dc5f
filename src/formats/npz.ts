import { randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { zipSync } from "fflate";
import { FormatError } from "../errors.js";
import { readTexts, textBytes } from "./npy-text.js";
import { readFileOrExplain } from "./read-file.js";
import { ZipArchive } from "./zip.js";

/** The element types that are read and written, by NumPy's code without its byte order. */
const ELEMENTS = {
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

export type NpyType = keyof typeof ELEMENTS;

type NpyValues = InstanceType<(typeof ELEMENTS)[NpyType]>;

/** An array of an .npz archive, in row-major order whatever its order in the file. */
export interface NpyArray {
  /** `text` of NumPy's `U` and `S`. */
  readonly type: NpyType | "text";
  readonly shape: readonly number[];
  /** Empty where the array has texts. */
  readonly values: NpyValues;
  readonly texts?: readonly string[];
}

/** An array to write. */
export type NpyNumbers = Pick<NpyArray, "shape" | "values">;

/**
 * Reads the arrays of an .npz archive by name (without ".npy"), all or only those in `names`. Little- and
 * big-endian integers, floats and texts in either memory order are read. Throws FormatError for a missing, truncated or
 * corrupt file (the zip's own checksums are compared) and for other element types.
 */
export async function readNpz(path: string, names?: readonly string[]): Promise<Map<string, NpyArray>> {
  return parseNpz(await readFileOrExplain(path), path, names);
}

/** As readNpz, for bytes in memory; `where` names them in errors. */
export function parseNpz(bytes: Uint8Array, where: string, names?: readonly string[]): Map<string, NpyArray> {
  const entries = new ZipArchive(bytes, where).unpack((name) => names?.includes(arrayName(name)) ?? true);
  const arrays = new Map<string, NpyArray>();
  for (const [name, entry] of entries) {
    arrays.set(arrayName(name), parseNpy(entry, `${where}: ${name}`));
  }
  return arrays;
}

/** The names of all arrays of an .npz archive, without reading them. Throws as readNpz does. */
export async function npzNames(path: string): Promise<string[]> {
  return new ZipArchive(await readFileOrExplain(path), path).entries.map(({ name }) => arrayName(name));
}

function arrayName(entry: string): string {
  return entry.replace(/\.npy$/, "");
}

/** Parses one .npy array; `where` names it in errors. */
export function parseNpy(bytes: Uint8Array, where: string): NpyArray {
  const { descriptor, order, shape, start } = readNpyHeader(bytes, where);
  const type = descriptor.slice(1);
  const bytesOfText = textBytes(type);
  if (bytesOfText === null && !isNpyType(type)) {
    const known = Object.keys(ELEMENTS).join(", ");
    throw new FormatError(
      `${where}: expected element type ${known} or texts, found ${descriptor}${type === "O" ? ", Python objects; save texts by astype(str)" : ""}`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  const elementBytes = isNpyType(type) ? ELEMENTS[type].BYTES_PER_ELEMENT : bytesOfText!;
  const body = bytes.length - start;
  if (body !== count * elementBytes) {
    throw new FormatError(
      `${where}: expected ${count * elementBytes} bytes for shape [${shape}] of ${type}, found ${body}`,
    );
  }
  const isBigEndian = descriptor[0] === ">";
  if (!isNpyType(type)) {
    const texts = readTexts(type, bytes.subarray(start), { count, isBigEndian, where });
    const ordered = order === "True" ? toRowMajor(texts, shape) : texts;
    return { type: "text", shape, values: new Uint8Array(0), texts: ordered };
  }
  const values = readValues(type, new Uint8Array(bytes.subarray(start)), isBigEndian);
  return { type, shape, values: order === "True" ? toRowMajor(values, shape) : values };
}

interface NpyHeader {
  readonly descriptor: string;
  readonly order: string;
  readonly shape: readonly number[];
  /** Of the numbers. */
  readonly start: number;
}

/** NumPy has no arrays of more dimensions. */
const MOST_DIMENSIONS = 64;
/** Some hundred are usual; those of records, which are not read, are longer. */
const LONGEST_HEADER = 2 ** 16;

function readNpyHeader(bytes: Uint8Array, where: string): NpyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = String.fromCharCode(...bytes.subarray(0, 6));
  if (bytes.length < 12 || magic !== "\x93NUMPY") {
    throw new FormatError(`${where}: expected a NumPy array, found ${bytes.length} other bytes`);
  }
  const begin = view.getUint8(6) === 1 ? 10 : 12;
  const length = begin === 10 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > Math.min(LONGEST_HEADER, bytes.length - begin)) {
    throw new FormatError(
      `${where}: expected a NumPy header within the file's ${bytes.length} bytes and of at most ${LONGEST_HEADER}, found one of ${length}`,
    );
  }
  const header = new TextDecoder().decode(bytes.subarray(begin, begin + length));
  const descriptor = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descriptor === undefined || order === undefined || sizes === undefined) {
    throw new FormatError(
      `${where}: expected a NumPy header with descr, fortran_order and shape of a plain array, found ${JSON.stringify(header.trim().slice(0, 200))}`,
    );
  }
  const shape = sizes
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  const isShape = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape || shape.length > MOST_DIMENSIONS) {
    throw new FormatError(
      `${where}: expected a shape of at most ${MOST_DIMENSIONS} whole numbers, found (${sizes.slice(0, 80)})`,
    );
  }
  return { descriptor, order, shape, start: begin + length };
}

function isNpyType(type: string): type is NpyType {
  return Object.hasOwn(ELEMENTS, type);
}

/** `body` is a copy of its own, and so aligned. */
function readValues(type: NpyType, body: Uint8Array, bigEndian: boolean): NpyValues {
  const width = ELEMENTS[type].BYTES_PER_ELEMENT;
  if (bigEndian) for (let i = 0; i < body.length; i += width) body.subarray(i, i + width).reverse();
  return new ELEMENTS[type](body.buffer as ArrayBuffer, 0, body.length / width);
}

function toRowMajor<V extends NpyValues | readonly string[]>(values: V, shape: readonly number[]): V {
  const ordered = values.slice() as unknown[];
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let i = 0; i < values.length; i++) {
    ordered[i] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return ordered as unknown as V;
}

/** Encodes arrays, row-major, as an .npz archive, compressed as `numpy.savez_compressed` does. */
export function encodeNpz(arrays: Readonly<Record<string, NpyNumbers>>): Uint8Array {
  const entries: Record<string, Uint8Array> = {};
  for (const [name, array] of Object.entries(arrays)) entries[`${name}.npy`] = encodeNpy(array, name);
  return zipSync(entries);
}

function encodeNpy({ shape, values }: NpyNumbers, name: string): Uint8Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== values.length) {
    throw new FormatError(
      `array ${name}: expected ${count} values for shape [${shape}], found ${values.length}`,
    );
  }
  const type = Object.entries(ELEMENTS).find(([, element]) => values instanceof element)![0];
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const descriptor = type.endsWith("1") ? `|${type}` : `<${type}`;
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The header ends with a newline and pads the data's start to a multiple of 64 bytes.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + values.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + length);
  return bytes;
}

/** Writes arrays to an .npz file, beside it first and then renamed. */
export async function writeNpz(path: string, arrays: Readonly<Record<string, NpyNumbers>>): Promise<void> {
  const beside = `${path}.${randomUUID()}.partial`;
  try {
    await writeFile(beside, encodeNpz(arrays));
    await rename(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}
