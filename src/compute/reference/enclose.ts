import type { Backend } from "../backend.js";
import type { CropWindow } from "../crop-window.js";
import { type Owners, ownerTable } from "../owners.js";
import * as rules from "../shape-rules.js";
import type { ReferenceMemory } from "./tensor.js";

type Enclosures = Pick<Backend, "enclose" | "encloseGradient" | "patchNorm" | "patchNormGradient">;

/**
 * Where the coefficients of feature f lie, row by row, in a tensor `[features, columns]`; −1 where a patch leaves its
 * image. The table is the same one for every f.
 */
function placesOf(
  owners: Owners,
  window: CropWindow | null,
  rows: number,
  columns: number,
): (f: number) => Int32Array {
  const column = ownerTable(owners, rows);
  const places = new Int32Array(rows);
  return (f) => {
    if (window === null) {
      for (let row = 0; row < rows; row++) places[row] = f * columns + column[row];
      return places;
    }
    const { height, width, patchHeight, patchWidth, top, left } = window;
    const across = f % patchWidth;
    const down = ((f - across) / patchWidth) % patchHeight;
    const plane = Math.floor(f / (patchWidth * patchHeight)) * height;
    for (let row = 0; row < rows; row++) {
      const [y, x] = [top[row] + down, left[row] + across];
      const inside = y >= 0 && y < height && x >= 0 && x < width;
      places[row] = inside ? ((plane + y) * width + x) * columns + column[row] : -1;
    }
    return places;
  };
}

/** The backward step through parallel lines, whole or by patches, and the ℓ∞ ball's norm of a patch. */
export function encloseOperations(memory: ReferenceMemory): Enclosures {
  return {
    enclose(nu, slope, radius, owners, window) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const shape = rules.enclose(input, slopes, radii, owners, window);
      const [out, norms] = [memory.zeros(shape), memory.zeros({ features: 1, rows: shape.rows })];
      const { features, rows } = input;
      const places = placesOf(owners, window, rows, slopes.rows);
      const [from, d, rho, to] = [input.values, slopes.values, radii.values, out.values];
      const totals = new Float64Array(rows);
      for (let f = 0; f < features; f++) {
        const at = places(f);
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          const place = at[row];
          const value = from[i];
          if (place < 0) continue;
          to[i] = d[place] * value;
          totals[row] += rho[place] * Math.abs(value);
        }
      }
      norms.values.set(totals);
      return { nu: out, radius: norms };
    },

    encloseGradient(nu, slope, radius, gNu, gRadius, owners, window) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const [byNu, byRadius] = [memory.take(gNu), memory.take(gRadius)];
      const shapes = rules.encloseGradient(input, slopes, radii, byNu, byRadius, owners, window);
      const [outNu, outSlope] = [memory.zeros(shapes.nu), memory.zeros(shapes.lines)];
      const outRadius = memory.zeros(shapes.lines);
      const { features, rows } = input;
      const places = placesOf(owners, window, rows, slopes.rows);
      const [from, d, rho, to] = [input.values, slopes.values, radii.values, outNu.values];
      const [g, h] = [byNu.values, byRadius.values];
      const [sumSlope, sumRadius] = [new Float64Array(d.length), new Float64Array(d.length)];
      for (let f = 0; f < features; f++) {
        const at = places(f);
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          const place = at[row];
          const value = from[i];
          if (place < 0) continue;
          to[i] = d[place] * g[i] + rho[place] * Math.sign(value) * h[row];
          sumSlope[place] += value * g[i];
          sumRadius[place] += Math.abs(value) * h[row];
        }
      }
      outSlope.values.set(sumSlope);
      outRadius.values.set(sumRadius);
      return { nu: outNu, slope: outSlope, radius: outRadius };
    },

    patchNorm(x, weight, owners, window) {
      const [input, weights] = [memory.take(x), memory.take(weight)];
      const out = memory.zeros(rules.patchNorm(input, weights, owners, window));
      const { features, rows } = input;
      const places = placesOf(owners, window, rows, weights.rows);
      const [from, w] = [input.values, weights.values];
      const totals = new Float64Array(rows);
      for (let f = 0; f < features; f++) {
        const at = places(f);
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          if (at[row] >= 0) totals[row] += w[at[row]] * Math.abs(from[i]);
        }
      }
      out.values.set(totals);
      return out;
    },

    patchNormGradient(x, weight, g, owners, window) {
      const [input, weights, gradient] = [memory.take(x), memory.take(weight), memory.take(g)];
      const shapes = rules.patchNormGradient(input, weights, gradient, owners, window);
      const [outX, outWeight] = [memory.zeros(shapes.x), memory.zeros(shapes.weight)];
      const { features, rows } = input;
      const places = placesOf(owners, window, rows, weights.rows);
      const [from, w, h, to] = [input.values, weights.values, gradient.values, outX.values];
      const sums = new Float64Array(w.length);
      for (let f = 0; f < features; f++) {
        const at = places(f);
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          if (at[row] < 0) continue;
          to[i] = w[at[row]] * Math.sign(from[i]) * h[row];
          sums[at[row]] += Math.abs(from[i]) * h[row];
        }
      }
      outWeight.values.set(sums);
      return { x: outX, weight: outWeight };
    },
  };
}
