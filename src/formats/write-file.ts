import { realpathSync, statSync } from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../errors.js";
import { partBeside } from "./abandoned-parts.js";
import { codeOf, reasonOf } from "./file-faults.js";
import { isFolder } from "./is-folder.js";

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
  const beside = partBeside(place);
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

function writeReason(error: unknown, folder: string): string {
  const code = codeOf(error);
  if (code === "ENOENT") {
    return isFolder(folder) ? `${folder} takes no new files` : `the folder ${folder} does not exist`;
  }
  if (code === "ENOTDIR") return `${folder} is not a folder`;
  return reasonOf(error);
}
