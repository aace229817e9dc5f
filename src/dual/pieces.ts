import type { Tape } from "../autodiff/index.js";
import { type Budget, entryBytes } from "../compute/budget.js";
import { letIn, type Stop } from "../compute/deadline.js";

/** Bytes of ν that a piece takes while gradients are recorded: a piece is computed twice then. */
const RECORDED_BYTES = 64 * 2 ** 20;
/** Where nothing is recorded: what stays near the cores. */
const PIECE_BYTES = 4 * 2 ** 20;
/** Where besides one operation takes a piece, which looks after the caches itself. */
const PIECE_BYTES_AT_ONCE = 2 ** 26;
/** Tensors of the size of ν that are alive at once while rows go back, with what a backend packs of them. */
const TENSORS_AT_ONCE = 16;
/** The same of one operation, which keeps hardly more than the places that `features` counts. */
const SHARES_AT_ONCE = 2;
/** Rows of single precision in a cache line. */
const LINE_ROWS = 16;

/** What bounds the pieces into which rows are cut. */
export interface PieceLimits {
  /** Bytes that ν may take in a piece. Default 64 MiB where gradients are recorded, 64 where one operation takes a piece, else 4. */
  readonly pieceBytes?: number | undefined;
  /** What all tensors may take. */
  readonly budget?: Budget | undefined;
  readonly signal?: Stop | undefined;
}

/** Rows that go back together. */
export interface PieceRows {
  /** The largest number of features that a row holds on its way. */
  readonly features: number;
  /** Of a row. */
  readonly multiplyAdds: number;
  /** Whether nothing is kept on the way, so that only time counts. */
  readonly keepsNothing?: boolean;
  /** Whether one operation takes a piece from where it starts to the input. */
  readonly isOneOperation?: boolean;
}

/**
 * How many rows a piece has. Recorded, it is a matter of `pieceBytes` alone, since gradients are sums over pieces; else also of
 * what the budget leaves now, and of how long a piece may take: down to one row.
 */
export function rowsAtOnce(tape: Tape, way: PieceRows, { pieceBytes, budget }: PieceLimits): number {
  const { backend, recording } = tape;
  const rowBytes = entryBytes(backend.dtype) * way.features;
  if (recording) return inLines(Math.floor((pieceBytes ?? RECORDED_BYTES) / rowBytes));
  const timely = Math.max(1, Math.floor(backend.multiplyAddsAtOnce / Math.max(1, way.multiplyAdds)));
  if (way.keepsNothing) return timely;
  const tensors = way.isOneOperation ? SHARES_AT_ONCE : TENSORS_AT_ONCE;
  const left = budget ? budget.left(backend) / tensors : Number.POSITIVE_INFINITY;
  const most = pieceBytes ?? (way.isOneOperation ? PIECE_BYTES_AT_ONCE : PIECE_BYTES);
  const rows = inLines(Math.floor(Math.min(most, left) / rowBytes));
  return Math.max(1, Math.min(rows, timely, Math.floor(left / rowBytes)));
}

/** At least a line of rows: it takes hardly longer than one of them. */
function inLines(rows: number): number {
  // Features an odd number of cache lines apart spread over all of a cache.
  const lines = Math.floor(rows / LINE_ROWS);
  return lines > 2 ? (lines - 1 + (lines % 2)) * LINE_ROWS : Math.max(LINE_ROWS, rows);
}

/**
 * Between two pieces: lets signals and timers in, and throws the reason where work is to end. Where nothing is recorded it waits
 * until the last piece is done: what was only queued takes no time and memory yet.
 */
export async function betweenPieces({ backend, recording }: Tape, signal: Stop | undefined): Promise<void> {
  if (!recording) await backend.finish();
  await letIn(signal);
}
