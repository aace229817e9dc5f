/**
 * Numbers out of little-endian bytes, each into an array of its own: file sections start at any offset, and a typed
 * array may only look at aligned ones. Every platform that Node runs this library on is little-endian itself.
 */

/** A copy of the bytes in a buffer of their own. (`slice` would not do: a Node `Buffer` answers it with a view.) */
function aligned(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}

export function readFloat32(bytes: Uint8Array): Float32Array {
  return new Float32Array(aligned(bytes));
}

export function readFloat64(bytes: Uint8Array): Float64Array {
  return new Float64Array(aligned(bytes));
}

/** IEEE 754 half precision, widened; exact. */
export function readFloat16(bytes: Uint8Array): Float32Array {
  return Float32Array.from(new Uint16Array(aligned(bytes)), float16);
}

/** bfloat16, widened; exact. */
export function readBfloat16(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint32Array.from(new Uint16Array(aligned(bytes)), (bits) => bits << 16).buffer);
}

/** 64-bit integers as doubles: exact up to 2⁵³. */
export function readInt64(bytes: Uint8Array): Float64Array {
  return Float64Array.from({ length: bytes.byteLength / 8 }, bigIntAt(new BigInt64Array(aligned(bytes))));
}

export function readInt32(bytes: Uint8Array): Float64Array {
  return Float64Array.from(new Int32Array(aligned(bytes)));
}

export function readUint8(bytes: Uint8Array): Float64Array {
  return Float64Array.from(bytes);
}

function bigIntAt(values: BigInt64Array): (_: unknown, i: number) => number {
  return (_, i) => Number(values[i]);
}

/** The value of a half-precision bit pattern. */
export function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
