import { FormatError } from "../../errors.js";
import { readFloat32, readFloat64 } from "../little-endian.js";
import type { CertificateNumbers } from "./schema.js";

/** Bytes out of base64; a `FormatError` unless there are so many. */
export function bytesOf(text: string, count: number, what: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== count) {
    throw new FormatError(`${what}: expected ${count} bytes, found ${bytes.length}`);
  }
  return bytes;
}

export function base64Of({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("base64");
}

/** CertificateNumbers out of any of their forms; a `FormatError` unless there are so many, all finite. */
export function numbersOf(numbers: CertificateNumbers, count: number, what: string): Float64Array {
  const values =
    "float64" in numbers
      ? readFloat64(bytesOf(numbers.float64, 8 * count, what))
      : "float32" in numbers
        ? Float64Array.from(readFloat32(bytesOf(numbers.float32, 4 * count, what)))
        : Float64Array.from(bytesOf(numbers.byte, count, what), (byte) => byte / 255);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new FormatError(`${what}: expected finite numbers, found ${values[bad]}`);
  return values;
}

/** CertificateNumbers in the shortest form that loses nothing. */
export function encodeNumbers(values: Float64Array): CertificateNumbers {
  const bytes = Uint8Array.from(values, (value) => Math.round(255 * value));
  if (values.every((value, i) => Object.is(value, bytes[i] / 255))) return { byte: base64Of(bytes) };
  const singles = Float32Array.from(values);
  return values.every((value, i) => value === singles[i])
    ? { float32: base64Of(singles) }
    : { float64: base64Of(values) };
}

/** CertificateNumbers of a list out of a bit for each entry, the lowest bit of a byte first. */
export function listedIn(text: string, size: number, what: string): Int32Array {
  const bytes = bytesOf(text, Math.ceil(size / 8), what);
  const listed: number[] = [];
  for (let i = 0; i < size; i++) if ((bytes[i >> 3] >> (i & 7)) & 1) listed.push(i);
  return Int32Array.from(listed);
}

/** A bit for each entry, set where it is listed. */
export function encodeListed(listed: ArrayLike<number>, size: number): string {
  const bytes = new Uint8Array(Math.ceil(size / 8));
  for (let k = 0; k < listed.length; k++) bytes[listed[k] >> 3] |= 1 << (listed[k] & 7);
  return base64Of(bytes);
}
