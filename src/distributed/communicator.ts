/**
 * What ranks of one job say to one another. Every rank makes the same calls in the same order, as each of them waits for all the
 * others; a job of which a rank is gone never goes on.
 */
export interface Communicator {
  /** Which rank this process is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** How many of them are on this machine. */
  readonly localSize: number;
  /** Sums over all ranks, entry by entry, in place. Every rank gets the same bits, as long as the library adds in one order. */
  sum(values: Float32Array | Float64Array): Promise<void>;
  /** The root's bytes to all; what the others bring is overwritten, and is as long. */
  broadcast(bytes: Uint8Array, root: number): Promise<void>;
  /** Ends every rank of the job with this exit code. */
  abort(code: number): void;
  /** Waits for all ranks and parts from them: nothing can be asked afterwards. */
  leave(): Promise<void>;
}

/** A process by itself: the one rank of its job. */
export const ALONE: Communicator = {
  rank: 0,
  size: 1,
  localSize: 1,
  async sum() {},
  async broadcast() {},
  abort() {},
  async leave() {},
};
