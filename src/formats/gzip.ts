import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { createGzip, gunzip } from "node:zlib";
import { FormatError } from "../errors.js";

const unpack = promisify(gunzip);

const MEBIBYTE = 2 ** 20;

/**
 * The bytes of a file, unpacked if they begin as gzip does. `largest` bounds what comes out, so that a small packed file
 * cannot fill the memory. A `FormatError` for damaged data, or for a name in `.gz` over other bytes.
 */
export async function unpackGzip(bytes: Uint8Array, where: string, largest: number): Promise<Uint8Array> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked) {
    if (where.endsWith(".gz")) {
      throw new FormatError(`${where}: expected gzip data, found other bytes (${bytes.length})`);
    }
    if (bytes.length > largest) throw tooLarge(where, largest);
    return bytes;
  }
  try {
    return await unpack(bytes, { maxOutputLength: largest });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(where, largest);
    throw new FormatError(
      `${where}: expected whole gzip data, found ${bytes.length} bytes with an ${(error as Error).message}`,
    );
  }
}

/** Text that comes piece by piece, packed as it comes. What its maker throws is thrown. */
export async function* packedByGzip(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  // An error of a part is one of the whole, and reaches who reads it.
  yield* pipeline(Readable.from(text), createGzip(), () => {});
}

function tooLarge(where: string, largest: number): FormatError {
  return new FormatError(`${where}: expected at most ${largest / MEBIBYTE} MiB, found more`);
}
