import type { Backend, FloatArray } from "../backend.js";
import * as rules from "../shape-rules/index.js";
import { gatheredGradient, gatheredProduct, type ProductScratch } from "./gathered-product.js";
import type { Gathering, Placement, WeightLayout } from "./gathering.js";
import type { PortableMemory } from "./tensor.js";

type MatrixOperations = Pick<Backend, "linear" | "linearTranspose" | "linearWeightGradient" | "transpose">;

/** Below this many rows, packing a weight matrix costs more than it saves. */
const FEW_ROWS = 4;

/** Below this many rows, a weight gradient's tiles cost more to fill and empty than to sum. */
const FEW_TERMS = 12;

/** Linear layers, their transposes and weight gradients. */
export function matrixOperations(memory: PortableMemory, scratch: ProductScratch): MatrixOperations {
  return {
    linear(weight, x, bias) {
      const [w, input, b] = [memory.take(weight), memory.take(x), memory.takeOptional(bias)];
      const out = memory.zeros(rules.linear(w, input, b));
      const [outputs, taps] = [w.features, w.rows];
      if (input.rows < FEW_ROWS) {
        multiplyFewRows(w.values, outputs, taps, input.values, input.rows, b?.values ?? null, out.values);
        return out;
      }
      const layout = weightLayout(taps, taps, 1);
      gatheredProduct(
        scratch,
        w.values,
        outputs,
        layout,
        input.values,
        input.rows,
        everyFeature(taps),
        b?.values ?? null,
        0,
        out.values,
        IN_ORDER,
      );
      return out;
    },

    linearTranspose(weight, y) {
      const [w, input] = [memory.take(weight), memory.take(y)];
      const out = memory.zeros(rules.linearTranspose(w, input));
      const [taps, outputs] = [w.features, w.rows];
      if (input.rows < FEW_ROWS) {
        multiplyTransposedFewRows(w.values, taps, outputs, input.values, input.rows, out.values);
        return out;
      }
      const layout = weightLayout(taps, 1, outputs);
      gatheredProduct(
        scratch,
        w.values,
        outputs,
        layout,
        input.values,
        input.rows,
        everyFeature(taps),
        null,
        0,
        out.values,
        IN_ORDER,
      );
      return out;
    },

    linearWeightGradient(y, x) {
      const [left, right] = [memory.take(y), memory.take(x)];
      const out = memory.zeros(rules.linearWeightGradient(left, right));
      const taps = right.features;
      if (right.rows < FEW_TERMS) {
        sumFewOuterProducts(left.values, left.features, right.values, taps, right.rows, out.values);
        return out;
      }
      const layout = weightLayout(taps, taps, 1);
      gatheredGradient(
        scratch,
        left.values,
        left.features,
        IN_ORDER,
        right.values,
        right.rows,
        everyFeature(taps),
        out.values,
        layout,
      );
      return out;
    },

    transpose(tensor) {
      const x = memory.take(tensor);
      const out = memory.zeros(rules.transpose(x));
      transposeBlocks(x.values, x.features, x.rows, out.values);
      return out;
    },
  };
}

const IN_ORDER: Placement = { stride: 1, first: () => 0 };

function everyFeature(taps: number): Gathering {
  return {
    taps,
    positions: 1,
    fill(_position, table, start) {
      for (let tap = 0; tap < taps; tap++) table[start + tap] = tap;
    },
  };
}

function weightLayout(taps: number, outputStride: number, tapStride: number): WeightLayout {
  return {
    start: 0,
    outputStride,
    tapOffsets: Int32Array.from({ length: taps }, (_, tap) => tap * tapStride),
  };
}

/** W x + b by inner products of weight rows, four outputs at a time. */
function multiplyFewRows(
  weight: FloatArray,
  outputs: number,
  taps: number,
  x: FloatArray,
  rows: number,
  bias: FloatArray | null,
  out: FloatArray,
): void {
  const vector = new Float64Array(taps);
  for (let row = 0; row < rows; row++) {
    for (let tap = 0; tap < taps; tap++) vector[tap] = x[tap * rows + row];
    let output = 0;
    for (; output + 4 <= outputs; output += 4) {
      const w0 = output * taps;
      const w1 = w0 + taps;
      const w2 = w1 + taps;
      const w3 = w2 + taps;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let tap = 0; tap < taps; tap++) {
        const v = vector[tap];
        s0 += weight[w0 + tap] * v;
        s1 += weight[w1 + tap] * v;
        s2 += weight[w2 + tap] * v;
        s3 += weight[w3 + tap] * v;
      }
      out[output * rows + row] = s0 + (bias === null ? 0 : bias[output]);
      out[(output + 1) * rows + row] = s1 + (bias === null ? 0 : bias[output + 1]);
      out[(output + 2) * rows + row] = s2 + (bias === null ? 0 : bias[output + 2]);
      out[(output + 3) * rows + row] = s3 + (bias === null ? 0 : bias[output + 3]);
    }
    for (; output < outputs; output++) {
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += weight[output * taps + tap] * vector[tap];
      out[output * rows + row] = sum + (bias === null ? 0 : bias[output]);
    }
  }
}

/** Wᵀ y by adding multiples of weight rows, four at a time, so that the weights are read in order. */
function multiplyTransposedFewRows(
  weight: FloatArray,
  taps: number,
  outputs: number,
  y: FloatArray,
  rows: number,
  out: FloatArray,
): void {
  const sums = new Float64Array(outputs);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    let tap = 0;
    for (; tap + 4 <= taps; tap += 4) {
      const y0 = y[tap * rows + row];
      const y1 = y[(tap + 1) * rows + row];
      const y2 = y[(tap + 2) * rows + row];
      const y3 = y[(tap + 3) * rows + row];
      const w0 = tap * outputs;
      const w1 = w0 + outputs;
      const w2 = w1 + outputs;
      const w3 = w2 + outputs;
      for (let i = 0; i < outputs; i++) {
        sums[i] += weight[w0 + i] * y0 + weight[w1 + i] * y1 + weight[w2 + i] * y2 + weight[w3 + i] * y3;
      }
    }
    for (; tap < taps; tap++) {
      const scale = y[tap * rows + row];
      for (let i = 0; i < outputs; i++) sums[i] += weight[tap * outputs + i] * scale;
    }
    for (let i = 0; i < outputs; i++) out[i * rows + row] = sums[i];
  }
}

/** y xᵀ as a sum of outer products, two rows at a time. */
function sumFewOuterProducts(
  y: FloatArray,
  outputs: number,
  x: FloatArray,
  taps: number,
  rows: number,
  out: FloatArray,
): void {
  const even = rows + (rows % 2);
  const vectors = new Float64Array(even * taps);
  for (let tap = 0; tap < taps; tap++) {
    for (let row = 0; row < rows; row++) vectors[row * taps + tap] = x[tap * rows + row];
  }
  const sums = new Float64Array(taps);
  for (let output = 0; output < outputs; output++) {
    sums.fill(0);
    for (let row = 0; row < even; row += 2) {
      const scale = y[output * rows + row];
      const next = row + 1 < rows ? y[output * rows + row + 1] : 0;
      const first = row * taps;
      const second = first + taps;
      for (let tap = 0; tap < taps; tap++) {
        sums[tap] += scale * vectors[first + tap] + next * vectors[second + tap];
      }
    }
    out.set(sums, output * taps);
  }
}

/** By blocks of 16 × 16, so that both sides stay in cache. */
function transposeBlocks(x: FloatArray, features: number, rows: number, out: FloatArray): void {
  const size = 16;
  for (let f0 = 0; f0 < features; f0 += size) {
    const f1 = Math.min(features, f0 + size);
    for (let r0 = 0; r0 < rows; r0 += size) {
      const r1 = Math.min(rows, r0 + size);
      for (let f = f0; f < f1; f++) {
        for (let r = r0; r < r1; r++) out[r * features + f] = x[f * rows + r];
      }
    }
  }
}
