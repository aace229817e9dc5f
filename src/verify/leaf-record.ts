import { rowSlopes } from "../dual/slopes/recorded-slopes.js";
import type { BranchRows } from "./branch-rows.js";
import type { RecordedLeaf, RecordedSlopes } from "./proof.js";

/** Keeps what bounded branches above 0: of each branch the variables of its best bound. */
export class LeafRecord {
  readonly #listed: ReadonlyMap<number, Int32Array>;
  readonly #batch: BranchRows;
  readonly #leaves = new Map<number, RecordedLeaf>();

  /** `listed` has by activation the neurons whose slopes are kept. */
  constructor(listed: ReadonlyMap<number, Int32Array>, batch: BranchRows) {
    this.#listed = listed;
    this.#batch = batch;
  }

  /** What bounded a branch, if anything did. */
  leaf(column: number): RecordedLeaf | undefined {
    return this.#leaves.get(column);
  }

  /** Bounds of all branches, by the variables as they stand. */
  readonly take = async (bounds: ArrayLike<number>): Promise<void> => {
    const columns = Array.from(bounds).flatMap((bound, column) =>
      bound > Math.max(0, this.#leaves.get(column)?.bound ?? 0) ? [column] : [],
    );
    if (columns.length === 0) return;
    const starts = await this.#batch.warmStarts();
    const slopes = new Map<number, Map<number, RecordedSlopes>>(columns.map((column) => [column, new Map()]));
    for (const [node, neurons] of this.#listed) {
      const { lower, upper } = await rowSlopes(this.#batch.rows, node, neurons);
      for (const [column, own] of slopes) {
        own.set(node, { lower: lower(column), ...(upper && { upper: upper(column) }) });
      }
    }
    for (const column of columns) {
      const { shares, multipliers } = starts[column];
      const kept = { bound: bounds[column], shares, multipliers, slopes: slopes.get(column) ?? new Map() };
      this.#leaves.set(column, { kind: "leaf", ...kept });
    }
  };
}
