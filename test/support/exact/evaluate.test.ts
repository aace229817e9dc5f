import { describe, expect, it } from "vitest";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  conv2d,
  flatten,
  hardtanh,
  leakyRelu,
  linear,
  maxPool,
  pad,
  relu,
  scaleShift,
} from "../../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../../src/network/network.js";
import { sizeOf } from "../../../src/network/shape.js";
import type { Model } from "../../../src/network/weights.js";
import { Bench, randomExamples } from "../bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../networks.js";
import { plainNetwork } from "../plain-network.js";
import { compare, dyadic, toNumber } from "./dyadic.js";
import { type Enclosure, enclose, endsOf, isExact } from "./enclosure.js";
import { evaluateExactly } from "./evaluate.js";

function at(network: Network, weights: Record<string, number[]>, x: readonly number[]): Enclosure {
  const own = new Map(Object.entries(weights).map(([name, values]) => [name, Float64Array.from(values)]));
  return evaluateExactly(plainNetwork({ network, weights: own }), enclose(x));
}

/** Numbers that are exact, as numbers. */
function numbers(values: Enclosure): number[] {
  expect(isExact(values)).toBe(true);
  return values.lower.map((_, i) => toNumber(endsOf(values, i)[0]));
}

/** Whether a number lies between the ends of entry i. */
function holds(values: Enclosure, i: number, value: number): boolean {
  const [lower, upper] = endsOf(values, i);
  return compare(lower, dyadic(value)) <= 0 && compare(upper, dyadic(value)) >= 0;
}

describe("evaluateExactly by hand", () => {
  it("loses nothing where floating point does", () => {
    // relu(x + 2^60) − 2^60 is x.
    const network = sequential([1], [linear(1), relu(), linear(1)]);
    const M = 2 ** 60;
    const weights = {
      "linear1.weight": [1],
      "linear1.bias": [M],
      "linear2.weight": [1],
      "linear2.bias": [-M],
    };
    expect(numbers(at(network, weights, [0.1]))).toEqual([0.1]);
    expect(numbers(at(network, weights, [-(2 ** -1074)]))).toEqual([-(2 ** -1074)]);
  });

  it("takes weights of any size", () => {
    const network = sequential([3], [linear(1)]);
    const weights = { "linear1.weight": [2 ** 100, 2 ** -100, -(2 ** 100)], "linear1.bias": [2 ** -300] };
    const value = at(network, weights, [1, 1, 1]);
    expect(isExact(value)).toBe(true);
    expect([value.exponent, value.lower]).toEqual([-300, [(1n << 200n) + 1n]]);
  });

  it("takes activations, joins, pads and scales", () => {
    const network = graph([2], (x, attach) => {
      const bent = attach(leakyRelu(0.25), x);
      const cut = attach(hardtanh(-0.5, 3), x);
      const sum = attach(add(), bent, cut, x);
      return attach(scaleShift([2, -1, 1, 1, 4], 1), attach(pad([1], [0], 0.5), attach(concat(), sum, x)));
    });
    // bent (−2, 5), cut (−0.5, 3), sum (−10.5, 13), joined (0.5, −10.5, 13, −8, 5).
    expect(numbers(at(network, {}, [-8, 5]))).toEqual([2, 11.5, 14, -7, 21]);
  });

  it("takes windows", () => {
    const network = sequential(
      [1, 3, 3],
      [conv2d(1, { kernel: 2, padding: [1, 1, 0, 0], bias: false }), maxPool({ kernel: 3 }), flatten()],
    );
    // Padding above and to the left: the largest window is the one over 4, 5, 7 and 8.
    const value = at(network, { "conv2d1.weight": [8, 4, 2, 1] }, [1, 2, 3, 4, 5, 6, 7, 8, -9]);
    expect(numbers(value)).toEqual([8 * 4 + 4 * 5 + 2 * 7 + 8]);
  });

  it("divides the mean of a window exactly by powers of two, else within ends", () => {
    const mean = (kernel: number) => sequential([1, kernel, kernel], [averagePool({ kernel }), flatten()]);
    expect(numbers(at(mean(2), {}, [1, 2, 3, 5]))).toEqual([2.75]);
    const third = at(mean(3), {}, [1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(isExact(third)).toBe(false);
    const [lower, upper] = endsOf(third, 0);
    // 9 times the ends enclose 1.
    expect(compare({ ...lower, mantissa: 9n * lower.mantissa }, dyadic(1))).toBe(-1);
    expect(compare({ ...upper, mantissa: 9n * upper.mantissa }, dyadic(1))).toBe(1);
  });

  it("normalises by the root of variance and epsilon together", () => {
    const network = sequential([2], [batchNorm({ epsilon: 0.25 })]);
    const weights = { weight: [3, -2], bias: [1, 0.5], mean: [0.5, 1], variance: [2, 3.75] };
    const named = Object.fromEntries(
      Object.entries(weights).map(([name, values]) => [`batch-norm1.${name}`, values]),
    );
    // 3·(2 − 0.5)/1.5 + 1 and −2·(5 − 1)/2 + 0.5.
    const value = at(network, named, [2, 5]);
    expect([holds(value, 0, 4), holds(value, 1, -3.5)]).toEqual([true, true]);
    expect([holds(value, 0, 4 + 1e-15), holds(value, 1, -3.5 - 1e-15)]).toEqual([false, false]);
  });
});

const MODELS: readonly (readonly [string, () => Network])[] = [
  ...Object.entries(LAYER_NETWORKS),
  ...Array.from({ length: 12 }, (_, i) => [`graph ${i}`, () => randomGraph(i)] as const),
];

describe("evaluateExactly against the network's own forward pass in double precision", () => {
  it.each(MODELS)("%s", async (_name, build) => {
    const model: Model = lively(build(), 3);
    const bench = new Bench(model);
    const count = 3;
    const x = randomExamples(model.network, count, 5);
    const outputs = await bench.logits(x, count);
    for (let b = 0; b < count; b++) {
      const own = Float64Array.from({ length: sizeOf(model.network.inputShape) }, (_, f) => x[f * count + b]);
      const exact = evaluateExactly(plainNetwork(model), enclose(own));
      for (let j = 0; j < model.network.classes; j++) {
        const [lower, upper] = endsOf(exact, j).map(toNumber);
        expect(upper - lower).toBeLessThanOrEqual(1e-15 * Math.max(1, Math.abs(lower)));
        expect(Math.abs(outputs[j * count + b] - lower)).toBeLessThanOrEqual(
          1e-12 * Math.max(1, Math.abs(lower)),
        );
      }
    }
  });
});
