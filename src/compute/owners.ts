/**
 * Which column of a per-example tensor `[features, columns]` each row of a wide tensor `[features, rows]` takes.
 *
 * The dual network carries many rows per example (neurons to bound, generators, projections), while slopes,
 * shifts and radii exist once per example. `Owners` says which row belongs to which example.
 * - `own`: row i takes column i (rows = columns).
 * - `shared`: every row takes column 0 (columns = 1).
 * - `repeat`: rows b·times … (b+1)·times − 1 take column b.
 * - `indexed`: row i takes column[i]; sets of any size, one per example.
 */
export type Owners =
  | { readonly kind: "own" }
  | { readonly kind: "shared" }
  | { readonly kind: "repeat"; readonly times: number }
  | { readonly kind: "indexed"; readonly column: Int32Array };

export const OWN: Owners = { kind: "own" };
export const SHARED: Owners = { kind: "shared" };

/** Runs of `times` rows, one run per example, in the examples' order. */
export function repeatOwners(times: number): Owners {
  return { kind: "repeat", times };
}

export function indexedOwners(column: Int32Array): Owners {
  return { kind: "indexed", column };
}

/** The owner of every row as a table of column numbers, `[rows]`. */
export function ownerTable(owners: Owners, rows: number): Int32Array {
  switch (owners.kind) {
    case "own":
      return Int32Array.from({ length: rows }, (_, row) => row);
    case "shared":
      return new Int32Array(rows);
    case "repeat":
      return Int32Array.from({ length: rows }, (_, row) => Math.floor(row / owners.times));
    case "indexed":
      return owners.column;
    default:
      return owners satisfies never;
  }
}
