import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { FormatError } from "../errors.js";

const unpack = promisify(gunzip);

/**
 * A file's bytes, unpacked if they begin as gzip does, whatever its name. Throws FormatError when the file is
 * missing, unreadable, truncated, or fails gzip's own checksum.
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : String(code);
    throw new FormatError(`${path}: expected a readable file, found ${found}`);
  }
  return unpackBytes(bytes, path);
}

/** As readBytes, for bytes in memory; `where` names them in errors. */
export async function unpackBytes(bytes: Uint8Array, where: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    if (!where.endsWith(".gz")) return bytes;
    throw new FormatError(
      `${where}: expected gzip data, found other bytes (${bytes.length}); fetch it again`,
    );
  }
  try {
    return await unpack(bytes);
  } catch (error) {
    throw new FormatError(
      `${where}: expected whole gzip data, found ${bytes.length} bytes with an ${(error as Error).message}; fetch it again`,
    );
  }
}
