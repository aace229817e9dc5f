import { createHash } from "node:crypto";
import { unpackGzip } from "../gzip.js";
import { LARGEST_TEXT, readFileOrExplain } from "../read-file.js";
import { parseVnnlib } from "./parse.js";
import type { Property } from "./property.js";

/**
 * Reads a property from a file, plain or packed by gzip whatever its name. Throws a FormatError of one line if the
 * file is missing, truncated, corrupt, unreasonably large, or no VNN-LIB.
 */
export async function readVnnlib(path: string): Promise<Property> {
  return (await readNamedVnnlib(path)).property;
}

/** As `readVnnlib`, with the checksum of the bytes that were read: the file may be another one a moment later. */
export async function readNamedVnnlib(
  path: string,
): Promise<{ readonly property: Property; readonly sha256: string }> {
  const bytes = await readFileOrExplain(path, { largest: LARGEST_TEXT });
  return {
    property: parseVnnlib(await unpackText(bytes, path), path),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** The text of a file's bytes, unpacked if they begin as gzip does; of at most `largest` bytes. */
export async function unpackText(bytes: Uint8Array, where: string, largest = LARGEST_TEXT): Promise<string> {
  return new TextDecoder().decode(await unpackGzip(bytes, where, largest));
}
