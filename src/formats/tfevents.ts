import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import crc32c from "crc-32/crc32c.js";

/**
 * What TensorBoard reads: records of serialised `Event` messages (tensorflow/core/util/event.proto), each framed by its
 * length and checksums.
 */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  /** By tag, such as `train/loss`. */
  readonly scalars: Readonly<Record<string, number>>;
}

/** The first record of a file. */
export function encodeFileVersion(wallTime: number): Uint8Array {
  return frame(event(wallTime).tag(3, WireType.LengthDelimited).string("brain.Event:2").finish());
}

/** From here on events replace those of the same step or a later one that earlier files hold. */
export function encodeSessionStart(wallTime: number, step: number): Uint8Array {
  const START = 1;
  const session = new BinaryWriter().tag(1, WireType.Varint).int32(START).finish();
  return frame(stepped(wallTime, step).tag(7, WireType.LengthDelimited).bytes(session).finish());
}

export function encodeScalars({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  const summary = new BinaryWriter();
  for (const [tag, value] of Object.entries(scalars)) {
    const entry = new BinaryWriter().tag(1, WireType.LengthDelimited).string(tag);
    entry.tag(2, WireType.Bit32).float(value);
    summary.tag(1, WireType.LengthDelimited).bytes(entry.finish());
  }
  return frame(stepped(wallTime, step).tag(5, WireType.LengthDelimited).bytes(summary.finish()).finish());
}

function event(wallTime: number): BinaryWriter {
  return new BinaryWriter().tag(1, WireType.Bit64).double(wallTime);
}

function stepped(wallTime: number, step: number): BinaryWriter {
  return event(wallTime).tag(2, WireType.Varint).int64(step);
}

/** uint64 length, its masked CRC-32C, the data, its masked CRC-32C; all little-endian. */
function frame(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return record;
}

function masked(data: Uint8Array): number {
  const crc = crc32c.buf(data) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
