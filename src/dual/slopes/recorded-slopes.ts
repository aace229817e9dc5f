import type { DualRows } from "./dual-rows.js";
import { lowerName, upperName } from "./dual-rows.js";
import type { Line } from "./lines.js";

/** Slopes of lines that rows go through, as their free variables stand: for each row one for each neuron asked for. */
export interface RowSlopes {
  readonly lower: (row: number) => Float32Array;
  /** Null where there is one upper line alone. */
  readonly upper: ((row: number) => Float32Array) | null;
}

/** The slopes of an activation's mixed lines at some of its neurons. Rows are columns of the relaxation, or share its only one. */
export async function rowSlopes(
  { relaxation, rows, owners, free }: DualRows,
  node: number,
  neurons: Int32Array,
): Promise<RowSlopes> {
  const { backend } = relaxation.subject;
  const { lower, upper } = relaxation.enclosure(node);
  const columnOf = (row: number) => (owners.kind === "own" ? row : 0);
  const mixed = async (
    lines: readonly [Line] | readonly [Line, Line],
    name: string,
  ): Promise<(row: number) => Float32Array> => {
    const columns = lines[0].slope.value.rows;
    const [first, second = first] = await Promise.all(lines.map(({ slope }) => backend.read(slope.value)));
    const weights = lines.length === 2 ? await backend.read(free.get(name)) : null;
    return (row) =>
      Float32Array.from(neurons, (neuron) => {
        const at = neuron * columns + columnOf(row);
        const weight = weights ? weights[neuron * rows + row] : 1;
        return weight * first[at] + (1 - weight) * second[at];
      });
  };
  return {
    lower: await mixed(lower, lowerName(node)),
    upper: upper.length === 2 ? await mixed(upper, upperName(node)) : null,
  };
}
