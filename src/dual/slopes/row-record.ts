import type { FloatArray } from "../../compute/backend.js";
import type { Network } from "../../network/network.js";
import type { DualRows } from "./dual-rows.js";
import { rowSlopes } from "./recorded-slopes.js";

/**
 * Keeps the lower slopes of the rows that tightened pre-activation bounds, those of the best iteration of each: who bounds the
 * same rows again needs them.
 */
export class RowRecord {
  readonly #network: Network;
  readonly #listed: ReadonlyMap<number, Int32Array>;
  readonly #rows = new Map<number, Float32Array>();
  /** By activation, the rows that nothing is kept of yet. */
  readonly #missing = new Map<number, number>();

  /** `listed` has by activation the neurons whose slopes are kept; rows are theirs as well, one for each side in turn. */
  constructor(network: Network, listed: ReadonlyMap<number, Int32Array>) {
    this.#network = network;
    this.#listed = new Map([...listed].sort(([a], [b]) => a - b));
  }

  /** By activation all of whose rows were seen, for each row one slope for every listed neuron of the activations before it. */
  get rows(): ReadonlyMap<number, Float32Array> {
    return new Map([...this.#rows].filter(([reader]) => this.#missing.get(reader) === 0));
  }

  /** Watches the climb of rows at the input of an activation; `numbers` are their places among all rows there. */
  of(task: DualRows, node: number, numbers: readonly number[]): (bounds: FloatArray) => Promise<void> {
    const reader = [...this.#listed.keys()].find((own) => this.#network.nodes[own].inputs[0] === node);
    if (reader === undefined) return async () => {};
    const before = [...this.#listed].filter(([own]) => own < reader);
    const each = before.reduce((sum, [, { length }]) => sum + length, 0);
    const count = 2 * (this.#listed.get(reader)?.length ?? 0);
    const kept = this.#rows.get(reader) ?? new Float32Array(count * each);
    this.#rows.set(reader, kept);
    if (!this.#missing.has(reader)) this.#missing.set(reader, count);
    const best = new Float64Array(numbers.length).fill(Number.NEGATIVE_INFINITY);
    const chosen = new Set(task.relaxation.choices(node));
    return async (bounds) => {
      const improved = numbers.flatMap((_, row) => (bounds[row] > best[row] ? [row] : []));
      const added = improved.filter((row) => best[row] === Number.NEGATIVE_INFINITY).length;
      this.#missing.set(reader, (this.#missing.get(reader) as number) - added);
      for (const row of improved) best[row] = bounds[row];
      let at = 0;
      for (const [own, neurons] of before) {
        if (chosen.has(own)) {
          const { lower } = await rowSlopes(task, own, neurons);
          for (const row of improved) kept.set(lower(row), numbers[row] * each + at);
        }
        at += neurons.length;
      }
    };
  }
}
