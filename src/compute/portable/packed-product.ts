import type { FloatArray } from "../backend.js";
import type { Gathering, Placement, WeightLayout } from "./gathering.js";
import { multiplyTile, TILE } from "./tile.js";

/** Arrays of one backend that are used again at every product: zeroing fresh ones costs as much as a small product. */
export class PackedScratch {
  readonly tile = new Float64Array(TILE * TILE);
  #weights = new Float64Array(0);
  #panel = new Float64Array(0);

  weights(count: number): Float64Array {
    if (this.#weights.length < count) this.#weights = new Float64Array(count);
    return this.#weights;
  }

  panel(count: number): Float64Array {
    if (this.#panel.length < count) this.#panel = new Float64Array(count);
    return this.#panel;
  }
}

/** Interleaves weights by four outputs: entry (o, k) at (⌊o/4⌋ · taps + k) · 4 + o mod 4; outputs beyond are zero. */
function packWeights(
  scratch: PackedScratch,
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
 * `gatheredProduct` by packing: weights once and features four rows at a time, interleaved, so that the inner loop reads
 * memory in order. Pays from some dozen taps and several outputs on, where packing is a small part of the work.
 * (position, row) pairs are the columns of one wide product, so that few rows fill register tiles as well as many.
 */
export function packedProduct(
  scratch: PackedScratch,
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
