/** Some of a row of things, from `first` on. */
export interface Share {
  /** From 0. */
  readonly first: number;
  /** How many; 0 for none. */
  readonly count: number;
}

/** A rank's share of so many things in a row: shares differ by one at most, the larger ones first, and are all of them in order. */
export function shareOf(
  count: number,
  { rank, size }: { readonly rank: number; readonly size: number },
): Share {
  const [least, over] = [Math.floor(count / size), count % size];
  return { first: rank * least + Math.min(rank, over), count: least + (rank < over ? 1 : 0) };
}
