import { describe, expect, it } from "vitest";
import { type Arithmetic, accumulated, IEEE } from "../../src/compute/arithmetic.js";
import { type Backend, createBackend, nativeProblem } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { UnsupportedOperatorError } from "../../src/errors.js";
import { networkOutputs } from "../../src/formats/sample-outputs.js";
import {
  batchNorm,
  conv2d,
  flatten,
  hardtanh,
  leakyRelu,
  linear,
  pad,
  relu,
  scaleShift,
  sigmoid,
} from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { roundingErrors } from "../../src/network/rounding-error.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { anyDirection, evaluatedInAnyOrder, NEAREST } from "./any-order.js";
import { exactOutputs } from "./exact-outputs.js";

const { float32, float64 } = IEEE;
/** Any direction of rounding, small numbers taken for 0. */
const CARELESS: Arithmetic = {
  ...float32,
  roundoff: 2 ** -23,
  underflow: 2 ** -126,
  flushed: 2 ** -126,
};
const REAL: Arithmetic = {
  roundoff: 0,
  underflow: 0,
  flushed: 0,
  largest: Number.POSITIVE_INFINITY,
  functions: 0,
};

const problem = await nativeProblem();

const NETWORKS: [string, () => Network][] = [
  ...Object.entries(LAYER_NETWORKS),
  ...[1, 2, 3, 4].map((seed): [string, () => Network] => [`random graph ${seed}`, () => randomGraph(seed)]),
];

/** Inputs that single precision does not hold. */
function inputsOf({ inputShape }: Network, count = 3): Float64Array[] {
  const source = random(5, "rounding");
  return Array.from({ length: count }, (_, i) =>
    Float64Array.from({ length: sizeOf(inputShape) }, () => (i + 1) * source.normal()),
  );
}

function expectWithin(found: Float64Array, outputs: Float64Array, errors: Float64Array): void {
  expect(found.length).toBe(outputs.length);
  for (const [i, value] of found.entries()) {
    expect(Math.abs(value - outputs[i]), `output ${i}`).toBeLessThanOrEqual(errors[i]);
  }
}

describe("no evaluation is further away than its rounding error", () => {
  it.each(NETWORKS)("in single precision, sums in any order: %s", (_, make) => {
    const model = lively(make(), 3);
    const inputs = inputsOf(model.network);
    const bounds = roundingErrors(model, inputs, [float32, CARELESS]);
    const source = random(7, "orders");
    for (const [i, input] of inputs.entries()) {
      const { outputs, errors } = bounds[i];
      for (let order = 0; order < 4; order++) {
        expectWithin(evaluatedInAnyOrder(model, input, NEAREST, source), outputs, errors[0]);
        const careless = evaluatedInAnyOrder(model, input, anyDirection(source), source);
        expectWithin(careless, outputs, errors[1]);
      }
      // Far from both what is not there and what everything would fit into.
      for (const [j, error] of errors[0].entries()) {
        expect(error).toBeGreaterThan(0);
        expect(error).toBeLessThan(2e-3 * Math.max(1, Math.abs(outputs[j])));
      }
    }
  });

  const backends: [string, string | null, () => Promise<Backend>][] = (
    ["float32", "float64"] as const
  ).flatMap((dtype) => [
    [`portable, ${dtype}`, null, () => createBackend("portable", { dtype })],
    [`native, ${dtype}`, problem, () => createBackend("native", { dtype, threads: 1 })],
  ]);
  it.for(backends)("on the %s backend", async ([, absent, open], { skip }) => {
    if (absent !== null) skip(absent);
    const backend = await open();
    for (const [, make] of NETWORKS) {
      const model = lively(make(), 4);
      const inputs = inputsOf(model.network);
      const bounds = roundingErrors(model, inputs, [IEEE[backend.dtype]]);
      const computed = await networkOutputs(backend, model, inputs);
      for (const [i, { outputs, errors }] of bounds.entries()) expectWithin(computed[i], outputs, errors[0]);
    }
    backend.dispose();
  });

  it("in exact arithmetic, of which doubles are within their own error", () => {
    const networks = [
      sequential([6], [linear(9), relu(), linear(8), relu(), linear(3)]),
      sequential([2, 5, 5], [conv2d(3, { kernel: 3 }), leakyRelu(0.25), flatten(), linear(3)]),
    ];
    for (const network of networks) {
      const model = lively(network, 5);
      const inputs = inputsOf(network);
      for (const [i, { outputs, errors }] of roundingErrors(model, inputs, [REAL, float64]).entries()) {
        const distances = exactOutputs(model, inputs[i], outputs);
        expectWithin(distances, new Float64Array(distances.length), errors[0]);
        for (const [j, error] of errors[0].entries()) {
          expect(error).toBeGreaterThan(0);
          expect(error).toBeLessThan(errors[1][j]);
          expect(error).toBeLessThan(1e-12);
        }
      }
    }
  });

  it("when batch norms are folded into the layers before", () => {
    const network = sequential([6], [linear(5), batchNorm(), relu(), linear(3), scaleShift(-7, 0.3)]);
    const model = lively(network, 6);
    const inputs = inputsOf(network, 20);
    const source = random(9, "folds");
    for (const [i, { outputs, errors }] of roundingErrors(model, inputs, [float32]).entries()) {
      const found = evaluatedInAnyOrder(folded(model), inputs[i], NEAREST, source);
      expectWithin(found, outputs, errors[0]);
    }
  });
});

/** The same function by two linear layers alone, with weights of single precision. */
function folded({ weights }: Model): Model {
  const of = (name: string) => Array.from(weights.get(name)!, Math.fround);
  const f = Math.fround;
  const [weight, bias, mean, variance] = ["weight", "bias", "mean", "variance"].map((name) =>
    of(`batch-norm1.${name}`),
  );
  const scale = weight.map((w, c) => f(w / f(Math.sqrt(f(variance[c] + f(1e-5))))));
  const network = sequential([6], [linear(5), relu(), linear(3)]);
  return {
    network,
    weights: new Map([
      ["linear1.weight", Float64Array.from(of("linear1.weight"), (w, i) => f(scale[Math.floor(i / 6)] * w))],
      [
        "linear1.bias",
        Float64Array.from(of("linear1.bias"), (b, c) => f(f(scale[c] * f(b - mean[c])) + bias[c])),
      ],
      ["linear2.weight", Float64Array.from(of("linear2.weight"), (w) => f(-7 * w))],
      ["linear2.bias", Float64Array.from(of("linear2.bias"), (b) => f(f(-7 * b) + f(0.3)))],
    ]),
  };
}

describe("the rounding error", () => {
  const one = (network: Network, weights: Record<string, number[]>, input: number[], formats = [float32]) => {
    const model = {
      network,
      weights: new Map(Object.entries(weights).map(([name, list]) => [name, Float64Array.from(list)])),
    };
    return roundingErrors(model, [Float64Array.from(input)], formats)[0];
  };

  it("is that of the sum's magnitudes, not of what is left of it", () => {
    const network = sequential([2], [linear(2)]);
    const big = 2 ** 25;
    const { outputs, sizes, errors } = one(
      network,
      { "linear1.weight": [1, big, 1, 0], "linear1.bias": [-big, -2] },
      [0.75, 1],
    );
    expect([...outputs]).toEqual([0.75, -1.25]);
    expect([...sizes]).toEqual([2 * big + 0.75, 2.75]);
    // 2²⁵ + 0.75 is 2²⁵ in single precision.
    expect(errors[0][0]).toBeGreaterThan(0.75);
    expect(errors[0][0]).toBeLessThan(accumulated(5, float32) * sizes[0]);
    expect(errors[0][1]).toBeLessThan(accumulated(4, float32) * sizes[1]);
  });

  it("is reached, but for a few roundings, by a sum that loses as much as it can", () => {
    const terms = 1000;
    // Each is less than half of what the last digit of 1 is worth.
    const small = Math.fround(2 ** -24 * 0.999);
    const weights = [1, ...Array<number>(terms).fill(small)];
    const network = sequential([terms + 1], [linear(1, { bias: false })]);
    const { outputs, errors } = one(
      network,
      { "linear1.weight": weights },
      weights.map(() => 1),
    );
    const inOrder = weights.reduce((sum, weight) => Math.fround(sum + weight), 0);
    expect(inOrder).toBe(1);
    const lost = outputs[0] - inOrder;
    expect(errors[0][0]).toBeGreaterThan(lost);
    expect(errors[0][0]).toBeLessThan(1.01 * lost);
  });

  it("is 0 where numbers are moved, and where an activation does not see it", () => {
    const network = sequential([1, 1, 2], [pad([0, 0, 0], [0, 0, 1], 0.5), relu()]);
    expect([...one(network, {}, [-1, 2]).errors[0]]).toEqual([0, 0, 0]);
    const saturated = sequential([1], [linear(1), hardtanh(-1, 1)]);
    const dead = sequential([1], [linear(1), relu()]);
    const weights = { "linear1.weight": [3], "linear1.bias": [0.1] };
    // The limits may be constants that are rounded, and taking them counts as a rounding of its own.
    expect(one(saturated, weights, [5]).errors[0][0]).toBeLessThan(2 ** -22);
    expect(one(dead, weights, [-5]).errors[0][0]).toBe(0);
    expect(one(dead, weights, [5]).errors[0][0]).toBeGreaterThan(0);
  });

  it("counts inputs and constants that single precision does not hold", () => {
    const network = sequential([1], [pad([0], [1], 0.1)]);
    const lost = Math.abs(Math.fround(0.1) - 0.1);
    expect(one(sequential([1], [flatten()]), {}, [0.5]).errors[0][0]).toBe(0);
    expect(one(sequential([1], [flatten()]), {}, [0.1]).errors[0][0]).toBeGreaterThanOrEqual(lost);
    expect(one(network, {}, [0.5]).errors[0][1]).toBeGreaterThanOrEqual(lost);
    expect([...one(network, {}, [0.1], [float64]).errors[0]].every((error) => error < 1e-16)).toBe(true);
    const bounded = sequential([1], [hardtanh(-0.1, 0.1)]);
    expect(one(bounded, {}, [3]).errors[0][0]).toBeGreaterThanOrEqual(lost);
  });

  it("is infinite where a sum may overflow, whatever is left of it, and behind", () => {
    const network = sequential([2], [linear(1), sigmoid()]);
    const weights = { "linear1.weight": [1e30, -1e30], "linear1.bias": [0] };
    const { outputs, errors } = one(network, weights, [1e9, 1e9], [float32, float64]);
    expect(outputs[0]).toBe(0.5);
    expect(errors[0][0]).toBe(Number.POSITIVE_INFINITY);
    expect(errors[1][0]).toBeLessThanOrEqual(1);
  });

  it("is not known of a layer that a user defined", () => {
    const layer = {
      kind: "custom",
      definition: { name: "mine", outputShape: () => [1], forward: () => undefined as never, dual: null },
      options: null,
    } as const;
    const run = () => one(sequential([1], [layer]), {}, [1]);
    expect(run).toThrow(UnsupportedOperatorError);
    expect(run).toThrow(/^mine1: the roundings of this layer are not known$/);
  });
});
