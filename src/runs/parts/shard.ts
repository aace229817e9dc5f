/** One of several equal shares of a piece of work: the `index`-th, from 1, of `of`. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/**
 * The numbers of a shard's items among `total`: every `of`-th one, so that what is costly in one place of the data is shared by
 * all. Together the shards have each item once.
 */
export function itemsOf({ index, of }: Shard, total: number): Int32Array {
  const first = index - 1;
  return Int32Array.from({ length: countOf({ index, of }, total) }, (_, i) => first + i * of);
}

/** How many items a shard has. */
export function countOf({ index, of }: Shard, total: number): number {
  return Math.max(0, Math.ceil((total - (index - 1)) / of));
}

/** `2/8`. */
export function shardInWords({ index, of }: Shard): string {
  return `${index}/${of}`;
}
