import { pipeline, Readable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { FormatError } from "../errors.js";
import { checkDensity } from "./density.js";

const MEBIBYTE = 2 ** 20;

/** Of packed bytes that are handed on at once, and of unpacked ones that come back. */
const PIECE = 2 ** 18;

/** Whether bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The bytes of a file, unpacked if they begin as gzip does. `largest` bounds what comes out, and so does what has gone in, so that a
 * small packed file cannot fill the memory. A `FormatError` for damaged data, for data packed so densely that nothing but a trap
 * is, or for a name in `.gz` over other bytes.
 */
export async function unpackGzip(bytes: Uint8Array, where: string, largest: number): Promise<Uint8Array> {
  if (!isGzip(bytes)) {
    if (where.endsWith(".gz")) {
      throw new FormatError(`${where}: expected gzip data, found other bytes (${bytes.length})`);
    }
    if (bytes.length > largest) throw tooLarge(where, largest);
    return bytes;
  }
  const gunzip = createGunzip({ chunkSize: PIECE });
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of pipeline(Readable.from(piecesOf(bytes)), gunzip, () => {})) {
      length += part.length;
      if (length > largest) throw tooLarge(where, largest);
      checkDensity(gunzip.bytesWritten, length, where);
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(
      `${where}: expected whole gzip data, found ${bytes.length} bytes with an ${(error as Error).message}; fetch it again`,
    );
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts, length);
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
}

/** Text that comes piece by piece, packed as it comes. What its maker throws is thrown. */
export async function* packedByGzip(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  // An error of a part is one of the whole, and reaches who reads it.
  yield* pipeline(Readable.from(text), createGzip(), () => {});
}

function tooLarge(where: string, largest: number): FormatError {
  return new FormatError(`${where}: expected at most ${largest / MEBIBYTE} MiB, found more`);
}
