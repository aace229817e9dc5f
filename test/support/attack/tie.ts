import { type RandomSource, random } from "../../../src/compute/random.js";
import type { Model } from "../../../src/network/weights.js";
import { add, negate, toNumber } from "../exact/dyadic.js";
import { enclose, endsOf } from "../exact/enclosure.js";
import { evaluateExactly } from "../exact/evaluate.js";
import { neighbour32, neighbour64 } from "../float-orders/rounding.js";
import { plainNetwork } from "../plain-network.js";
import { LAST } from "./random-structure.js";

/**
 * The model with a last layer in which two outputs are equal, or an ulp of a bias apart on either side: at x, in real
 * arithmetic and as far as the bias's format can; or everywhere, their weights being the same.
 */
export function tied(model: Model, x: Float64Array, seed: number): Model {
  const source = random(seed, "tie");
  const weights = new Map([...model.weights].map(([name, values]) => [name, values.slice()]));
  const biases = weights.get(`${LAST}.bias`) as Float64Array;
  const [first, second] = largestTwo({ ...model, weights }, x);
  if (source.uniform() < 0.5) {
    const rows = weights.get(`${LAST}.weight`) as Float64Array;
    const columns = rows.length / biases.length;
    rows.copyWithin(second * columns, first * columns, (first + 1) * columns);
    biases[second] = biases[first];
  } else {
    const gap = difference({ ...model, weights }, x, first, second);
    const before = biases[first];
    biases[first] -= gap;
    if (!Number.isFinite(biases[first])) biases[first] = before;
  }
  biases[first] = moved(biases, first, source);
  return { ...model, weights };
}

function moved(biases: Float32Array | Float64Array, at: number, source: RandomSource): number {
  const next = biases instanceof Float32Array ? neighbour32 : neighbour64;
  const apart = source.integer(3) - 1;
  return apart === 0 ? biases[at] : next(biases[at], apart > 0 ? 1 : -1);
}

function largestTwo(model: Model, x: Float64Array): readonly number[] {
  const outputs = evaluateExactly(plainNetwork(model), enclose(x));
  const about = outputs.lower.map((_, j) => toNumber(endsOf(outputs, j)[0]));
  return Array.from(about.keys()).sort((a, b) => about[b] - about[a]);
}

/** z_first − z_second at x, about. */
function difference(model: Model, x: Float64Array, first: number, second: number): number {
  const outputs = evaluateExactly(plainNetwork(model), enclose(x));
  return toNumber(add(endsOf(outputs, first)[0], negate(endsOf(outputs, second)[0])));
}
