const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a table's cell holds, in decimals; NaN for anything else. */
export function numberOf(cell: string): number {
  return NUMBER.test(cell) ? Number(cell) : Number.NaN;
}
