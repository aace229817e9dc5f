import type { Conv2dGeometry } from "../../src/compute/geometry.js";
import type { AffineRow } from "./plain-network.js";

/** The rows of a matrix `[out, in]`. */
export function linearRows(weight: Float64Array, inputs: number): AffineRow[] {
  const sources = Int32Array.from({ length: inputs }, (_, i) => i);
  return Array.from({ length: weight.length / inputs }, (_, i) => ({
    sources,
    weights: weight.subarray(i * inputs, (i + 1) * inputs),
  }));
}

/** Calls `visit` for every place of the window of an output position that lies within the image. */
function visitWindow(
  geometry: Conv2dGeometry,
  y: number,
  x: number,
  visit: (place: number, position: number) => void,
): void {
  for (let ky = 0; ky < geometry.kernelHeight; ky++) {
    const row = y * geometry.strideHeight - geometry.padTop + ky * geometry.dilationHeight;
    if (row < 0 || row >= geometry.inHeight) continue;
    for (let kx = 0; kx < geometry.kernelWidth; kx++) {
      const column = x * geometry.strideWidth - geometry.padLeft + kx * geometry.dilationWidth;
      if (column < 0 || column >= geometry.inWidth) continue;
      visit(ky * geometry.kernelWidth + kx, row * geometry.inWidth + column);
    }
  }
}

/** The rows of a convolution with weight `[out, in/groups, kh, kw]`; terms on padding are left out. */
export function convolutionRows(weight: Float64Array, geometry: Conv2dGeometry): AffineRow[] {
  const { inChannels, outChannels, groups, outHeight, outWidth } = geometry;
  const kernel = geometry.kernelHeight * geometry.kernelWidth;
  const area = geometry.inHeight * geometry.inWidth;
  const [own, others] = [outChannels / groups, inChannels / groups];
  const rows: AffineRow[] = [];
  for (let channel = 0; channel < outChannels; channel++) {
    const first = Math.floor(channel / own) * others;
    for (let position = 0; position < outHeight * outWidth; position++) {
      const sources: number[] = [];
      const weights: number[] = [];
      for (let k = 0; k < others; k++) {
        visitWindow(geometry, Math.floor(position / outWidth), position % outWidth, (place, at) => {
          sources.push((first + k) * area + at);
          weights.push(weight[(channel * others + k) * kernel + place]);
        });
      }
      rows.push({ sources: Int32Array.from(sources), weights: Float64Array.from(weights) });
    }
  }
  return rows;
}

/** The rows of the transposed matrix, which has so many. */
export function transposed(rows: readonly AffineRow[], columns: number): AffineRow[] {
  const sources: number[][] = Array.from({ length: columns }, () => []);
  const weights: number[][] = Array.from({ length: columns }, () => []);
  for (const [i, row] of rows.entries()) {
    for (const [k, column] of row.sources.entries()) {
      sources[column].push(i);
      weights[column].push(row.weights[k]);
    }
  }
  return sources.map((list, i) => ({
    sources: Int32Array.from(list),
    weights: Float64Array.from(weights[i]),
  }));
}

/** The inputs in the window of each output of a pool; padding is left out. */
export function windows(geometry: Conv2dGeometry): Int32Array[] {
  const area = geometry.inHeight * geometry.inWidth;
  const outputs = geometry.outHeight * geometry.outWidth;
  return Array.from({ length: geometry.outChannels * outputs }, (_, i) => {
    const [channel, position] = [Math.floor(i / outputs), i % outputs];
    const sources: number[] = [];
    const y = Math.floor(position / geometry.outWidth);
    visitWindow(geometry, y, position % geometry.outWidth, (_place, at) => sources.push(channel * area + at));
    return Int32Array.from(sources);
  });
}
