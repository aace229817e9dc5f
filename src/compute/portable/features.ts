import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";

type FeatureOperations = Pick<Backend, "gather" | "scatterAdd" | "replace" | "concat" | "slice">;

/** Exact moves of features: permutations, padding, slices, joins. */
export function featureOperations(memory: PortableMemory): FeatureOperations {
  return {
    gather(x, index) {
      const input = memory.take(x);
      const out = memory.zeros(rules.gather(input, index));
      const [from, to, rows] = [input.values, out.values, input.rows];
      for (let i = 0; i < index.length; i++) {
        if (index[i] < 0) continue;
        const start = index[i] * rows;
        to.set(from.subarray(start, start + rows), i * rows);
      }
      return out;
    },

    scatterAdd(y, index, features) {
      const input = memory.take(y);
      const out = memory.zeros(rules.scatterAdd(input, index, features));
      const [from, to, rows] = [input.values, out.values, input.rows];
      for (let i = 0; i < index.length; i++) {
        if (index[i] < 0) continue;
        const shift = (index[i] - i) * rows;
        const end = (i + 1) * rows;
        for (let at = i * rows; at < end; at++) to[at + shift] += from[at];
      }
      return out;
    },

    replace(x, index, y) {
      const [input, parts] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.replace(input, index, parts));
      out.values.set(input.values);
      const { rows } = input;
      index.forEach((feature, i) => {
        out.values.set(parts.values.subarray(i * rows, (i + 1) * rows), feature * rows);
      });
      return out;
    },

    concat(parts) {
      const inputs = parts.map((part) => memory.take(part));
      const out = memory.zeros(rules.concat(inputs));
      let at = 0;
      for (const { values } of inputs) {
        out.values.set(values, at);
        at += values.length;
      }
      return out;
    },

    slice(x, start, count) {
      const input = memory.take(x);
      const shape = rules.slice(input, start, count);
      return memory.copy(shape, input.values.subarray(start * input.rows, (start + count) * input.rows));
    },
  };
}
