import { convertIndexedToRgb, type DecodedPng, decode as decodePng } from "fast-png";
import jpeg from "jpeg-js";
import { FormatError } from "../../errors.js";
import { pixelParts } from "./png-parts.js";

/** What an image's header says. */
export interface ImageHeader {
  readonly kind: "png" | "jpeg";
  readonly width: number;
  readonly height: number;
  /** Grey or red, green and blue; of a JPEG also 4, which is refused. */
  readonly channels: number;
  /** Of a channel. */
  readonly depth: number;
  /** Where in the file it ends. */
  readonly end: number;
}

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** PNG's types of colour: grey, colours, palette, grey and alpha, colours and alpha. */
const PNG_CHANNELS: Readonly<Record<number, 1 | 3>> = { 0: 1, 2: 3, 3: 3, 4: 1, 6: 3 };
/** Never within what is coded: there a byte 255 is followed by 0. */
const JPEG_END = Buffer.from([0xff, 0xd9]);
const MOST_SIDE = 16_384;
/** More are no example of a network, and decoding them takes gigabytes. */
const MOST_PIXELS = 2 ** 23;
/** Passes over a JPEG's pixels, each in a few bytes; usual are ten. */
const MOST_SCANS = 64;
const START_OF_SCAN = Buffer.from([0xff, 0xda]);

/** Reads what kind of image the bytes are and how large, by themselves and not by a name. Throws FormatError. */
export function readImageHeader(bytes: Uint8Array, where: string): ImageHeader {
  const header = pngHeader(bytes) ?? jpegHeader(bytes);
  if (!header)
    throw new FormatError(`${where}: expected a PNG or JPEG image, found ${bytes.length} other bytes`);
  const { width, height } = header;
  if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE) {
    throw new FormatError(
      `${where}: expected sides from 1 to ${MOST_SIDE} pixels, found ${width} × ${height}`,
    );
  }
  if (width * height > MOST_PIXELS) {
    throw new FormatError(
      `${where}: expected at most ${MOST_PIXELS} pixels, found ${width} × ${height}; make the image smaller`,
    );
  }
  return header;
}

function pngHeader(bytes: Uint8Array): ImageHeader | null {
  if (bytes.length < 26 || PNG_SIGNATURE.some((byte, i) => bytes[i] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = PNG_CHANNELS[bytes[25]!];
  return channels
    ? {
        kind: "png",
        width: view.getUint32(16),
        height: view.getUint32(20),
        channels,
        depth: bytes[24]!,
        end: 33,
      }
    : null;
}

/** A frame header (SOF) says the size; the segments before it are passed over. */
function jpegHeader(bytes: Uint8Array): ImageHeader | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2; at + 10 <= bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1]!;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { kind: "jpeg", width, height, channels: bytes[at + 9]!, depth: bytes[at + 4]!, end: at + 10 };
    }
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

/**
 * The pixels [channels, height, width] of an image, bytes. Throws FormatError for a damaged image and for one that has more
 * than 8 bits a channel, is transparent or of four inks: nothing of it is thrown away in silence. An orientation that a camera
 * wrote into a JPEG is not heeded.
 */
export function decodeImage(bytes: Uint8Array, header: ImageHeader, where: string): Uint8Array {
  const { width, height, channels } = header;
  const area = width * height;
  const interleaved =
    header.kind === "png" ? pngPixels(bytes, header, where) : jpegPixels(bytes, header, where);
  const stride = interleaved.length / area;
  const planes = new Uint8Array(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) planes[c * area + i] = interleaved[i * stride + c]!;
  }
  return planes;
}

/** Interleaved, of as many channels as they come with. */
function pngPixels(bytes: Uint8Array, { channels, depth: ownDepth }: ImageHeader, where: string): Uint8Array {
  if (ownDepth === 16) throw new FormatError(`${where}: expected 8 bits a channel, found 16`);
  const png = damagedUnless(where, "PNG", () => decodePng(pixelParts(bytes, where), { checkCrc: false }));
  const { data, depth, palette, transparency } = png;
  if (transparency) throw transparent(where);
  const pixels = palette || depth < 8 ? fromIndices(png, where) : (data as Uint8Array);
  const area = png.width * png.height;
  const stride = pixels.length / area;
  if (!Number.isInteger(stride) || stride < channels) throw damaged(where, "PNG", "too few pixels");
  // Alpha comes after the colours.
  if (stride === 2 || stride === 4) {
    for (let i = stride - 1; i < pixels.length; i += stride) if (pixels[i] !== 255) throw transparent(where);
  }
  return pixels;
}

/** Of a palette, or of grey with fewer than 8 bits: that is a palette of greys. */
function fromIndices(png: DecodedPng, where: string): Uint8Array {
  const levels = 2 ** png.depth - 1;
  const greys = Array.from({ length: levels + 1 }, (_, i) => Array(3).fill(Math.round((255 * i) / levels)));
  const palette = png.palette ?? greys;
  return damagedUnless(where, "PNG", () => convertIndexedToRgb({ ...png, palette }));
}

function jpegPixels(bytes: Uint8Array, { channels, end }: ImageHeader, where: string): Uint8Array {
  if (channels !== 1 && channels !== 3) {
    throw new FormatError(
      `${where}: expected a grey or colour JPEG, found one of ${channels} channels; save it as RGB`,
    );
  }
  // The decoder makes up what is missing. A thumbnail before the frame's header has an end of its own.
  if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(JPEG_END, end) < 0) {
    throw damaged(where, "JPEG", "its end is missing");
  }
  if (scansOf(bytes, end) > MOST_SCANS) {
    throw new FormatError(`${where}: expected at most ${MOST_SCANS} scans, found more; save the JPEG again`);
  }
  const options = {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: MOST_PIXELS / 1e6,
    maxMemoryUsageInMB: 256,
  } as const;
  return damagedUnless(where, "JPEG", () => jpeg.decode(bytes, options)).data;
}

function scansOf(bytes: Uint8Array, from: number): number {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let scans = 0;
  for (let at = data.indexOf(START_OF_SCAN, from); at >= 0; at = data.indexOf(START_OF_SCAN, at + 2)) scans++;
  return scans;
}

/** What a decoder throws is a fault of the file. */
function damagedUnless<T>(where: string, kind: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw damaged(where, kind, error instanceof Error ? error.message : String(error));
  }
}

function damaged(where: string, kind: string, fault: string): FormatError {
  return new FormatError(`${where}: expected a whole ${kind} image, found a damaged one (${fault})`);
}

function transparent(where: string): FormatError {
  return new FormatError(
    `${where}: expected an opaque image, found transparent pixels; put it on a background first`,
  );
}
