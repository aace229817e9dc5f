import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { Dataset } from "../../src/data/dataset.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { type PlacedNetwork, uploadWeights } from "../../src/network/weights.js";

/** Of the portable backend, in double precision. */
export const backend = createPortableBackend({ dtype: "float64" });

/** z = W relu(V x + a) + b, of two inputs, neurons and classes; matrices row by row. */
export function twoNeurons(
  second: readonly number[],
  bias: readonly number[] = [0, 0],
  first: readonly number[] = [1, 0, 0, 1],
  shift: readonly number[] = [0, 0],
): PlacedNetwork {
  const network = sequential([2], [linear(2), relu(), linear(2)]);
  const weights = new Map([
    ["linear1.weight", Float64Array.from(first)],
    ["linear1.bias", Float64Array.from(shift)],
    ["linear2.weight", Float64Array.from(second)],
    ["linear2.bias", Float64Array.from(bias)],
  ]);
  return { backend, network, parameters: uploadWeights(backend, { network, weights }) };
}

/** z = x, of inputs that are not negative. */
export const IDENTITY = twoNeurons([1, 0, 0, 1]);
/** z = (0, 1). */
export const CONSTANT = twoNeurons([0, 0, 0, 0], [0, 1]);
/**
 * z = (relu(x₀) − x₀/4 + 0.03, 0), above −2: at least 0.03 everywhere, which takes a slope of its own, or splits, where x₀ may
 * be of either sign.
 */
export const BENT = twoNeurons([1, -0.25, 0, 0], [0.53, 0], [1, 0, 1, 0], [0, 2]);

/** Points and their labels as a data set. */
export function pointsOf(
  points: readonly { readonly x: readonly number[]; readonly label: number }[],
): Dataset {
  return {
    ...{ name: "points", split: "test", count: points.length, shape: [2], classes: 2, source: "a test" },
    pixels: Float64Array.from(points.flatMap(({ x }) => x)),
    labels: Int32Array.from(points, ({ label }) => label),
  };
}
