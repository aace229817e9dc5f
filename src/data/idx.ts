import { FormatError } from "../errors.js";
import { readBytes } from "./read-bytes.js";

/** An IDX array of unsigned bytes, the format of MNIST and Fashion-MNIST. */
export interface IdxArray {
  readonly shape: readonly number[];
  /** Row-major, a view of the file's bytes. */
  readonly values: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/** Reads an IDX file, gzipped or not; `rank` is the number of dimensions it must have. Throws FormatError. */
export async function readIdx(path: string, rank: number): Promise<IdxArray> {
  return parseIdx(await readBytes(path), rank, path);
}

/** As readIdx, for unpacked bytes; `where` names them in errors. */
export function parseIdx(bytes: Uint8Array, rank: number, where: string): IdxArray {
  const header = 4 + 4 * rank;
  if (bytes.length < header) {
    throw new FormatError(`${where}: expected an IDX header of ${header} bytes, found ${bytes.length} bytes`);
  }
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== UNSIGNED_BYTE || bytes[3] !== rank) {
    const expected = hexadecimal([0, 0, UNSIGNED_BYTE, rank]);
    throw new FormatError(
      `${where}: expected the IDX magic number ${expected} (${rank}-dimensional unsigned bytes), found ${hexadecimal(bytes.subarray(0, 4))}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== header + size) {
    throw new FormatError(
      `${where}: expected ${header + size} bytes for shape [${shape}], found ${bytes.length}; fetch it again`,
    );
  }
  return { shape, values: bytes.subarray(header) };
}

function hexadecimal(bytes: ArrayLike<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
