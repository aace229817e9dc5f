import type { FloatArray } from "../backend.js";
import { multiplyTile, TILE } from "./tile.js";

/**
 * What the right side of a product reads: at each position (one for a linear layer, one an output pixel for a
 * convolution) a table names the feature that each of `taps` terms takes, −1 for zero (a tap on the padding).
 */
export interface Gathering {
  readonly taps: number;
  readonly positions: number;
  /** Writes the features read at this position to table[start …]. */
  fill(position: number, table: Int32Array, start: number): void;
}

/** Which weight belongs to output o and tap k: values[start + o · outputStride + tapOffsets[k]]. */
export interface WeightLayout {
  readonly start: number;
  readonly outputStride: number;
  readonly tapOffsets: Int32Array;
}

/** Where results go: output o at a position is feature first(position) + o · stride. */
export interface Placement {
  readonly stride: number;
  first(position: number): number;
}

/** Arrays of one backend that are used again at every product: zeroing fresh ones costs as much as a small product. */
export class ProductScratch {
  readonly tile = new Float64Array(TILE * TILE);
  #weights = new Float64Array(0);
  #panel = new Float64Array(0);
  #totals = new Float64Array(0);

  weights(count: number): Float64Array {
    if (this.#weights.length < count) this.#weights = new Float64Array(count);
    return this.#weights;
  }

  panel(count: number): Float64Array {
    if (this.#panel.length < count) this.#panel = new Float64Array(count);
    return this.#panel;
  }

  totals(count: number): Float64Array {
    if (this.#totals.length < count) this.#totals = new Float64Array(count);
    return this.#totals;
  }
}

/** Interleaves weights by four outputs: entry (o, k) at (⌊o/4⌋ · taps + k) · 4 + o mod 4; outputs beyond are zero. */
function packWeights(
  scratch: ProductScratch,
  values: FloatArray,
  outputs: number,
  layout: WeightLayout,
): Float64Array {
  const { start, outputStride, tapOffsets } = layout;
  const taps = tapOffsets.length;
  const blocks = Math.ceil(outputs / TILE);
  const packed = scratch.weights(blocks * taps * TILE);
  for (let slot = 0; slot < blocks * TILE; slot++) {
    let to = Math.floor(slot / TILE) * taps * TILE + (slot % TILE);
    const from = start + slot * outputStride;
    for (let tap = 0; tap < taps; tap++) {
      packed[to] = slot < outputs ? values[from + tapOffsets[tap]] : 0;
      to += TILE;
    }
  }
  return packed;
}

/**
 * For every output o, position p and row: out[place(o, p), row] = bias[o] + Σ_k w(o, k) · x[table_p(k), row].
 * (position, row) pairs are the columns of one wide product, so that few rows fill register tiles as well as many.
 */
export function gatheredProduct(
  scratch: ProductScratch,
  weight: FloatArray,
  outputs: number,
  layout: WeightLayout,
  x: FloatArray,
  rows: number,
  gathering: Gathering,
  bias: FloatArray | null,
  biasStart: number,
  out: FloatArray,
  placement: Placement,
): void {
  const { tile } = scratch;
  const { taps, positions } = gathering;
  const columns = positions * rows;
  if (columns === 0) return;
  if (outputs === 1) {
    gatheredRow(weight, layout, x, rows, gathering, bias === null ? 0 : bias[biasStart], out, placement);
    return;
  }
  const packed = packWeights(scratch, weight, outputs, layout);
  const panel = scratch.panel(taps * TILE);
  const table = new Int32Array(taps);
  const targets = new Int32Array(TILE);
  const step = placement.stride * rows;
  let position = 0;
  let row = 0;
  let first = placement.first(0) * rows;
  gathering.fill(0, table, 0);
  for (let column = 0; column < columns; column += TILE) {
    const width = Math.min(TILE, columns - column);
    if (row + TILE <= rows) {
      gatherFour(x, rows, row, table, panel);
      for (let j = 0; j < TILE; j++) targets[j] = first + row + j;
      row += TILE;
    } else {
      for (let j = 0; j < width; j++) {
        if (row === rows) {
          row = 0;
          position++;
          gathering.fill(position, table, 0);
          first = placement.first(position) * rows;
        }
        gatherOne(x, rows, row, table, panel, j);
        targets[j] = first + row;
        row++;
      }
    }
    if (row === rows && position + 1 < positions) {
      row = 0;
      position++;
      gathering.fill(position, table, 0);
      first = placement.first(position) * rows;
    }
    for (let output = 0; output < outputs; output += TILE) {
      multiplyTile(packed, output * taps, panel, 0, taps, tile);
      const height = Math.min(TILE, outputs - output);
      for (let i = 0; i < height; i++) {
        const shift = bias === null ? 0 : bias[biasStart + output + i];
        const base = (output + i) * step;
        for (let j = 0; j < width; j++) out[base + targets[j]] = tile[i * TILE + j] + shift;
      }
    }
  }
}

/** The product for one output (a depthwise channel, one input channel): a tile would be three quarters padding. */
function gatheredRow(
  weight: FloatArray,
  layout: WeightLayout,
  x: FloatArray,
  rows: number,
  gathering: Gathering,
  shift: number,
  out: FloatArray,
  placement: Placement,
): void {
  const { taps, positions } = gathering;
  const table = new Int32Array(taps);
  const sources = new Int32Array(taps);
  const scales = new Float64Array(taps);
  for (let position = 0; position < positions; position++) {
    gathering.fill(position, table, 0);
    let count = 0;
    for (let tap = 0; tap < taps; tap++) {
      if (table[tap] < 0) continue;
      sources[count] = table[tap] * rows;
      scales[count] = weight[layout.start + layout.tapOffsets[tap]];
      count++;
    }
    const to = placement.first(position) * rows;
    let row = 0;
    for (; row + 4 <= rows; row += 4) {
      let s0 = shift;
      let s1 = shift;
      let s2 = shift;
      let s3 = shift;
      for (let k = 0; k < count; k++) {
        const scale = scales[k];
        const at = sources[k] + row;
        s0 += scale * x[at];
        s1 += scale * x[at + 1];
        s2 += scale * x[at + 2];
        s3 += scale * x[at + 3];
      }
      out[to + row] = s0;
      out[to + row + 1] = s1;
      out[to + row + 2] = s2;
      out[to + row + 3] = s3;
    }
    for (; row < rows; row++) {
      let sum = shift;
      for (let k = 0; k < count; k++) sum += scales[k] * x[sources[k] + row];
      out[to + row] = sum;
    }
  }
}

/** Four neighbouring rows of every tap, interleaved. */
function gatherFour(x: FloatArray, rows: number, row: number, table: Int32Array, panel: Float64Array): void {
  let to = 0;
  for (let tap = 0; tap < table.length; tap++) {
    const feature = table[tap];
    if (feature < 0) {
      panel[to] = 0;
      panel[to + 1] = 0;
      panel[to + 2] = 0;
      panel[to + 3] = 0;
    } else {
      const from = feature * rows + row;
      panel[to] = x[from];
      panel[to + 1] = x[from + 1];
      panel[to + 2] = x[from + 2];
      panel[to + 3] = x[from + 3];
    }
    to += TILE;
  }
}

/** One row of every tap, as column j of the panel. */
function gatherOne(
  x: FloatArray,
  rows: number,
  row: number,
  table: Int32Array,
  panel: Float64Array,
  j: number,
): void {
  for (let tap = 0; tap < table.length; tap++) {
    const feature = table[tap];
    panel[tap * TILE + j] = feature < 0 ? 0 : x[feature * rows + row];
  }
}

/** Columns summed in one tile call: two panels of this length stay in the first-level cache. */
const CHUNK = 128;

/**
 * The derivative of Σ y ⊙ gatheredProduct in the weights: gradient(o, k) = Σ over positions and rows of
 * y[place(o, p), row] · x[table_p(k), row], written in the layout of the weights. Sums are double throughout.
 */
export function gatheredGradient(
  scratch: ProductScratch,
  y: FloatArray,
  outputs: number,
  placement: Placement,
  x: FloatArray,
  rows: number,
  gathering: Gathering,
  gradient: FloatArray,
  layout: WeightLayout,
): void {
  const { tile } = scratch;
  const { taps, positions } = gathering;
  const columns = positions * rows;
  const outputBlocks = Math.ceil(outputs / TILE);
  const tapBlocks = Math.ceil(taps / TILE);
  const area = TILE * TILE;
  const total = scratch.totals(outputBlocks * tapBlocks * area);
  total.fill(0, 0, outputBlocks * tapBlocks * area);
  const left = scratch.weights(outputBlocks * TILE * CHUNK);
  const right = scratch.panel(TILE * CHUNK);
  const most = rows === 0 ? 0 : Math.min(positions, Math.floor((CHUNK - 2) / rows) + 2);
  const tables = new Int32Array(most * taps);
  let tabled = 0;
  let tableFrom = 0;
  for (let column = 0; column < columns; column += CHUNK) {
    const count = Math.min(CHUNK, columns - column);
    const firstPosition = Math.floor(column / rows);
    const lastPosition = Math.floor((column + count - 1) / rows);
    if (column === 0 || firstPosition !== tableFrom || lastPosition - firstPosition >= tabled) {
      tableFrom = firstPosition;
      tabled = lastPosition - firstPosition + 1;
      for (let p = 0; p < tabled; p++) gathering.fill(firstPosition + p, tables, p * taps);
    }
    left.fill(0, 0, outputBlocks * TILE * count);
    for (let output = 0; output < outputs; output++) {
      const base = Math.floor(output / TILE) * TILE * count + (output % TILE);
      for (let at = 0, p = firstPosition; p <= lastPosition; p++) {
        const row = p === firstPosition ? column - p * rows : 0;
        const length = Math.min(rows - row, count - at);
        const from = (placement.first(p) + output * placement.stride) * rows + row;
        copyStrided(y, from, length, left, base + at * TILE);
        at += length;
      }
    }
    for (let block = 0; block < tapBlocks; block++) {
      right.fill(0, 0, TILE * count);
      const taken = Math.min(TILE, taps - block * TILE);
      for (let j = 0; j < taken; j++) {
        for (let at = 0, p = firstPosition; p <= lastPosition; p++) {
          const row = p === firstPosition ? column - p * rows : 0;
          const length = Math.min(rows - row, count - at);
          const feature = tables[(p - firstPosition) * taps + block * TILE + j];
          if (feature >= 0) copyStrided(x, feature * rows + row, length, right, at * TILE + j);
          at += length;
        }
      }
      for (let outputBlock = 0; outputBlock < outputBlocks; outputBlock++) {
        multiplyTile(left, outputBlock * TILE * count, right, 0, count, tile);
        const base = (block * outputBlocks + outputBlock) * area;
        for (let i = 0; i < area; i++) total[base + i] += tile[i];
      }
    }
  }
  for (let output = 0; output < outputs; output++) {
    const to = layout.start + output * layout.outputStride;
    for (let tap = 0; tap < taps; tap++) {
      const block = Math.floor(tap / TILE) * outputBlocks + Math.floor(output / TILE);
      gradient[to + layout.tapOffsets[tap]] = total[block * area + (output % TILE) * TILE + (tap % TILE)];
    }
  }
}

/** to[toStart + 4i] = from[fromStart + i]. */
function copyStrided(
  from: FloatArray,
  fromStart: number,
  count: number,
  to: Float64Array,
  toStart: number,
): void {
  let at = toStart;
  for (let i = 0; i < count; i++) {
    to[at] = from[fromStart + i];
    at += TILE;
  }
}
