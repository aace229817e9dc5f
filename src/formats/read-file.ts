import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../errors.js";
import { codeOf, reasonOf } from "./file-faults.js";

/** Of any file that is read whole: what one typed array surely holds. */
export const LARGEST_FILE = 2 ** 31;

/** Of a text: what one string surely holds. */
export const LARGEST_TEXT = 2 ** 28;

/** How a file is read. */
export interface ReadingLimits {
  /** More bytes are refused before any is read. Default: `LARGEST_FILE`. */
  readonly largest?: number;
  /** What messages call the file. Default: its path. */
  readonly where?: string;
}

/** A pipe that nobody writes to must not be waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** At once, so that a signal is heard between two. */
const PIECE = 2 ** 24;

/**
 * The bytes of a file, by which all of this package's readers come to their bytes. A `FormatError` of one line that names it if it is
 * missing, unreadable, anything but a regular file (a folder, a device, a pipe, a socket, or a link to one), larger than `largest`, or
 * large and made of holes.
 */
export async function readFileOrExplain(path: string, limits: ReadingLimits = {}): Promise<Uint8Array> {
  const where = limits.where ?? path;
  try {
    // What is no file is not even opened: some devices do something by that.
    checkRegular(statSync(path), where, limits);
    const file = await open(path, FLAGS);
    try {
      const stats = await file.stat();
      checkRegular(stats, where, limits);
      if (mayBeHoles(stats)) await refuseHoles(file, stats.size, where);
      const bytes = new Uint8Array(stats.size);
      let length = 0;
      while (length < bytes.length) {
        const wanted = Math.min(PIECE, bytes.length - length);
        const { bytesRead } = await file.read(bytes, length, wanted, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw explained(error, where);
  }
}

/** The same text at once, for files of a few lines. Throws as `readFileOrExplain` does. */
export function readTextOrExplain(path: string, limits: ReadingLimits = {}): string {
  const { where = path, largest = LARGEST_TEXT } = limits;
  try {
    checkRegular(statSync(path), where, { largest });
    const file = openSync(path, FLAGS);
    try {
      const stats = fstatSync(file);
      checkRegular(stats, where, { largest });
      const bytes = new Uint8Array(stats.size);
      const length = bytes.length === 0 ? 0 : readSync(file, bytes, 0, bytes.length, 0);
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw explained(error, where);
  }
}

function checkRegular(stats: Stats, where: string, { largest = LARGEST_FILE }: ReadingLimits): void {
  if (!stats.isFile()) throw new FormatError(`${where}: expected a file, found ${kindOfFile(stats)}`);
  if (stats.size <= largest) return;
  throw new FormatError(
    `${where}: expected a file of at most ${largest / 2 ** 20} MiB, found ${Math.ceil(stats.size / 2 ** 20)} MiB`,
  );
}

function kindOfFile(stats: Stats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a pipe; write what comes from it into a file first";
  return stats.isSocket() ? "a socket" : "a device";
}

/** Smaller files are read whatever is in them. */
const SMALL = 2 ** 26;
const BLOCK = 512;
/** A file with holes takes far less of its disk than it is long; so does one that the file system packs. */
const mayBeHoles = ({ size, blocks }: Stats): boolean => size > SMALL && blocks * BLOCK < size / 8;

/** Pieces of a file that are looked at, and the bytes of each. */
const LOOKS = 512;
const LOOK = 4096;

/**
 * Throws a `FormatError` where seven eighths or more of a file's pieces, evenly spread, are nothing but zeros: a few bytes on a disk
 * would take gigabytes of memory.
 */
async function refuseHoles(file: FileHandle, size: number, where: string): Promise<void> {
  const piece = new Uint8Array(LOOK);
  let empty = 0;
  for (let i = 0; i < LOOKS; i++) {
    const { bytesRead } = await file.read(piece, 0, LOOK, Math.floor((i * (size - LOOK)) / (LOOKS - 1)));
    if (!piece.subarray(0, bytesRead).some(Boolean)) empty++;
  }
  if (empty < (7 / 8) * LOOKS) return;
  throw new FormatError(
    `${where}: expected data, found a file of ${Math.ceil(size / 2 ** 20)} MiB that is nearly all holes; is it a download that was not finished?`,
  );
}

function explained(error: unknown, where: string): unknown {
  if (error instanceof FormatError) return error;
  const code = codeOf(error);
  if (code === undefined && !(error instanceof Error)) return error;
  if (code === "ENOENT" || code === "ENOTDIR") return new FormatError(`${where}: no such file`);
  if (code === "EISDIR") return new FormatError(`${where}: expected a file, found a folder`);
  if (code === "ENXIO") return new FormatError(`${where}: expected a file, found a device that is not there`);
  return new FormatError(`${where}: cannot read: ${reasonOf(error)}`);
}
