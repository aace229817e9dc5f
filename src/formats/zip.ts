import { crc32, inflateRawSync } from "node:zlib";
import { FormatError } from "../errors.js";
import { checkDensity } from "./density.js";
import { plainText } from "./plain-text.js";

/** An entry of a zip archive, as its directory has it. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc32: number;
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes unpacked. */
  readonly size: number;
  /** Where its own header stands. */
  readonly offset: number;
}

const END_RECORD = 0x06054b50;
const DIRECTORY_RECORD = 0x02014b50;
const ENTRY_RECORD = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
/** Stands for a number that is in the extra field in 64 bits. */
const IN_EXTRA = 0xffffffff;
const LONGEST_COMMENT = 0xffff;
/** More bytes than this do not fit together into memory. */
const LARGEST = 2 ** 31;

/** The parts of a zip archive in memory. */
export class ZipArchive {
  readonly entries: readonly ZipEntry[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #where: string;
  /** Where each entry's data begin. */
  readonly #starts = new Map<ZipEntry, number>();

  /**
   * Reads the directory and looks at every entry's place. A `FormatError` that names `where` for what is no whole archive, is
   * encrypted or packed in an unknown way, names an entry twice, or has entries that overlap.
   */
  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#where = where;
    this.entries = this.#directory();
    this.#checkPlaces();
  }

  /**
   * The bytes of the chosen entries by name, their checksums compared. A `FormatError` for damaged data, and, before any is unpacked,
   * for entries that say they are larger than memory holds or packed more densely than data are.
   */
  unpack(isWanted: (name: string) => boolean): Map<string, Uint8Array> {
    const wanted = this.entries.filter(({ name }) => isWanted(name));
    const sum = (count: (entry: ZipEntry) => number) => wanted.reduce((all, own) => all + count(own), 0);
    const size = sum((entry) => entry.size);
    if (size > LARGEST) throw this.#fault(`expected at most ${LARGEST / 2 ** 20} MiB, found ${size} bytes`);
    const packed = sum((entry) => entry.packed);
    checkDensity(packed, size, this.#where);
    return new Map(wanted.map((entry) => [entry.name, this.#unpacked(entry)]));
  }

  #unpacked(entry: ZipEntry): Uint8Array {
    const start = this.#starts.get(entry)!;
    const data = this.#bytes.subarray(start, start + entry.packed);
    const bytes = entry.method === STORED ? data : this.#inflated(data, entry);
    const found = crc32(bytes);
    if (bytes.length === entry.size && found === entry.crc32) return bytes;
    const [expected, own] = [entry.crc32, found].map((sum) => sum.toString(16));
    throw this.#entryFault(
      entry.name,
      `expected ${entry.size} bytes with checksum ${expected}, found ${bytes.length} with ${own}; the file is corrupt`,
    );
  }

  #inflated(data: Uint8Array, { name, size }: ZipEntry): Uint8Array {
    try {
      return inflateRawSync(data, { maxOutputLength: Math.max(size, 1) });
    } catch (error) {
      const why = error instanceof RangeError ? `more than its ${size} bytes` : (error as Error).message;
      throw this.#entryFault(name, `expected ${size} bytes, found ${why}; the file is corrupt`);
    }
  }

  #directory(): ZipEntry[] {
    const view = this.#view;
    const end = this.#endRecord();
    const count = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    const entries: ZipEntry[] = [];
    const names = new Set<string>();
    for (let i = 0; i < count; i++) {
      if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY_RECORD) {
        throw this.#fault(`expected ${count} entries in the zip directory, found ${i}`);
      }
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
        view.getUint16(at + field, true),
      ) as [number, number, number];
      const next = at + 46 + nameLength + extraLength + commentLength;
      if (next > end) throw this.#fault(`expected entry ${i} within the zip directory, found it beyond`);
      const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + nameLength));
      if (names.has(name)) throw this.#fault(`expected each entry once, found ${JSON.stringify(name)} twice`);
      names.add(name);
      entries.push(this.#entry(at, name, at + 46 + nameLength, extraLength));
      at = next;
    }
    return entries;
  }

  #entry(at: number, name: string, extra: number, extraLength: number): ZipEntry {
    const view = this.#view;
    const method = view.getUint16(at + 10, true);
    if (view.getUint16(at + 8, true) & ENCRYPTED) throw this.#entryFault(name, `is encrypted`);
    if (method !== STORED && method !== DEFLATED) {
      throw this.#entryFault(name, `expected an entry stored or deflated, found method ${method}`);
    }
    const long = this.#longNumbers(extra, extraLength);
    // In this order where they are in the extra field.
    const [size, packed, offset] = [24, 20, 42].map((field) => {
      const value = view.getUint32(at + field, true);
      return value === IN_EXTRA ? (long.shift() ?? value) : value;
    }) as [number, number, number];
    if (method === STORED && size !== packed) {
      throw this.#entryFault(name, `expected ${size} stored bytes, found ${packed}`);
    }
    return { name, method, crc32: view.getUint32(at + 16, true), packed, size, offset };
  }

  /** The 64-bit numbers of an extra field of kind 1. */
  #longNumbers(start: number, length: number): number[] {
    const view = this.#view;
    const numbers: number[] = [];
    for (let at = start; at + 4 <= start + length; ) {
      const end = at + 4 + view.getUint16(at + 2, true);
      if (view.getUint16(at, true) === 1) {
        for (let p = at + 4; p + 8 <= Math.min(end, start + length); p += 8) {
          numbers.push(Number(view.getBigUint64(p, true)));
        }
      }
      at = end;
    }
    return numbers;
  }

  #endRecord(): number {
    const view = this.#view;
    const least = Math.max(0, this.#bytes.length - 22 - LONGEST_COMMENT);
    for (let at = this.#bytes.length - 22; at >= least; at--) {
      if (view.getUint32(at, true) === END_RECORD) return at;
    }
    throw this.#fault(`found ${this.#bytes.length} bytes without a zip directory; is it truncated?`);
  }

  /** Entries that share bytes can unpack to any size. */
  #checkPlaces(): void {
    let before: ZipEntry | undefined;
    let end = 0;
    for (const entry of this.entries.toSorted((a, b) => a.offset - b.offset)) {
      const { name, offset, packed } = entry;
      if (before && offset < end)
        throw this.#fault(`expected entries that do not overlap, found ${before.name} and ${name}`);
      if (offset + 30 > this.#bytes.length || this.#view.getUint32(offset, true) !== ENTRY_RECORD) {
        throw this.#entryFault(name, `expected a zip entry at byte ${offset}, found none`);
      }
      const start =
        offset + 30 + this.#view.getUint16(offset + 26, true) + this.#view.getUint16(offset + 28, true);
      end = start + packed;
      if (end > this.#bytes.length) {
        throw this.#entryFault(name, `expected ${packed} bytes from byte ${start}, found the file's end`);
      }
      this.#starts.set(entry, start);
      before = entry;
    }
  }

  #entryFault(name: string, fault: string): FormatError {
    return new FormatError(`${this.#where}: ${plainText(name)}: ${fault}`);
  }

  #fault(fault: string): FormatError {
    return new FormatError(`${this.#where}: expected a whole .npz (zip) archive: ${fault}`);
  }
}
