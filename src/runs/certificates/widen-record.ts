import type { CheckedPart } from "../../check/bounds.js";
import type { RecordedSlopes } from "../../verify/proof.js";
import type { TightenRecord } from "../../verify/tighten-box.js";
import type { ListedNeurons } from "./encode-hints.js";
import type { FoundHints } from "./find-hints.js";
import type { LineSlopes, ProofRows } from "./proof.js";

/**
 * Slopes that branch and bound recorded, for longer lists of neurons: intervals leave the signs of more neurons open than its rows
 * do. What it has no slopes of gets those that the checker's bounds of the whole box go by.
 */
export class WidenedRecord {
  /** By activation, the neurons that either has open. */
  readonly listed: ListedNeurons;
  readonly #recorded: TightenRecord;
  readonly #part: CheckedPart;

  constructor(recorded: TightenRecord, { listed, part }: FoundHints) {
    const nodes = [...new Set([...recorded.listed.keys(), ...listed.keys()])].sort((a, b) => a - b);
    this.listed = new Map(
      nodes.map((node) => {
        const both = [...(recorded.listed.get(node) ?? []), ...(listed.get(node) ?? [])];
        return [node, Int32Array.from(new Set(both)).sort()];
      }),
    );
    this.#recorded = recorded;
    this.#part = part;
  }

  /** Slopes of one row. */
  slopes(own: ReadonlyMap<number, RecordedSlopes>): ReadonlyMap<number, LineSlopes> {
    return new Map(
      [...own].map(([node, { lower, upper }]) => [
        node,
        {
          lower: this.#widened(node, lower, 0),
          ...(upper && { upper: this.#widened(node, upper, 1) }),
        },
      ]),
    );
  }

  /** Rows at the inputs of an activation's neurons. */
  rowsAt(node: number): ProofRows {
    const recorded = this.#recorded.rows.get(node);
    if (!recorded) return {};
    const before = [...this.listed.keys()].filter((own) => own < node);
    const own = this.#recorded.listed.get(node) ?? new Int32Array(0);
    const lengthOf = (at: number) => this.#recorded.listed.get(at)?.length ?? 0;
    const each = before.reduce((sum, at) => sum + lengthOf(at), 0);
    const slopes = [...(this.listed.get(node) ?? [])].flatMap((neuron) =>
      [0, 1].flatMap((side) => {
        const row = 2 * own.indexOf(neuron) + side;
        let from = row * each;
        return before.flatMap((at) => {
          const values = row < 0 ? undefined : recorded.subarray(from, from + lengthOf(at));
          from += lengthOf(at);
          return [...this.#widened(at, values, 0)];
        });
      }),
    );
    return { slopes };
  }

  #widened(node: number, values: ArrayLike<number> | undefined, side: 0 | 1): Float64Array {
    const known = this.#recorded.listed.get(node) ?? new Int32Array(0);
    const placeOf = new Map(Array.from(known, (neuron, i) => [neuron, i]));
    const found = this.#part.lines[node]?.slope[side];
    return Float64Array.from(this.listed.get(node) ?? [], (neuron) => {
      const place = placeOf.get(neuron);
      const own = place === undefined ? undefined : values?.[place];
      return own ?? found?.[neuron] ?? 0;
    });
  }
}
