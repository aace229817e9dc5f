import { deserialize, serialize } from "node:v8";
import { ALONE, type Communicator } from "./communicator.js";
import { type Share, shareOf } from "./share.js";

/**
 * The ranks that do one piece of work together, and when they stop: as soon as one of them wants to, all do, at the same place. Each
 * call waits for the same call of every other rank. Of one rank, it is that process and its own signal, and nothing is exchanged.
 */
export class Team {
  /** What they say to one another. */
  readonly ranks: Communicator;
  /** Aborts on all ranks at the same call of `sums`; alone it is the process's own. */
  readonly signal: AbortSignal | undefined;
  readonly #own: AbortSignal | undefined;
  readonly #agreed = new AbortController();

  /** By default this process alone. `own` is the signal by which this rank is to stop. */
  constructor(ranks: Communicator = ALONE, own?: AbortSignal) {
    this.ranks = ranks;
    this.#own = own;
    this.signal = ranks.size === 1 ? own : this.#agreed.signal;
  }

  /** Whether this process is all of it. */
  get isAlone(): boolean {
    return this.ranks.size === 1;
  }

  /** Whether this rank writes: it alone does. */
  get isFirst(): boolean {
    return this.ranks.rank === 0;
  }

  /** This rank's share of so many things. */
  share(count: number): Share {
    return shareOf(count, this.ranks);
  }

  /** Sums over all ranks, number by number, in double precision. Stops all ranks if one of them is to stop. */
  async sums(numbers: readonly number[]): Promise<number[]> {
    if (this.isAlone) return [...numbers];
    const values = Float64Array.from([...numbers, this.#own?.aborted ? 1 : 0]);
    await this.ranks.sum(values);
    if (values[numbers.length] > 0) this.#agreed.abort();
    return [...values.subarray(0, numbers.length)];
  }

  /** Waits until all ranks are here. */
  async meet(): Promise<void> {
    await this.sums([]);
  }

  /** What the first rank has. */
  async ofFirst<T>(value: T): Promise<T> {
    return await this.#of(0, value);
  }

  /** What each rank has, in their order. */
  async everyones<T>(value: T): Promise<T[]> {
    const all: T[] = [];
    for (let root = 0; root < this.ranks.size; root++) all.push(await this.#of(root, value));
    return all;
  }

  async #of<T>(root: number, own: T): Promise<T> {
    const { rank, size } = this.ranks;
    if (size === 1) return own;
    const bytes = rank === root ? serialize(own) : null;
    const length = new Float64Array([bytes?.length ?? 0]);
    await this.ranks.sum(length);
    const message = new Uint8Array(length[0]);
    if (bytes) message.set(bytes);
    await this.ranks.broadcast(message, root);
    return rank === root ? own : (deserialize(message) as T);
  }
}
