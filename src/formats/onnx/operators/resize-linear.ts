import { UnsupportedOperatorError } from "../../../errors.js";
import type { GraphImport, OnnxNode } from "../graph-import.js";
import type { GraphValue } from "../values.js";
import { alongAxis } from "./linear.js";

/** Places whose binary digits after the point are at most so many come out the same in every precision. */
const EXACT = 2 ** 12;

/** Where the entries of an axis lie among those that it had. */
export interface ResizedPlaces {
  readonly extent: number;
  readonly places: readonly number[];
  /** How far apart they lie. */
  readonly step: number;
}

/**
 * Linear interpolation along each axis, one matrix after the other; an entry outside is that of the edge. Throws an
 * `UnsupportedOperatorError` where weights are no short binary fractions: single precision has them rounded by more than bounds
 * allow.
 */
export function interpolated(
  node: OnnxNode,
  graph: GraphImport,
  x: GraphValue,
  placesOf: (axis: number) => ResizedPlaces | undefined,
): GraphValue {
  return x.shape.reduce<GraphValue>((value, _, axis) => {
    const found = placesOf(axis);
    if (!found) return value;
    const { extent, places, step } = found;
    if (![...places, step].every((place) => Number.isInteger(place * EXACT) && Math.abs(place) < EXACT)) {
      throw new UnsupportedOperatorError(
        `${node.label}: the weights of linear interpolation from ${extent} to ${places.length} entries are rounded; expected ` +
          'scales that are powers of two, or mode "nearest"',
      );
    }
    const weight = new Float32Array(places.length * extent);
    for (const [i, place] of places.entries()) {
      const at = Math.min(extent - 1, Math.max(0, place));
      const left = Math.floor(at);
      weight[i * extent + left] += 1 - (at - left);
      if (at > left) weight[i * extent + left + 1] += at - left;
    }
    const result = value.shape.map((own, i) => (i === axis ? places.length : own));
    const matrix = { values: weight, outFeatures: places.length, inFeatures: extent };
    const named = { ...node, name: graph.partName(node, "axis") };
    return alongAxis(named, graph, value, matrix, axis, result);
  }, x);
}
