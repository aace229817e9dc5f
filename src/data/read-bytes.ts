import { unpackGzip } from "../formats/gzip.js";
import { LARGEST_FILE, readFileOrExplain } from "../formats/read-file.js";

/**
 * A file's bytes, unpacked if they begin as gzip does, whatever its name. Throws FormatError when the file is missing, unreadable,
 * truncated, larger than `largest` once unpacked, or fails gzip's own checksum.
 */
export async function readBytes(path: string, largest = LARGEST_FILE): Promise<Uint8Array> {
  return unpackBytes(await readFileOrExplain(path, { largest }), path, largest);
}

/** As readBytes, for bytes in memory; `where` names them in errors. */
export async function unpackBytes(
  bytes: Uint8Array,
  where: string,
  largest = LARGEST_FILE,
): Promise<Uint8Array> {
  return unpackGzip(bytes, where, largest);
}
