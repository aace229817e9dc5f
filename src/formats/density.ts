import { FormatError } from "../errors.js";

/** What any packed file may unpack to. */
const FREE = 2 ** 26;
/** Beyond that, bytes for each packed one. Weights and texts are packed to a tenth, nothing but zeros to a thousandth. */
const DENSEST = 64;

/**
 * Throws a `FormatError` where so few packed bytes unpack to so many that nothing but a trap is packed so densely: a few of them could
 * fill the memory.
 */
export function checkDensity(packed: number, unpacked: number, where: string): void {
  if (unpacked <= FREE + DENSEST * packed) return;
  throw new FormatError(
    `${where}: expected at most ${DENSEST} bytes for each packed one, found ${FREE / 2 ** 20} MiB more than that; if it is meant, unpack it first`,
  );
}
