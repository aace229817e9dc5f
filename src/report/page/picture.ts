import crc32 from "crc-32";
import { zlibSync } from "fflate";
import type { Picture } from "./run-record.js";

/** Larger images are made smaller by a whole factor. */
const MOST_SIDE = 56;
const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const GREY = 0;
const RGB = 2;

/** Channels, height and width of examples that are images, grey or in colours; null for any other shape. */
export function imageShape(
  shape: readonly number[],
): { readonly channels: 1 | 3; readonly height: number; readonly width: number } | null {
  const [channels, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  if (shape.length > 3 || width === undefined || height < 2 || width < 2) return null;
  return channels === 1 || channels === 3 ? { channels, height, width } : null;
}

/** An image as a small PNG in a data: URI. `values` are `[channels, height, width]` in [0, 1]; what lies outside is cut. */
export function pictureOf(values: ArrayLike<number>, shape: readonly number[]): Picture | null {
  const image = imageShape(shape);
  if (!image) return null;
  const factor = Math.ceil(Math.max(image.height, image.width) / MOST_SIDE);
  const [height, width] = [Math.ceil(image.height / factor), Math.ceil(image.width / factor)];
  const bytes = new Uint8Array(height * (1 + width * image.channels));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < image.channels; channel++) {
        const mean = meanOf(values, image, channel, y * factor, x * factor, factor);
        bytes[y * (1 + width * image.channels) + 1 + x * image.channels + channel] = Math.round(
          255 * Math.min(1, Math.max(0, mean)),
        );
      }
    }
  }
  const png = encodePng(bytes, width, height, image.channels === 3 ? RGB : GREY);
  return { uri: `data:image/png;base64,${Buffer.from(png).toString("base64")}`, width, height };
}

function meanOf(
  values: ArrayLike<number>,
  { height, width }: { readonly height: number; readonly width: number },
  channel: number,
  top: number,
  left: number,
  factor: number,
): number {
  let [sum, count] = [0, 0];
  for (let y = top; y < Math.min(top + factor, height); y++) {
    for (let x = left; x < Math.min(left + factor, width); x++) {
      sum += values[(channel * height + y) * width + x];
      count += 1;
    }
  }
  return sum / count;
}

/** `rows` begin each with a filter byte, 0 here. */
function encodePng(rows: Uint8Array, width: number, height: number, colour: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, colour, 0, 0, 0], 8);
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", zlibSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  return Buffer.concat(parts);
}

function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(Buffer.from(name, "latin1"), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32.buf(bytes.subarray(4, 8 + data.length)) >>> 0);
  return bytes;
}
