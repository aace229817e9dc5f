import type { Backend } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { scalarFunction } from "./scalar-functions.js";
import type { PortableMemory } from "./tensor.js";

type EntryOperations = Pick<
  Backend,
  | "combine"
  | "weightedSum"
  | "scaleBy"
  | "multiply"
  | "minimum"
  | "maximum"
  | "apply"
  | "applyGradient"
  | "minimumGradient"
>;

/** Operations on each entry by itself. */
export function entryOperations(memory: PortableMemory): EntryOperations {
  return {
    combine(a, x, b, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.pairwise("combine", left, right));
      const [p, q, to] = [left.values, right.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = a * p[i] + b * q[i];
      return out;
    },

    weightedSum(terms, constant, where) {
      const inputs = terms.map(({ x, by }) => ({ x: memory.take(x), by: by ? memory.take(by) : null }));
      const gate = where ? memory.take(where) : null;
      const out = memory.zeros(rules.weightedSum(inputs, gate));
      const to = out.values;
      inputs.forEach(({ x: { values, features, rows }, by }, k) => {
        const { weight, absolute } = terms[k];
        const [perFeature, perRow] = [features === 1 ? 0 : rows, rows === 1 ? 0 : 1];
        for (let f = 0, i = 0; f < out.features; f++) {
          for (let r = 0, at = f * perFeature; r < out.rows; r++, i++, at += perRow) {
            const own = weight * (absolute ? Math.abs(values[at]) : values[at]);
            to[i] += by ? own * by.values[at] : own;
          }
        }
      });
      for (let i = 0; i < to.length; i++) to[i] = gate && gate.values[i] <= 0 ? 0 : to[i] + constant;
      return out;
    },

    scaleBy(x, a, b) {
      const input = memory.take(x);
      const out = memory.zeros(rules.entrywise(input));
      const [from, to] = [input.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = a * from[i] + b;
      return out;
    },

    multiply(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.pairwise("multiply", left, right));
      const [p, q, to] = [left.values, right.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = p[i] * q[i];
      return out;
    },

    minimum(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.pairwise("minimum", left, right));
      const [p, q, to] = [left.values, right.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = Math.min(p[i], q[i]);
      return out;
    },

    maximum(x, y) {
      const [left, right] = [memory.take(x), memory.take(y)];
      const out = memory.zeros(rules.pairwise("maximum", left, right));
      const [p, q, to] = [left.values, right.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = Math.max(p[i], q[i]);
      return out;
    },

    apply(f, x) {
      const input = memory.take(x);
      const { value } = scalarFunction(f);
      const out = memory.zeros(rules.entrywise(input));
      const [from, to] = [input.values, out.values];
      // A call a number boxes it, so the functions that wide tensors go through have a loop of their own.
      if (f.kind === "relu") for (let i = 0; i < to.length; i++) to[i] = Math.max(from[i], 0);
      else if (f.kind === "abs") for (let i = 0; i < to.length; i++) to[i] = Math.abs(from[i]);
      else if (f.kind === "square") for (let i = 0; i < to.length; i++) to[i] = from[i] * from[i];
      else for (let i = 0; i < to.length; i++) to[i] = value(from[i]);
      return out;
    },

    applyGradient(f, x, g) {
      const [input, gradient] = [memory.take(x), memory.take(g)];
      const shape = rules.applyGradient(input, gradient);
      const { derivative } = scalarFunction(f);
      const out = memory.zeros(shape);
      const [from, scale, to] = [input.values, gradient.values, out.values];
      for (let i = 0; i < to.length; i++) to[i] = derivative(from[i]) * scale[i];
      return out;
    },

    minimumGradient(x, y, g) {
      const [left, right, gradient] = [memory.take(x), memory.take(y), memory.take(g)];
      const shape = rules.minimumGradient(left, right, gradient);
      const [outX, outY] = [memory.zeros(shape), memory.zeros(shape)];
      const [p, q, scale, toX, toY] = [left.values, right.values, gradient.values, outX.values, outY.values];
      for (let i = 0; i < scale.length; i++) {
        if (p[i] < q[i]) toX[i] = scale[i];
        else toY[i] = scale[i];
      }
      return { x: outX, y: outY };
    },
  };
}
