import { random } from "../../../src/compute/random.js";
import type { Model } from "../../../src/network/weights.js";
import { add, negate, toNumber } from "../exact/dyadic.js";
import { enclose, endsOf } from "../exact/enclosure.js";
import { evaluateExactly } from "../exact/evaluate.js";
import { neighbour32, neighbour64 } from "../float-orders/rounding.js";
import { plainNetwork } from "../plain-network.js";
import { LAST } from "./random-structure.js";

/**
 * The model with a last bias that brings the two largest outputs at x together in real arithmetic, or an ulp of the bias apart
 * on either side, as far as the bias's format can.
 */
export function tied(model: Model, x: Float64Array, seed: number): Model {
  const outputs = evaluateExactly(plainNetwork(model), enclose(x));
  const about = outputs.lower.map((_, j) => toNumber(endsOf(outputs, j)[0]));
  const [first, second] = Array.from(about.keys()).sort((a, b) => about[b] - about[a]);
  const gap = toNumber(add(endsOf(outputs, first)[0], negate(endsOf(outputs, second)[0])));
  const name = `${LAST}.bias`;
  const biases = (model.weights.get(name) as Float64Array).slice();
  const next = biases instanceof Float32Array ? neighbour32 : neighbour64;
  const bias = biases[first] - gap;
  const apart = random(seed, "tie").integer(3) - 1;
  biases[first] = apart === 0 ? bias : next(bias, apart > 0 ? 1 : -1);
  return { ...model, weights: new Map([...model.weights, [name, biases]]) };
}
