import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { rowRuns } from "./row-runs.js";
import type { PortableMemory } from "./tensor.js";

type RowOperations = Pick<Backend, "scaleShift" | "scaleBySign" | "scaleBySignGradient" | "spread" | "outer">;

/** Operations that give each row the values of its owner's column. */
export function rowOperations(memory: PortableMemory): RowOperations {
  return {
    scaleShift(x, scale, shift, owners) {
      const input = memory.take(x);
      const [scales, shifts] = [memory.takeOptional(scale), memory.takeOptional(shift)];
      const out = memory.zeros(rules.scaleShift(input, scales, shifts, owners));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, to] = [input.values, out.values];
      const columns = scales?.rows ?? shifts?.rows ?? 0;
      const [d, m] = [scales?.values ?? null, shifts?.values ?? null];
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const at = f * columns + column[run];
          const slope = d === null ? 1 : d[at];
          const add = m === null ? 0 : m[at];
          const end = base + start[run + 1];
          for (let i = base + start[run]; i < end; i++) to[i] = slope * from[i] + add;
        }
      }
      return out;
    },

    scaleBySign(x, positive, negative, owners) {
      const [input, above, below] = [memory.take(x), memory.take(positive), memory.take(negative)];
      const out = memory.zeros(rules.scaleBySign(input, above, below, owners));
      const { features, rows } = input;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, to, a, b] = [input.values, out.values, above.values, below.values];
      // Signs are a coin toss to a branch predictor, so both slopes are looked up by the sign instead.
      const slopes = new Float64Array(2);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const at = f * above.rows + column[run];
          slopes[0] = a[at];
          slopes[1] = b[at];
          const end = base + start[run + 1];
          for (let i = base + start[run]; i < end; i++) {
            const value = from[i];
            to[i] = slopes[+(value < 0)] * value;
          }
        }
      }
      return out;
    },

    scaleBySignGradient(x, positive, negative, g, owners) {
      const [input, above, below] = [memory.take(x), memory.take(positive), memory.take(negative)];
      const gradient = memory.take(g);
      const shapes = rules.scaleBySignGradient(input, above, below, gradient, owners);
      const [outX, outAbove, outBelow] = [
        memory.zeros(shapes.x),
        memory.zeros(shapes.slopes),
        memory.zeros(shapes.slopes),
      ];
      const { features, rows } = input;
      const columns = above.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [from, scale, a, b] = [input.values, gradient.values, above.values, below.values];
      const [toX, toAbove, toBelow] = [outX.values, outAbove.values, outBelow.values];
      const [sumAbove, sumBelow] = [new Float64Array(columns), new Float64Array(columns)];
      const slopes = new Float64Array(2);
      const totals = new Float64Array(2);
      for (let f = 0; f < features; f++) {
        const base = f * rows;
        sumAbove.fill(0);
        sumBelow.fill(0);
        for (let run = 0; run < count; run++) {
          const at = f * columns + column[run];
          slopes[0] = a[at];
          slopes[1] = b[at];
          totals.fill(0);
          const end = base + start[run + 1];
          for (let i = base + start[run]; i < end; i++) {
            const value = from[i];
            const factor = scale[i];
            const sign = +(value < 0);
            toX[i] = slopes[sign] * factor;
            totals[sign] += value * factor;
          }
          sumAbove[column[run]] += totals[0];
          sumBelow[column[run]] += totals[1];
        }
        toAbove.set(sumAbove, f * columns);
        toBelow.set(sumBelow, f * columns);
      }
      return { x: outX, positive: outAbove, negative: outBelow };
    },

    spread(x, owners, rows) {
      const input = memory.take(x);
      const out = memory.zeros(rules.spread(input, owners, rows));
      const { count, start, column } = rowRuns(owners, rows);
      const [from, to] = [input.values, out.values];
      for (let f = 0; f < input.features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const value = from[f * input.rows + column[run]];
          const end = base + start[run + 1];
          for (let i = base + start[run]; i < end; i++) to[i] = value;
        }
      }
      return out;
    },

    outer(weight, s, owners) {
      const [weights, scales] = [memory.take(weight), memory.take(s)];
      const out = memory.zeros(rules.outer(weights, scales, owners));
      const rows = scales.rows;
      const { count, start, column } = rowRuns(owners, rows);
      const [w, scale, to] = [weights.values, scales.values, out.values];
      for (let f = 0; f < weights.features; f++) {
        const base = f * rows;
        for (let run = 0; run < count; run++) {
          const factor = w[f * weights.rows + column[run]];
          const end = start[run + 1];
          for (let row = start[run]; row < end; row++) to[base + row] = factor * scale[row];
        }
      }
      return out;
    },
  };
}
