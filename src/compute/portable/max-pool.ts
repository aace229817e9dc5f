import type { Backend, FloatArray } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { rowRuns } from "./row-runs.js";
import type { PortableMemory } from "./tensor.js";
import { convolutionOfGroup } from "./window.js";

type Selections = Pick<Backend, "maxPoolChoice" | "select" | "selectTranspose">;

/** The choice of a window's input for max pooling, and the selection of entries by such a choice. */
export function selectionOperations(memory: PortableMemory): Selections {
  return {
    maxPoolChoice(lower, upper, geometry) {
      const [below, above] = [memory.take(lower), memory.take(upper)];
      const shape = rules.maxPoolChoice(below, above, geometry);
      const [choice, rival] = [memory.zeros(shape), memory.zeros(shape)];
      const columns = below.rows;
      const [l, u] = [below.values, above.values];
      for (let channel = 0; channel < geometry.groups; channel++) {
        const { gathering, placement } = convolutionOfGroup(geometry, channel);
        const table = new Int32Array(gathering.taps);
        for (let position = 0; position < gathering.positions; position++) {
          gathering.fill(position, table, 0);
          const to = placement.first(position) * columns;
          for (let column = 0; column < columns; column++) {
            const chosen = firstLargest(l, table, columns, column, -1);
            choice.values[to + column] = chosen;
            rival.values[to + column] = firstLargest(u, table, columns, column, chosen);
          }
        }
      }
      return { choice, rival };
    },

    select(x, index, owners, missing) {
      const [input, indices] = [memory.take(x), memory.take(index)];
      const out = memory.zeros(rules.select(input, indices, owners));
      const rows = input.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, which, to] = [input.values, indices.values, out.values];
      for (let f = 0; f < indices.features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const feature = which[f * indices.rows + column[run]];
          for (let row = start[run]; row < start[run + 1]; row++) {
            to[base + row] =
              feature >= 0 ? from[feature * rows + row] : Number.isNaN(feature) ? Number.NaN : missing;
          }
        }
      }
      return out;
    },

    selectTranspose(y, index, owners, features) {
      const [input, indices] = [memory.take(y), memory.take(index)];
      const out = memory.zeros(rules.selectTranspose(input, indices, owners, features));
      const rows = input.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, which, to] = [input.values, indices.values, out.values];
      for (let f = 0; f < indices.features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const feature = which[f * indices.rows + column[run]];
          if (!(feature >= 0)) continue;
          for (let row = start[run]; row < start[run + 1]; row++) {
            to[feature * rows + row] += from[base + row];
          }
        }
      }
      return out;
    },
  };
}

/** The first feature of the window with the largest bound, a NaN before any number; −1 if all are left out. */
function firstLargest(
  bounds: FloatArray,
  window: Int32Array,
  columns: number,
  column: number,
  except: number,
): number {
  let which = -1;
  let largest = Number.NEGATIVE_INFINITY;
  for (let tap = 0; tap < window.length; tap++) {
    const feature = window[tap];
    if (feature < 0 || feature === except) continue;
    const bound = bounds[feature * columns + column];
    if (which < 0 || bound > largest || (Number.isNaN(bound) && !Number.isNaN(largest))) {
      which = feature;
      largest = bound;
    }
  }
  return which;
}
