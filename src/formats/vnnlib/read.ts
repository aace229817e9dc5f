import { createHash } from "node:crypto";
import type { Stop } from "../../compute/deadline.js";
import { unpackGzip } from "../gzip.js";
import { LARGEST_TEXT, readFileOrExplain } from "../read-file.js";
import { parseVnnlib } from "./parse.js";
import type { Property } from "./property.js";

/**
 * Reads a property from a file, plain or packed by gzip whatever its name. Throws a FormatError of one line if the
 * file is missing, truncated, corrupt, unreasonably large, or no VNN-LIB; and the reason of `stop`, which ends the reading.
 */
export async function readVnnlib(path: string, stop?: Stop): Promise<Property> {
  return (await readNamedVnnlib(path, stop)).property;
}

/** As `readVnnlib`, with the checksum of the bytes that were read: the file may be another one a moment later. */
export async function readNamedVnnlib(
  path: string,
  stop?: Stop,
): Promise<{ readonly property: Property; readonly sha256: string }> {
  const bytes = await readFileOrExplain(path, { largest: LARGEST_TEXT });
  return {
    property: parseVnnlib(await unpackText(bytes, path), path, stop),
    sha256: createHash("sha256").update(bytes).digest("hex"),
  };
}

/** The text of a file's bytes, unpacked if they begin as gzip does; of at most `largest` bytes. */
export async function unpackText(bytes: Uint8Array, where: string, largest = LARGEST_TEXT): Promise<string> {
  return new TextDecoder().decode(await unpackGzip(bytes, where, largest));
}
