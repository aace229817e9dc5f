import { randomBytes } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FormatError, UsageError } from "../errors.js";

/** What the file system says, in words; the code itself where there are none. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the name is too long",
  EFBIG: "the file would be larger than is allowed",
  EMFILE: "too many open files",
};

/**
 * Writes a file so that no reader ever sees half of it: beside it, to the disk, then renamed into place. What stood
 * there before stays if anything fails. What comes piece by piece is written as it comes. Throws a `UsageError` that names
 * the path and the reason; and what the maker of the pieces throws.
 */
export async function writeFileAtomically(
  path: string,
  data: Uint8Array | string | AsyncIterable<string | Uint8Array>,
): Promise<void> {
  const place = placeOf(path);
  const folder = dirname(place);
  const beside = join(folder, `.${basename(place)}.${process.pid}-${randomBytes(4).toString("hex")}.part`);
  try {
    // A device or a pipe is written to: nothing can take its place.
    if (isSpecial(place)) return await writeFile(place, data);
    const file = await open(beside, "wx");
    try {
      await writeFile(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    // What the pieces' own maker throws is no fault of writing.
    if (typeof data === "object" && Symbol.asyncIterator in data && codeOf(error) === undefined) throw error;
    throw cannotWrite(path, error, folder);
  }
  await syncFolder(folder);
}

/** That a file cannot be written, and why. */
export function cannotWrite(path: string, error: unknown, folder = dirname(path)): UsageError {
  return new UsageError(`${path}: cannot write: ${writeReason(error, folder)}`);
}

/** So that the new name outlives a loss of power, too, where the system lets folders be synchronised. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const entry = await open(folder, "r");
    try {
      await entry.sync();
    } finally {
      await entry.close();
    }
  } catch {
    // The file is in place and whole; not every system can do more.
  }
}

/** Where a link leads; the path itself where it is none. */
function placeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isSpecial(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** The bytes of a file; a `FormatError` that names it if it is missing, a folder, or unreadable. */
export async function readFileOrExplain(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") throw new FormatError(`${path}: no such file`);
    if (code === "EISDIR") throw new FormatError(`${path}: expected a file, found a folder`);
    throw new FormatError(`${path}: cannot read: ${reasonOf(error)}`);
  }
}

function writeReason(error: unknown, folder: string): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `the folder ${folder} does not exist`;
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  return reasonOf(error);
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
