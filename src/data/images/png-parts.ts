import { crc32, inflateSync } from "node:zlib";
import { FormatError } from "../../errors.js";

/** PNG's types of colour, and how many numbers a pixel has in the file. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** What decides a picture's pixels; all else is text and colour profiles. */
const CRITICAL = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];

const SIGNATURE = 8;

/**
 * The parts of a PNG by which its pixels are decided, as a PNG again, after their checksums were compared and its data were found to
 * unpack to no more than its header says. Throws an `Error` that says the fault of a damaged one, and a
 * `FormatError` for an animation.
 */
export function pixelParts(bytes: Uint8Array, where: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, SIGNATURE)];
  const data: Uint8Array[] = [];
  let header: Uint8Array | undefined;
  for (let at = SIGNATURE, kind = ""; kind !== "IEND"; ) {
    if (at + 12 > bytes.length) throw new Error("its end is missing");
    const length = view.getUint32(at);
    kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) throw new Error(`its part ${JSON.stringify(kind)} is cut off`);
    if (CRITICAL.includes(kind)) {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
        throw new Error(`CRC mismatch for its part ${kind}`);
      }
      if ((kind === "IHDR") !== (header === undefined))
        throw new Error("it has not one header, and in front");
      const content = bytes.subarray(at + 8, end - 4);
      if (kind === "IHDR") header = content;
      if (kind === "IDAT") data.push(content);
      kept.push(bytes.subarray(at, end));
    }
    // Its first four bytes say how many frames there are; all but one would be passed over.
    if (kind === "acTL" && length >= 4 && view.getUint32(at + 8) > 1) {
      throw new FormatError(`${where}: expected a PNG of one picture, found an animated one`);
    }
    at = end;
  }
  checkUnpackedSize(header as Uint8Array, data);
  return Buffer.concat(kept);
}

function checkUnpackedSize(header: Uint8Array, data: readonly Uint8Array[]): void {
  if (header.length !== 13) throw new Error(`its header has ${header.length} bytes`);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const bits = header[8]! * (SAMPLES[header[9]!] ?? 4);
  const line = 1 + Math.ceil((width * bits) / 8);
  // An interlaced picture has seven, which together have up to two lines for each.
  const most = header[12] === 0 ? height * line : 2 * (height + 7) * line;
  try {
    inflateSync(Buffer.concat(data), { maxOutputLength: most });
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`its data unpack to more than ${most} bytes`);
    throw error;
  }
}
