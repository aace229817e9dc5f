import type { Backend, Dtype } from "./backend.js";

/** What a command may take unless told: bytes. */
export const DEFAULT_MEMORY = 2 ** 30;

/** Bytes of a number. */
export function entryBytes(dtype: Dtype): number {
  return dtype === "float64" ? 8 : 4;
}

/**
 * Bytes that all tensors of a backend may take, with what it holds for its work beside them: those that live across a bound
 * (boxes, enclosures, weights and |W|) and those that come and go within a piece of it. It is handed down to whoever cuts work
 * into pieces, who asks what is left each time anew; threads, and the backend in double precision, share it.
 */
export class Budget {
  readonly bytes: number;

  /** So many bytes, those that are taken already included. */
  constructor(bytes: number) {
    this.bytes = bytes;
  }

  /** Bytes that are left, as far as the backend has come with what it was asked. */
  left(backend: Backend): number {
    const { liveBytes, scratchBytes } = backend.memory();
    return Math.max(0, this.bytes - liveBytes - scratchBytes);
  }

  /** Of `most` parts that take so many bytes each, how many may be worked on at once: half of what is left is theirs; at least 1. */
  parts(backend: Backend, bytesEach: number, most = Number.POSITIVE_INFINITY): number {
    return Math.max(1, Math.min(most, Math.floor(this.left(backend) / 2 / bytesEach)));
  }
}
