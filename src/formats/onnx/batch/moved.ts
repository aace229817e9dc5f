import type { NdArray } from "../evaluate/index.js";
import type { NodeInBatch, ValueInBatch } from "./node-in-batch.js";

const MOST_LABELS = 2 ** 50;

/**
 * Whether an operator that only moves numbers moves those of each example within its rows, as it does where the example
 * is alone. Such an operator does not look at the numbers, so that one evaluation at labels shows where each goes: what changes
 * by the labels' shift was moved, what does not is a constant.
 */
export function movesRowsApart({ inputs, batch, together, alone }: NodeInBatch): boolean {
  if (!inputs.every((input, index) => !input || isMovable(input, index))) return false;
  const rows = inputs.filter((input) => input?.kind === "rows");
  const most = rows.reduce((sum, input) => sum + (input?.alone.values.length ?? 0), 0);
  // Labels and their halves are exact.
  if (most * batch > MOST_LABELS) return false;
  const label = (shift: number) => {
    let first = 1 + shift;
    return inputs.map((input) => {
      if (input?.kind !== "rows") return { together: input?.together, alone: input?.alone };
      const start = first;
      const size = input.alone.values.length;
      first += size;
      const numbered = (array: NdArray): NdArray => ({
        ...array,
        values: array.values.map((_, index) => start + (index % size) + most * Math.floor(index / size)),
      });
      return { together: numbered(input.together), alone: numbered(input.alone) };
    });
  };
  const labels = [label(0), label(0.5)];
  const [wholes, singles] = [
    labels.map((values) => together(values.map((value) => value.together))),
    labels.map((values) => alone(values.map((value) => value.alone))),
  ];
  return wholes[0].every((whole, output) => {
    const [moved, single, movedSingle] = [wholes[1][output], singles[0][output], singles[1][output]];
    const size = single.values.length;
    return whole.values.every((value, index) => {
      const own = single.values[index % size];
      const isMoved = movedSingle.values[index % size] !== own;
      const expected = isMoved ? own + most * Math.floor(index / size) : own;
      return value === expected && (moved.values[index] !== value) === isMoved;
    });
  });
}

/** Data with rows, or the constants and extents that say where it goes. */
const isMovable = ({ kind, together: { type } }: ValueInBatch, index: number): boolean =>
  kind === "rows" ? type === "float" : kind === "constant" || index > 0;
