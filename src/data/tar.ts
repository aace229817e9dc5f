import { FormatError } from "../errors.js";

const BLOCK = 512;

/**
 * The plain files of a tar archive by path, each a view of the archive. Folders, links and extension headers are
 * passed over. Throws FormatError for a truncated archive or a wrong header checksum; `where` names it.
 */
export function readTar(bytes: Uint8Array, where: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + BLOCK <= bytes.length) {
    const header = bytes.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    checkHeader(header, `${where}: byte ${at}`);
    const size = octal(header, 124, 12);
    const start = at + BLOCK;
    if (!(size >= 0) || start + size > bytes.length) break;
    const kind = header[156];
    if (kind === 0 || kind === 0x30) {
      const prefix = text(header, 345, 155);
      const name = text(header, 0, 100);
      files.set(prefix ? `${prefix}/${name}` : name, bytes.subarray(start, start + size));
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new FormatError(`${where}: expected a whole tar archive, found ${bytes.length} bytes that break off`);
}

/** The header's checksum is the sum of its bytes, the checksum's own taken as spaces. */
function checkHeader(header: Uint8Array, where: string): void {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!;
  const stated = octal(header, 148, 8);
  if (sum !== stated) {
    throw new FormatError(`${where}: expected a tar header with checksum ${sum}, found ${stated}`);
  }
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function octal(header: Uint8Array, start: number, length: number): number {
  return Number.parseInt(text(header, start, length).trim(), 8);
}
