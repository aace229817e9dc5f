import { BinaryReader } from "@bufbuild/protobuf/wire";

/** An event as TensorBoard would read it. */
export interface ReadEvent {
  step: number;
  wallTime: number;
  fileVersion?: string;
  sessionStatus?: number;
  readonly scalars: Record<string, number>;
}

/** Reads an event file record by record; throws where a length or a checksum does not fit. */
export function readEvents(bytes: Uint8Array): ReadEvent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    check(view.getUint32(at + 8, true), bytes.subarray(at, at + 8));
    const data = bytes.subarray(at + 12, at + 12 + length);
    check(view.getUint32(at + 12 + length, true), data);
    events.push(readEvent(data));
    at += length + 16;
  }
  return events;
}

function check(stored: number, data: Uint8Array): void {
  const unmasked = (stored - 0xa282ead8) >>> 0;
  const crc = ((unmasked << 15) | (unmasked >>> 17)) >>> 0;
  if (crc !== bitwiseCrc32c(data)) throw new Error("checksum");
}

/** CRC-32C (Castagnoli), bit by bit. */
export function bitwiseCrc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

function readEvent(data: Uint8Array): ReadEvent {
  const event: ReadEvent = { step: 0, wallTime: 0, scalars: {} };
  readFields(data, (field, reader) => {
    if (field === 1) event.wallTime = reader.double();
    else if (field === 2) event.step = Number(reader.int64());
    else if (field === 3) event.fileVersion = reader.string();
    else if (field === 5) readFields(reader.bytes(), (_, values) => readValue(values.bytes(), event.scalars));
    else if (field === 7) {
      readFields(reader.bytes(), (_, session) => {
        event.sessionStatus = session.int32();
      });
    } else throw new Error(`field ${field}`);
  });
  return event;
}

function readValue(data: Uint8Array, scalars: Record<string, number>): void {
  let tag = "";
  readFields(data, (field, reader) => {
    if (field === 1) tag = reader.string();
    else if (field === 2) scalars[tag] = reader.float();
    else throw new Error(`field ${field}`);
  });
}

function readFields(data: Uint8Array, onField: (field: number, reader: BinaryReader) => void): void {
  const reader = new BinaryReader(data);
  while (reader.pos < reader.len) onField(reader.tag()[0], reader);
}
