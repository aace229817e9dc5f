import { type Owners, ownerTable } from "../owners.js";

/**
 * Owners as loops see them: run i is the rows start[i] … start[i + 1] − 1, which all take column[i]. Loops over runs
 * read a column's value once for all its rows, and need no case for each kind of owner.
 */
export interface RowRuns {
  readonly count: number;
  readonly start: Int32Array;
  readonly column: Int32Array;
}

export function rowRuns(owners: Owners, rows: number): RowRuns {
  if (owners.kind === "shared") {
    return { count: rows === 0 ? 0 : 1, start: Int32Array.of(0, rows), column: Int32Array.of(0) };
  }
  const table = ownerTable(owners, rows);
  const start = new Int32Array(rows + 1);
  const column = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) {
    if (row > 0 && table[row] === table[row - 1]) continue;
    start[count] = row;
    column[count] = table[row];
    count++;
  }
  start[count] = rows;
  return { count, start, column };
}
