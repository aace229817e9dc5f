import type { Backend } from "../backend.js";
import { ownerTable } from "../owners.js";
import * as rules from "../shape-rules/index.js";
import type { PortableMemory } from "./tensor.js";

type Enclosures = Pick<Backend, "enclose" | "encloseGradient">;

/** The backward step through parallel lines, and its derivatives. */
export function encloseOperations(memory: PortableMemory): Enclosures {
  return {
    enclose(nu, slope, radius, owners) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const shape = rules.enclose(input, slopes, radii, owners);
      const [out, norms] = [memory.zeros(shape), memory.zeros({ features: 1, rows: shape.rows })];
      const { features, rows } = input;
      const column = ownerTable(owners, rows);
      const [from, d, rho, to] = [input.values, slopes.values, radii.values, out.values];
      const totals = new Float64Array(rows);
      for (let f = 0; f < features; f++) {
        const base = f * slopes.rows;
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          const at = base + column[row];
          const value = from[i];
          to[i] = d[at] * value;
          totals[row] += rho[at] * Math.abs(value);
        }
      }
      norms.values.set(totals);
      return { nu: out, radius: norms };
    },

    encloseGradient(nu, slope, radius, gNu, gRadius, owners) {
      const [input, slopes, radii] = [memory.take(nu), memory.take(slope), memory.take(radius)];
      const [byNu, byRadius] = [memory.take(gNu), memory.take(gRadius)];
      const shapes = rules.encloseGradient(input, slopes, radii, byNu, byRadius, owners);
      const [outNu, outSlope] = [memory.zeros(shapes.nu), memory.zeros(shapes.lines)];
      const outRadius = memory.zeros(shapes.lines);
      const { features, rows } = input;
      const column = ownerTable(owners, rows);
      const [from, d, rho, to] = [input.values, slopes.values, radii.values, outNu.values];
      const [g, h] = [byNu.values, byRadius.values];
      const [sumSlope, sumRadius] = [new Float64Array(d.length), new Float64Array(d.length)];
      for (let f = 0; f < features; f++) {
        const base = f * slopes.rows;
        for (let row = 0, i = f * rows; row < rows; row++, i++) {
          const at = base + column[row];
          const value = from[i];
          to[i] = d[at] * g[i] + rho[at] * Math.sign(value) * h[row];
          sumSlope[at] += value * g[i];
          sumRadius[at] += Math.abs(value) * h[row];
        }
      }
      outSlope.values.set(sumSlope);
      outRadius.values.set(sumRadius);
      return { nu: outNu, slope: outSlope, radius: outRadius };
    },
  };
}
