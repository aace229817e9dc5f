import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { rowRuns } from "./row-runs.js";
import type { PortableMemory } from "./tensor.js";

type Reductions = Pick<Backend, "sumRows" | "multiplySumRows" | "dot" | "outerSumRows">;

/** Sums over the rows of an owner or over features; all accumulate in double. */
export function reductionOperations(memory: PortableMemory): Reductions {
  return {
    sumRows(x, owners, columns) {
      const input = memory.take(x);
      const out = memory.zeros(rules.sumRows(input, owners, columns));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, to] = [input.values, out.values];
      const sums = new Float64Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        sums.fill(0);
        for (let run = 0; run < count; run++) {
          const end = base + start[run + 1];
          let total = 0;
          for (let i = base + start[run]; i < end; i++) total += from[i];
          sums[column[run]] += total;
        }
        to.set(sums, f * columns);
      }
      return out;
    },

    multiplySumRows(x, y, owners, columns) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.multiplySumRows(left, right, owners, columns));
      const { features, rows } = left;
      const { count, start, column } = rowRuns(owners, rows);
      const [p, q, to] = [left.values, right.values, out.values];
      const sums = new Float64Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        sums.fill(0);
        for (let run = 0; run < count; run++) {
          const end = base + start[run + 1];
          let total = 0;
          for (let i = base + start[run]; i < end; i++) total += p[i] * q[i];
          sums[column[run]] += total;
        }
        to.set(sums, f * columns);
      }
      return out;
    },

    dot(x, weight, owners) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const out = memory.zeros(rules.dot(input, weights, owners));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, w] = [input.values, weights.values];
      const sums = new Float64Array(rows);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const factor = w[f * weights.rows + column[run]];
          const end = start[run + 1];
          for (let row = start[run]; row < end; row++) sums[row] += factor * from[base + row];
        }
      }
      out.values.set(sums);
      return out;
    },

    outerSumRows(x, s, owners, columns) {
      const [input, scales] = [memory.take(x), memory.take(s)];
      const out = memory.zeros(rules.outerSumRows(input, scales, owners, columns));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, scale, to] = [input.values, scales.values, out.values];
      const sums = new Float64Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        sums.fill(0);
        for (let run = 0; run < count; run++) {
          const end = start[run + 1];
          let total = 0;
          for (let row = start[run]; row < end; row++) total += from[base + row] * scale[row];
          sums[column[run]] += total;
        }
        to.set(sums, f * columns);
      }
      return out;
    },
  };
}
