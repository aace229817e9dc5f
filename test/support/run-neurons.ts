import type { Activation } from "../../src/activations/index.js";
import { activationDefinition } from "../../src/activations/index.js";
import type { RandomSource } from "../../src/compute/random.js";
import { neuronLayers } from "../../src/network/neurons.js";
import type { Model } from "../../src/network/weights.js";
import { compare, type Dyadic, dyadic, plus, times, ZERO } from "./dyadic.js";

/** How a network is run neuron by neuron. */
export interface Run {
  /** Rounds a result, or what goes in, to the arithmetic's numbers. */
  round(value: number): number;
  /** Which order sums are taken in. */
  readonly source: RandomSource;
  /** Whether products are added without being rounded themselves, as fused multiply-adds do. */
  readonly isFused: boolean;
}

/** The value of every neuron, in an order of summation and a rounding of the run's own. */
export function runNeurons(
  model: Model,
  x: ArrayLike<number>,
  { round, source, isFused }: Run,
): Float64Array {
  const layers = neuronLayers(model);
  const values = new Float64Array(layers[layers.length - 1].to);
  for (const { from, to, affine, layer, inputs } of layers) {
    for (let i = from; i < to; i++) {
      if (layer === null) values[i] = round(x[i]);
      else if (affine) {
        const { taps, columns, columnsAt, weights, weightsAt, bias } = affine;
        const terms: [number, number][] = [[round(bias[i - from]), 1]];
        for (let t = 0; t < taps; t++) {
          const column = columns[columnsAt[i - from] + t];
          if (column >= 0) terms.push([round(weights[weightsAt[i - from] + t]), values[column]]);
        }
        shuffle(terms, source);
        values[i] = terms.reduce(
          (sum, [weight, value]) => round(sum + (isFused ? weight * value : round(weight * value))),
          0,
        );
      } else {
        const { value } = activationDefinition(layer as Activation).scalar(layer as Activation);
        values[i] = round(value(values[layers[inputs[0]].from + i - from]));
      }
    }
  }
  return values;
}

function shuffle<T>(list: T[], source: RandomSource): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = source.integer(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}

/** The value of every neuron without any rounding; of networks of affine layers and ReLUs. */
export function exactNeurons(model: Model, x: ArrayLike<number>): Dyadic[] {
  const layers = neuronLayers(model);
  const values: Dyadic[] = [];
  for (const { from, to, affine, layer, inputs } of layers) {
    for (let i = from; i < to; i++) {
      if (layer === null) values[i] = dyadic(x[i]);
      else if (affine) {
        const { taps, columns, columnsAt, weights, weightsAt, bias } = affine;
        let sum = dyadic(bias[i - from]);
        for (let t = 0; t < taps; t++) {
          const column = columns[columnsAt[i - from] + t];
          if (column >= 0) sum = plus(sum, times(dyadic(weights[weightsAt[i - from] + t]), values[column]));
        }
        values[i] = sum;
      } else {
        if (layer.kind !== "relu") throw new Error(`${layer.kind} is not run exactly`);
        const input = values[layers[inputs[0]].from + i - from];
        values[i] = compare(input, ZERO) > 0 ? input : ZERO;
      }
    }
  }
  return values;
}
