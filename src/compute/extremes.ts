// `Math.max(...values)` overflows the stack where there are a hundred thousand or more: nodes, examples, outputs of a file's making.

/** The largest of some numbers, −∞ of none; NaN where one is. */
export function largestOf(values: Iterable<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) largest = Math.max(largest, value);
  return largest;
}

/** The smallest of some numbers, ∞ of none; NaN where one is. */
export function smallestOf(values: Iterable<number>): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (const value of values) smallest = Math.min(smallest, value);
  return smallest;
}
