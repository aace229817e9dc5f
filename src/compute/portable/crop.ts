import type { Backend } from "../backend.js";
import { ownerTable } from "../owners.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";

/** Patches of images, one per row, and their transpose. */
export function cropOperations(memory: PortableMemory): Pick<Backend, "crop" | "cropTranspose"> {
  return {
    crop(x, owners, window) {
      const input = memory.take(x);
      const out = memory.zeros(rules.crop(input, owners, window));
      const { channels, height, width, patchHeight, patchWidth, top, left } = window;
      const [from, to, rows, columns] = [input.values, out.values, out.rows, input.rows];
      const table = ownerTable(owners, rows);
      for (let feature = 0; feature < channels * patchHeight; feature++) {
        const line = feature % patchHeight;
        const plane = ((feature - line) / patchHeight) * height;
        for (let row = 0; row < rows; row++) {
          const y = top[row] + line;
          if (y < 0 || y >= height) continue;
          const first = Math.max(0, -left[row]);
          const end = Math.min(patchWidth, width - left[row]);
          let source = ((plane + y) * width + left[row] + first) * columns + table[row];
          let target = (feature * patchWidth + first) * rows + row;
          for (let i = first; i < end; i++) {
            to[target] = from[source];
            source += columns;
            target += rows;
          }
        }
      }
      return out;
    },

    cropTranspose(y, owners, window, columns) {
      const input = memory.take(y);
      const out = memory.zeros(rules.cropTranspose(input, owners, window, columns));
      const { channels, height, width, patchHeight, patchWidth, top, left } = window;
      const [from, rows] = [input.values, input.rows];
      const sums = new Float64Array(out.values.length);
      const table = ownerTable(owners, rows);
      for (let feature = 0; feature < channels * patchHeight; feature++) {
        const line = feature % patchHeight;
        const plane = ((feature - line) / patchHeight) * height;
        for (let row = 0; row < rows; row++) {
          const imageLine = top[row] + line;
          if (imageLine < 0 || imageLine >= height) continue;
          const first = Math.max(0, -left[row]);
          const end = Math.min(patchWidth, width - left[row]);
          let target = ((plane + imageLine) * width + left[row] + first) * columns + table[row];
          let source = (feature * patchWidth + first) * rows + row;
          for (let i = first; i < end; i++) {
            sums[target] += from[source];
            source += rows;
            target += columns;
          }
        }
      }
      out.values.set(sums);
      return out;
    },
  };
}
