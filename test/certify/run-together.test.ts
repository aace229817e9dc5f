import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { boundPart, lowerBound } from "../../src/check/bounds.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import {
  add,
  averagePool,
  batchNorm,
  flatten,
  leakyRelu,
  linear,
  normalize,
  scaleShift,
} from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import { type Model, uploadWeights } from "../../src/network/weights.js";

const { fround } = Math;
const filled = (count: number, value: number): Float64Array => new Float64Array(count).fill(value);

function modelOf(network: Network, entries: Readonly<Record<string, Iterable<number>>>): Model {
  const weights = Object.entries(entries).map(([name, values]): [string, Float64Array] => [
    name,
    Float64Array.from(values),
  ]);
  return { network, weights: new Map(weights) };
}

/** Σ terms in single precision, one after the other, on top of `start`. */
const onTop = (start: number, terms: readonly number[]): number =>
  terms.reduce((sum, term) => fround(sum + fround(term)), fround(start));

/** Where an evaluation gives class 1, and real arithmetic class 0. */
interface Case {
  readonly model: Model;
  readonly x: Float64Array;
  readonly evaluation: "float32" | "float32-ftz";
  /** Logit 0 less logit 1 as such a machine may compute them. */
  readonly machine: number;
  /** Whether nothing is certified in real arithmetic either. */
  readonly isUnknown?: true;
}

/** z = W x + r: a machine that adds the products to r rounds at r's size each time. */
function intoTheJoin(): Case {
  const [n, large, gap] = [200, 2 ** 20, 8];
  const network = graph([n], (x, attach) => attach(add(), attach(linear(2), x), attach(linear(2), x)));
  const model = modelOf(network, {
    "linear1.weight": [...filled(n, 0.06), ...filled(n, 0)],
    "linear1.bias": [0, 0],
    "linear2.weight": filled(2 * n, 0),
    "linear2.bias": [large, large + gap],
  });
  const machine = onTop(large, Array.from(filled(n, 0.06))) - onTop(large + gap, []);
  return { model, x: filled(n, 1), evaluation: "float32", machine };
}

/** Batch norm folded into the layer before: its shift is where that layer's sum begins. */
function intoTheBias(): Case {
  const [n, large, gap] = [2000, 2 ** 23, 700];
  const network = sequential([n], [linear(2, { bias: false }), batchNorm({ epsilon: 2 ** -10 })]);
  const model = modelOf(network, {
    "linear1.weight": [...filled(n, 1), ...filled(n, 0)],
    "batch-norm1.weight": [1, 1],
    "batch-norm1.bias": [large, large + gap],
    "batch-norm1.mean": [0, 0],
    "batch-norm1.variance": [1 - 2 ** -10, 1 - 2 ** -10],
  });
  const machine = onTop(large, Array.from(filled(n, 0.4))) - (large + gap);
  return { model, x: filled(n, fround(0.4)), evaluation: "float32", machine };
}

/** Scales that are folded one by one: each rounds the weights once more, and these all in one direction. */
function intoTheWeights(): Case {
  const scales: number[] = [];
  const first = [fround(1.3), fround(1.7)];
  let [a, b] = first;
  const off = (x: number): number => (fround(x) - x) / x;
  for (let k = 0; k < 30; k++) {
    let best = { by: -1, scale: 1 };
    for (let t = 0; t < 2000; t++) {
      const scale = fround(0.8 + t / 5000);
      const by = off(a * scale) - off(b * scale);
      if (by > best.by) best = { by, scale };
    }
    scales.push(best.scale);
    [a, b] = [fround(a * best.scale), fround(b * best.scale)];
  }
  const network = sequential([2], [linear(2), ...scales.map((scale) => scaleShift(scale, 0))]);
  const model = modelOf(network, {
    "linear1.weight": [-first[0], first[1], 0, 0],
    "linear1.bias": [0, 0],
  });
  // Real: b x₁ − a x₀ > 0; folded: below it.
  const x0 = fround(0.9);
  let x1 = fround((first[0] * x0) / first[1]);
  while (!(first[1] * x1 - first[0] * x0 > 20 * 2 ** -24)) x1 = fround(x1 * (1 + 2 ** -23));
  const machine = fround(fround(b * x1) - fround(a * x0));
  return { model, x: Float64Array.of(x0, x1), evaluation: "float32", machine };
}

/** (x − μ)/σ is subnormal before γ makes it large. */
function betweenScales(evaluation: Case["evaluation"], [x, gamma, sigma, second]: readonly number[]): Case {
  const epsilon = 2 ** -10;
  const network = sequential([1], [batchNorm({ epsilon }), linear(2)]);
  const large = evaluation === "float32" ? 2 ** 29 : 2 ** 26;
  const model = modelOf(network, {
    "batch-norm1.weight": [gamma],
    "batch-norm1.bias": [0],
    "batch-norm1.mean": [0],
    "batch-norm1.variance": [sigma ** 2 - epsilon],
    "linear1.weight": [large, 0],
    "linear1.bias": [0, second],
  });
  return { model, x: Float64Array.of(x), evaluation, machine: -second };
}

/** A value that single precision does not have, and a weight after it that makes it small again. */
function beyond(): Case {
  const network = sequential([1], [linear(1), leakyRelu(1e30), linear(2)]);
  const model = modelOf(network, {
    "linear1.weight": [fround(-2e10)],
    "linear1.bias": [0],
    "linear2.weight": [fround(1e-40), 0],
    "linear2.bias": [0, -2],
  });
  return { model, x: Float64Array.of(0.5), evaluation: "float32", machine: Number.NEGATIVE_INFINITY };
}

/** A mean within the numbers of single precision, of a sum that is not. */
function beyondInAMean(): Case {
  const layers = [
    scaleShift(fround(-0.64e38), 0),
    leakyRelu(3),
    averagePool({ kernel: 2 }),
    flatten(),
    linear(2),
  ];
  const model = modelOf(sequential([1, 2, 2], layers), {
    "linear1.weight": [fround(1e-38), fround(1e-40)],
    "linear1.bias": [0, -2],
  });
  return { model, x: filled(4, 0.5), evaluation: "float32", machine: Number.NEGATIVE_INFINITY };
}

/** Two scales that a machine folds into one another first, and takes the product for 0. */
function intoOneAnother(): Case {
  const layers = [linear(2), scaleShift(2 ** -63, 0), scaleShift(2 ** -64, [0, 0.125])];
  const model = modelOf(sequential([1], layers), {
    "linear1.weight": [2 ** 100, 0],
    "linear1.bias": [0, 0],
  });
  return { model, x: Float64Array.of(2 ** 25), evaluation: "float32-ftz", machine: -0.125 };
}

/** σ² + ε has few digits left. */
function fewDigits(): Case {
  const network = sequential([1], [batchNorm({ epsilon: 1.3 * 2 ** -149 }), linear(2)]);
  const rest = 1.07 / Math.sqrt(1.3);
  const model = modelOf(network, {
    "batch-norm1.weight": [1],
    "batch-norm1.bias": [0],
    "batch-norm1.mean": [0],
    "batch-norm1.variance": [0],
    "linear1.weight": [-(2 ** -74.5), 0],
    "linear1.bias": [0, -rest],
  });
  // −1 where ε is 2⁻¹⁴⁹, and −1/√1.3 as it is written.
  return { model, x: Float64Array.of(1), evaluation: "float32", machine: -1 + rest, isUnknown: true };
}

/** x − mean is beyond the largest number, (x − mean)/std is not. */
function beyondBeforeTheScale(): Case {
  const network = sequential([1], [normalize(3.2e38, 1e38), linear(2)]);
  const model = modelOf(network, { "linear1.weight": [1, 0], "linear1.bias": [0, -5] });
  return { model, x: Float64Array.of(-4e37), evaluation: "float32", machine: Number.NEGATIVE_INFINITY };
}

/** A divisor that is taken for 0. */
function dividedByNothing(): Case {
  const network = sequential([1], [normalize(0, 2 ** -127), linear(2)]);
  const model = modelOf(network, { "linear1.weight": [-1, 0], "linear1.bias": [0, -(2 ** 17) - 4000] });
  return {
    model,
    x: Float64Array.of(2 ** -110),
    evaluation: "float32-ftz",
    machine: Number.NEGATIVE_INFINITY,
  };
}

/** A shift folded into the layer after: its products are added up into the constant, with which the sum then begins. */
function intoTheNextBias(make: (shift: readonly number[]) => Layer): Case {
  const n = 400;
  // Each product is lost on top of 1 + 2⁻¹⁰ where it is added by itself.
  const small = fround(0.98 * 2 ** -24);
  const shift = [1 + 2 ** -10, ...filled(n, 1)];
  const gap = 20 * 2 ** -23;
  const network = sequential([n + 1], [make(shift), linear(2)]);
  const weight = [1, ...filled(n, small), 1, ...filled(n, -small)];
  const model = modelOf(network, {
    ...(network.nodes[1].layer?.kind === "batch-norm" && {
      "batch-norm1.weight": filled(n + 1, 1),
      "batch-norm1.bias": shift,
      "batch-norm1.mean": filled(n + 1, 0),
      "batch-norm1.variance": filled(n + 1, 1 - 2 ** -10),
    }),
    "linear1.weight": weight,
    "linear1.bias": [0, gap],
  });
  const rows = [weight.slice(1, n + 1), weight.slice(n + 2)];
  const [up, down] = rows.map((row, i) => onTop(onTop(shift[0], row) + i * gap, row));
  return { model, x: Float64Array.of(0, ...filled(n, 1)), evaluation: "float32", machine: up - down };
}

const CASES: readonly (readonly [string, () => Case])[] = [
  ["products added to the other branch of a join", intoTheJoin],
  ["batch norm folded into the layer before", intoTheBias],
  ["thirty scales folded one by one", intoTheWeights],
  ["a shift folded into the layer after", () => intoTheNextBias((shift) => scaleShift(1, shift))],
  ["batch norm folded into the layer after", () => intoTheNextBias(() => batchNorm({ epsilon: 2 ** -10 }))],
  [
    "batch norm that underflows on its way",
    () => betweenScales("float32", [31 * 2 ** -149, 2 ** 126, 64, 8]),
  ],
  [
    "batch norm whose small numbers are taken for 0",
    () => betweenScales("float32-ftz", [3.9 * 2 ** -126, 2 ** 102, 4, 1.5]),
  ],
  ["an activation beyond the largest number", beyond],
  ["the sum of a mean beyond the largest number", beyondInAMean],
  ["scales folded into one another first", intoOneAnother],
  ["a variance that has lost its digits", fewDigits],
  ["a difference beyond the largest number before it is scaled", beyondBeforeTheScale],
  ["a divisor that is taken for 0", dividedByNothing],
];

describe("layers that a machine runs as one", () => {
  it.each(CASES)("certify nothing that its rounding may break: %s", async (_, make) => {
    const { model, x, evaluation, machine, isUnknown } = make();
    expect(machine).toBeLessThan(0);
    for (const dtype of ["float32", "float64"] as const) {
      for (const method of ["parallel", "adaptive"] as const) {
        const backend = createPortableBackend({ dtype });
        const placed = { backend, network: model.network, parameters: uploadWeights(backend, model) };
        const certify = async (rounding: Case["evaluation"] | "real") => {
          const ball = { norm: "linf", epsilon: 0, box: null } as const;
          const { examples } = await certifyBatch(placed, { x }, { ...ball, method, rounding });
          return examples[0];
        };
        expect((await certify(evaluation)).certified).toBe(false);
        // In real arithmetic the answer is the other one.
        if (dtype === "float64") {
          expect(await certify("real")).toMatchObject({ certified: !isUnknown, prediction: 0 });
        }
      }
    }
  });

  it.each(CASES.slice(0, 5))("are not checked as valid: %s", (_, make) => {
    const { model, x } = make();
    const network = checkedNetwork(model, MACHINES.float32);
    const part = boundPart(network, { lower: x, upper: x }, null);
    const output = network.layers[network.layers.length - 1].from;
    const terms = [1, -1].map((coefficient, k) => ({ neuron: output + k, coefficient }));
    expect(lowerBound(network, part, terms, 0)).toBeLessThan(0);
    const real = checkedNetwork(model, MACHINES.real);
    const exact = boundPart(real, { lower: x, upper: x }, null);
    expect(lowerBound(real, exact, terms, 0)).toBeGreaterThan(0);
  });
});
