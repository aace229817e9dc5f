import { FormatError } from "../errors.js";

const PIXELS = 3 * 32 * 32;
const RECORD = 1 + PIXELS;
const CLASSES = 10;

/** Examples of one batch of CIFAR-10's binary version. */
export interface CifarBatch {
  readonly count: number;
  /** [count, 3, 32, 32], row-major. */
  readonly pixels: Uint8Array;
  /** [count], 0 to 9. */
  readonly labels: Int32Array;
}

/**
 * Parses a batch: records of 3,073 bytes, the label and then the red, green and blue planes. Any whole number of
 * records is accepted. Throws FormatError for an empty file, a cut record, or a label above 9.
 */
export function parseCifarBatch(bytes: Uint8Array, where: string): CifarBatch {
  if (bytes.length === 0 || bytes.length % RECORD !== 0) {
    const whole = Math.floor(bytes.length / RECORD);
    throw new FormatError(
      `${where}: expected whole records of ${RECORD} bytes, found ${bytes.length} bytes (${whole} records and ${bytes.length % RECORD} bytes); fetch it again`,
    );
  }
  const count = bytes.length / RECORD;
  const pixels = new Uint8Array(count * PIXELS);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * RECORD;
    const label = bytes[start]!;
    if (label >= CLASSES) {
      throw new FormatError(
        `${where}: record ${i}: expected a label from 0 to ${CLASSES - 1}, found ${label}`,
      );
    }
    labels[i] = label;
    pixels.set(bytes.subarray(start + 1, start + RECORD), i * PIXELS);
  }
  return { count, pixels, labels };
}
