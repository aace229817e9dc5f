import { unpackGzip } from "../gzip.js";
import { LARGEST_TEXT, readFileOrExplain } from "../read-file.js";
import { parseVnnlib } from "./parse.js";
import type { Property } from "./property.js";

/**
 * Reads a property from a file, plain or packed by gzip whatever its name. Throws a FormatError of one line if the
 * file is missing, truncated, corrupt, unreasonably large, or no VNN-LIB.
 */
export async function readVnnlib(path: string): Promise<Property> {
  return parseVnnlib(await unpackText(await readFileOrExplain(path, { largest: LARGEST_TEXT }), path), path);
}

/** The text of a file's bytes, unpacked if they begin as gzip does; of at most `largest` bytes. */
export async function unpackText(bytes: Uint8Array, where: string, largest = LARGEST_TEXT): Promise<string> {
  return new TextDecoder().decode(await unpackGzip(bytes, where, largest));
}
