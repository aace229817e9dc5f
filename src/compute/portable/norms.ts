import type { Backend, NormOrder } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { rowRuns } from "./row-runs.js";
import type { PortableMemory } from "./tensor.js";

type Norms = Pick<Backend, "norm" | "normGradient" | "normRows" | "normRowsGradient">;

/** One more term t = |w x| (order 1: w|x|) into a running sum, sum of squares or maximum; a NaN stays. */
function accumulate(order: NormOrder, total: number, term: number): number {
  if (order === 1) return total + term;
  if (order === 2) return total + term * term;
  return term > total || Number.isNaN(term) ? term : total;
}

/** Dual norms: along the features of a row, and along the rows of an owner; with their derivatives. */
export function normOperations(memory: PortableMemory): Norms {
  return {
    norm(x, weight, owners, order) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const out = memory.zeros(rules.norm(input, weights, owners, order));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, w, to] = [input.values, weights.values, out.values];
      const totals = new Float64Array(rows);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const signed = w[f * weights.rows + column[run]];
          const factor = order === 1 ? signed : Math.abs(signed);
          const end = start[run + 1];
          for (let row = start[run]; row < end; row++) {
            totals[row] = accumulate(order, totals[row], factor * Math.abs(from[base + row]));
          }
        }
      }
      for (let row = 0; row < rows; row++) to[row] = order === 2 ? Math.sqrt(totals[row]) : totals[row];
      return out;
    },

    normGradient(x, weight, value, g, owners, order) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const [norms, gradient] = [memory.take(value), memory.take(g)];
      const shapes = rules.normGradient(input, weights, norms, gradient, owners, order);
      const [outX, outWeight] = [memory.zeros(shapes.x), memory.zeros(shapes.weight)];
      const { features, rows } = input;
      const columns = weights.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, w, v, scale] = [input.values, weights.values, norms.values, gradient.values];
      const [toX, toWeight] = [outX.values, outWeight.values];
      if (order === Number.POSITIVE_INFINITY) {
        const sums = new Float64Array(features * columns);
        for (let run = 0; run < count; run++) {
          for (let row = start[run]; row < start[run + 1]; row++) {
            let largest = 0;
            let which = -1;
            for (let f = 0; f < features; f++) {
              const term = Math.abs(w[f * columns + column[run]] * from[f * rows + row]);
              if (term > largest || (Number.isNaN(term) && !Number.isNaN(largest))) {
                largest = term;
                which = f;
              }
            }
            if (which < 0) continue;
            const at = which * columns + column[run];
            const entry = from[which * rows + row];
            toX[which * rows + row] = Math.abs(w[at]) * Math.sign(entry) * scale[row];
            sums[at] += Math.abs(entry) * Math.sign(w[at]) * scale[row];
          }
        }
        toWeight.set(sums);
        return { x: outX, weight: outWeight };
      }
      const sums = new Float64Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        sums.fill(0);
        for (let run = 0; run < count; run++) {
          const factor = w[f * columns + column[run]];
          const end = start[run + 1];
          let total = 0;
          for (let row = start[run]; row < end; row++) {
            const entry = from[base + row];
            if (order === 1) {
              toX[base + row] = factor * Math.sign(entry) * scale[row];
              total += Math.abs(entry) * scale[row];
            } else if (v[row] !== 0) {
              const share = (factor * entry * scale[row]) / v[row];
              toX[base + row] = factor * share;
              total += entry * share;
            }
          }
          sums[column[run]] += total;
        }
        toWeight.set(sums, f * columns);
      }
      return { x: outX, weight: outWeight };
    },

    normRows(x, owners, columns, order) {
      const input = memory.take(x);
      const out = memory.zeros(rules.normRows(input, owners, columns, order));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, to] = [input.values, out.values];
      const totals = new Float64Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        totals.fill(0);
        for (let run = 0; run < count; run++) {
          const end = base + start[run + 1];
          let total = totals[column[run]];
          for (let i = base + start[run]; i < end; i++) total = accumulate(order, total, Math.abs(from[i]));
          totals[column[run]] = total;
        }
        for (let c = 0; c < columns; c++) {
          to[f * columns + c] = order === 2 ? Math.sqrt(totals[c]) : totals[c];
        }
      }
      return out;
    },

    normRowsGradient(x, value, g, owners, order) {
      const [input, norms, gradient] = [memory.take(x), memory.take(value), memory.take(g)];
      const out = memory.zeros(rules.normRowsGradient(input, norms, gradient, owners, order));
      const { features, rows } = input;
      const columns = norms.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, v, scale, to] = [input.values, norms.values, gradient.values, out.values];
      const first = new Int32Array(columns);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        if (order === Number.POSITIVE_INFINITY) first.fill(-1);
        for (let run = 0; run < count; run++) {
          const at = f * columns + column[run];
          const factor = scale[at];
          const end = base + start[run + 1];
          if (order === 1) {
            for (let i = base + start[run]; i < end; i++) to[i] = Math.sign(from[i]) * factor;
          } else if (order === 2) {
            if (v[at] === 0) continue;
            for (let i = base + start[run]; i < end; i++) to[i] = (from[i] / v[at]) * factor;
          } else {
            let which = first[column[run]];
            for (let i = base + start[run]; i < end; i++) {
              const term = Math.abs(from[i]);
              const largest = which < 0 ? 0 : Math.abs(from[which]);
              if (term > largest || (Number.isNaN(term) && !Number.isNaN(largest))) which = i;
            }
            first[column[run]] = which;
          }
        }
        for (let c = 0; order === Number.POSITIVE_INFINITY && c < columns; c++) {
          if (first[c] >= 0) to[first[c]] = Math.sign(from[first[c]]) * scale[f * columns + c];
        }
      }
      return out;
    },
  };
}
