import { describe, expect, it } from "vitest";
import { boundPart, lowerBound } from "../../src/check/bounds.js";
import { type CheckedNetwork, checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { HintReader } from "../../src/formats/certificate/hints.js";
import type { ClaimedRegion } from "../../src/formats/certificate/region.js";
import { batchNorm, linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";
import { encodeNeurons, encodePlan } from "../../src/runs/certificates/encode-hints.js";
import { findHints } from "../../src/runs/certificates/find-hints.js";
import { compare, dyadic, minus, plus } from "../support/dyadic.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { exactNeurons, runNeurons } from "../support/run-neurons.js";

const EVALUATIONS = ["float32", "float32-ftz", "float64", "real"] as const;

/** How a machine of each kind may round; those that round in one direction only, by turns. */
const ROUNDINGS: Readonly<Record<(typeof EVALUATIONS)[number], ((value: number) => number)[]>> = {
  float32: [Math.fround],
  "float32-ftz": [upward, downward, (value) => flushed(Math.fround(value))],
  float64: [(value) => value],
  real: [(value) => value],
};

function flushed(value: number): number {
  return Math.abs(value) < 2 ** -126 ? 0 : value;
}

function upward(value: number): number {
  const nearest = Math.fround(value);
  return flushed(nearest >= value ? nearest : Math.fround(value + Math.abs(value) * 2 ** -24 + 2 ** -150));
}

function downward(value: number): number {
  return -upward(-value);
}

const networks = {
  ...LAYER_NETWORKS,
  ...Object.fromEntries([1, 2, 3, 4].map((seed) => [`random graph ${seed}`, () => randomGraph(seed)])),
};

/** A part that is bounded by hints as certificates have them. */
function bounded(network: CheckedNetwork, region: ClaimedRegion, choice: "parallel" | "adaptive") {
  const { listed, plan } = findHints(network, region, choice);
  const hints = new HintReader(network.layers, encodeNeurons(network, listed));
  return boundPart(network, region, hints.plan(encodePlan(network, listed, plan)));
}

/** A point of the region, often of its boundary. */
function pointOf({ lower, upper, ball }: ClaimedRegion, source: RandomSource): Float64Array {
  if (!ball) {
    return lower.map((low, i) => {
      const share = source.uniform();
      return share < 0.3 ? low : share > 0.7 ? upper[i] : low + share * (upper[i] - low);
    });
  }
  const { norm, centre, radius } = ball;
  const direction = centre.map(() => (norm === "l1" && source.uniform() < 0.5 ? 0 : source.normal()));
  const length =
    norm === "l2" ? Math.hypot(...direction) : direction.reduce((sum, own) => sum + Math.abs(own), 0);
  const scale = length > 0 ? (1 - 1e-12) / length : 0;
  return centre.map((x, i) => x + direction[i] * scale * radius[i]);
}

describe("bounds of the checker", () => {
  describe.each(EVALUATIONS)("in %s", (evaluation) => {
    it.each(Object.keys(networks))("hold of every neuron, however it is run: %s", (name) => {
      const model = lively(networks[name](), 3);
      const source = random(7, `${name}/${evaluation}`);
      const network = checkedNetwork(model, MACHINES[evaluation]);
      const x = Float64Array.from({ length: sizeOf(model.network.inputShape) }, () => source.uniform());
      for (const region of regionsAround(x)) {
        for (const choice of ["parallel", "adaptive"] as const) {
          const part = bounded(network, region, choice);
          for (let k = 0; k < 6; k++) {
            const point = pointOf(region, source);
            for (const round of ROUNDINGS[evaluation]) {
              const values = runNeurons(model, point, { round, source, isFused: k % 2 === 0 });
              const outside = values.findIndex((v, i) => !(part.lower[i] <= v && v <= part.upper[i]));
              expect(outside, `neuron ${outside}: ${values[outside]}`).toBe(-1);
              const { from } = network.layers[network.layers.length - 1];
              const terms = [
                { neuron: from, coefficient: 1 },
                { neuron: from + 1, coefficient: -0.7 },
              ];
              const bound = lowerBound(network, part, terms, 0.5);
              expect(bound).toBeLessThanOrEqual(values[from] - 0.7 * values[from + 1] + 0.5);
            }
          }
        }
      }
    });
  });

  it.each(Object.keys(LAYER_NETWORKS))("are those of a point where the region is one: %s", (name) => {
    const model = lively(LAYER_NETWORKS[name](), 3);
    const source = random(9, name);
    const x = Float64Array.from({ length: sizeOf(model.network.inputShape) }, () => source.uniform());
    const network = checkedNetwork(model, MACHINES.real);
    const part = bounded(network, { lower: x, upper: x }, "parallel");
    const values = runNeurons(model, x, { round: (value) => value, source, isFused: false });
    const widest = values.reduce((most, v, i) => Math.max(most, part.upper[i] - v, v - part.lower[i]), 0);
    expect(widest).toBeLessThan(2e-8);
  });

  it("of real arithmetic do not hold in float32: that is what the others have room for", () => {
    const model = lively(LAYER_NETWORKS.conv2d(), 3);
    const source = random(9, "conv2d");
    const x = Float64Array.from({ length: 72 }, () => source.uniform());
    const values = runNeurons(model, x, { round: Math.fround, source, isFused: false });
    const outside = (evaluation: "real" | "float32") => {
      const part = bounded(checkedNetwork(model, MACHINES[evaluation]), { lower: x, upper: x }, "parallel");
      return values.some((v, i) => !(part.lower[i] <= v && v <= part.upper[i]));
    };
    expect([outside("real"), outside("float32")]).toEqual([true, false]);
  });

  it("hold of batch norms that are folded into the layer before them, and of their other formulas", () => {
    const network = sequential([5], [linear(6), batchNorm(), relu(), linear(2)]);
    const { weights } = lively(network, 6);
    const source = random(11, "folded");
    const round = Math.fround;
    const of = (name: string) => Float64Array.from(weights.get(name) ?? [], round);
    const [weight, bias] = [of("linear1.weight"), of("linear1.bias")];
    const [gamma, beta, mean, variance] = ["weight", "bias", "mean", "variance"].map((own) =>
      of(`batch-norm1.${own}`),
    );
    const sum = (terms: number[]) => terms.reduce((before, term) => round(before + term), 0);
    const checked = checkedNetwork({ network, weights }, MACHINES.float32);
    for (let k = 0; k < 200; k++) {
      const x = Float64Array.from({ length: 5 }, () => round(100 * source.normal()));
      const part = bounded(checked, { lower: x, upper: x }, "parallel");
      const { from } = checked.layers.find(({ name }) => name === "batch-norm1")!;
      for (let c = 0; c < 6; c++) {
        const deviation = round(Math.sqrt(round(variance[c] + round(1e-5))));
        const scale = round(gamma[c] / deviation);
        const row = Array.from(x, (_, i) => weight[5 * c + i]);
        const plain = sum([...row.map((own, i) => round(own * x[i])), bias[c]]);
        const folded = [
          ...row.map((own, i) => round(round(own * scale) * x[i])),
          round(round(round(bias[c] - mean[c]) * scale) + beta[c]),
        ];
        const values = [
          sum(folded),
          round(round(round(round(plain - mean[c]) / deviation) * gamma[c]) + beta[c]),
          round(round(plain * scale) + round(beta[c] - round(mean[c] * scale))),
        ];
        for (const value of values) {
          expect(part.lower[from + c]).toBeLessThanOrEqual(value);
          expect(part.upper[from + c]).toBeGreaterThanOrEqual(value);
        }
      }
    }
  });

  it("hold in exact arithmetic, of sums that cancel", () => {
    for (let seed = 0; seed < 40; seed++) {
      const source = random(seed, "cancel");
      const model = cancelling(source);
      const network = checkedNetwork(model, MACHINES.real);
      const x = Float64Array.from({ length: 3 }, () => source.normal());
      const region = { lower: x.map((own) => own - 0.01), upper: x.map((own) => own + 0.01) };
      const part = bounded(network, region, "parallel");
      for (let k = 0; k < 10; k++) {
        const values = exactNeurons(model, pointOf(region, source));
        for (const [i, value] of values.entries()) {
          expect(compare(dyadic(part.lower[i]), value)).toBeLessThanOrEqual(0);
          expect(compare(value, dyadic(part.upper[i]))).toBeLessThanOrEqual(0);
        }
        const { from } = network.layers[network.layers.length - 1];
        const bound = lowerBound(
          network,
          part,
          [
            { neuron: from, coefficient: 1 },
            { neuron: from + 1, coefficient: -1 },
          ],
          0,
        );
        expect(compare(dyadic(bound), plus(values[from], minus(values[from + 1])))).toBeLessThanOrEqual(0);
      }
    }
  });
});

/** Boxes and balls of a few sizes. */
function regionsAround(x: Float64Array): ClaimedRegion[] {
  const box = (by: number) => ({ lower: x.map((own) => own - by), upper: x.map((own) => own + by) });
  const radius = x.map((_, i) => 0.05 * (i % 3));
  return [
    box(0),
    box(1e-3),
    box(0.05),
    { ...box(0.11), ball: { norm: "l2", centre: x, radius } },
    { ...box(0.11), ball: { norm: "l1", centre: x, radius } },
  ];
}

/** Large numbers that are added and taken away again. */
function cancelling(source: RandomSource): Model {
  const network = sequential([3], [linear(6), relu(), linear(5), relu(), linear(2)]);
  const weights = new Map(
    network.parameters.map(({ name, shape }) => [
      name,
      Float64Array.from({ length: sizeOf(shape) }, () =>
        source.uniform() < 0.3
          ? (source.uniform() < 0.5 ? 1 : -1) * 2 ** source.integer(40)
          : source.normal(),
      ),
    ]),
  );
  return { network, weights };
}
