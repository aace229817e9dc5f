import { replace, type Tape, type Variable } from "../autodiff/index.js";
import { isProof } from "../threat/proof.js";
import type { Margin } from "./margin.js";

/** Bounds of all margins, `[margins, 1]`, and how many rows they took. */
export interface SettledMargins {
  readonly bounds: Variable;
  readonly bounded: number;
}

/** Whether a margin with this bound cannot be proved any more, in any arithmetic. */
export type IsHopeless = (margin: Margin, bound: number) => boolean;

/**
 * Bounds by rows of their own only those margins that `loose` `[margins, 1]` leaves open. Of each example the most doubtful comes
 * first: where that is hopeless so is the example, and its others stay as they are. Waits for the backend.
 */
export async function settleMargins(
  tape: Tape,
  margins: readonly Margin[],
  loose: Variable,
  isHopeless: IsHopeless,
  boundRows: (rows: readonly Margin[]) => Promise<Variable>,
): Promise<SettledMargins> {
  const { backend } = tape;
  const values = await backend.read(loose.value);
  const { doubtful, others } = byDoubt(margins, values);
  let bounds = loose;
  const settle = async (rows: readonly number[]): Promise<ArrayLike<number>> => {
    if (rows.length === 0) return [];
    const own = await boundRows(rows.map((row) => margins[row]));
    bounds = replace(tape, bounds, Int32Array.from(rows), own);
    return backend.read(own.value);
  };
  const found = await settle(doubtful);
  const lost = new Set<number>();
  for (const [i, row] of doubtful.entries()) {
    if (isHopeless(margins[row], found[i])) lost.add(margins[row].example);
  }
  const rest = others.filter((row) => !lost.has(margins[row].example));
  await settle(rest);
  return { bounds, bounded: doubtful.length + rest.length };
}

/** Open margins, of each example the one with the lowest bound apart. */
function byDoubt(
  margins: readonly Margin[],
  values: ArrayLike<number>,
): { readonly doubtful: readonly number[]; readonly others: readonly number[] } {
  const open = [...margins.keys()].filter((row) => !isProof(values[row]));
  const lowest = new Map<number, number>();
  for (const row of open) {
    const { example } = margins[row];
    const before = lowest.get(example);
    if (before === undefined || values[row] < values[before]) lowest.set(example, row);
  }
  const first = new Set(lowest.values());
  return { doubtful: [...first], others: open.filter((row) => !first.has(row)) };
}
