import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { FormatError } from "../../errors.js";
import { readFileOrExplain } from "../write-file.js";
import { parseVnnlib } from "./parse.js";
import type { Property } from "./property.js";

const unpack = promisify(gunzip);

const MEBIBYTE = 2 ** 20;
/** A text of this size still fits a string, and no property of VNN-COMP comes near it. */
const LARGEST_TEXT = 256 * MEBIBYTE;

/**
 * Reads a property from a file, plain or packed by gzip whatever its name. Throws a FormatError of one line if the
 * file is missing, truncated, corrupt, unreasonably large, or no VNN-LIB.
 */
export async function readVnnlib(path: string): Promise<Property> {
  return parseVnnlib(await unpackText(await readFileOrExplain(path), path), path);
}

/**
 * The text of a file's bytes, unpacked if they begin as gzip does. `largest` bounds the bytes of the text, so that a
 * small packed file cannot fill the memory.
 */
export async function unpackText(bytes: Uint8Array, where: string, largest = LARGEST_TEXT): Promise<string> {
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isPacked && where.endsWith(".gz")) {
    throw new FormatError(`${where}: expected gzip data, found other bytes (${bytes.length})`);
  }
  const plain = isPacked ? await unpackBytes(bytes, where, largest) : bytes;
  if (plain.length > largest) throw tooLarge(where, largest);
  return new TextDecoder().decode(plain);
}

async function unpackBytes(bytes: Uint8Array, where: string, largest: number): Promise<Uint8Array> {
  try {
    return await unpack(bytes, { maxOutputLength: largest });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(where, largest);
    throw new FormatError(
      `${where}: expected whole gzip data, found ${bytes.length} bytes with an ${(error as Error).message}`,
    );
  }
}

function tooLarge(where: string, largest: number): FormatError {
  return new FormatError(`${where}: expected at most ${largest / MEBIBYTE} MiB of text, found more`);
}
