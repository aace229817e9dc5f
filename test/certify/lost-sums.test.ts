import { describe, expect, it } from "vitest";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { linear, relu, scaleShift } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { type Model, uploadWeights } from "../../src/network/weights.js";
import type { Evaluation } from "../../src/threat/evaluation.js";

const f = Math.fround;
const TERMS = 1000;
/** Less than half of what the last digit of 1 is worth: added to 1 one by one, they are lost; among themselves they are not. */
const SMALL = f(2 ** -24 * 0.999);

/** In single precision, from the last input to the first or the other way round. */
function summed(weights: readonly number[], from: "first" | "last"): number {
  const order = from === "first" ? weights : [...weights].reverse();
  return order.reduce((sum, weight) => f(sum + weight), 0);
}

/** The margin of class 0 at an input of ones, between lines of either kind, and whether it is certified. */
async function certified({ network, weights }: Model, evaluation: Evaluation, dtype: "float32" | "float64") {
  const backend = createPortableBackend({ dtype });
  const parameters = uploadWeights(backend, { network, weights });
  const x = new Float64Array(network.inputShape[0]).fill(1);
  const found: boolean[] = [];
  for (const method of ["parallel", "adaptive"] as const) {
    const ball = { norm: "linf", epsilon: 0, box: null } as const;
    const options = { ...ball, method, rounding: evaluation, against: "label" } as const;
    const { examples } = await certifyBatch(
      { backend, network, parameters },
      { x, labels: Int32Array.of(0) },
      options,
    );
    found.push(examples[0].certified);
  }
  return found;
}

function modelOf(
  network: Network,
  rows: readonly (readonly number[])[],
  further: Record<string, number[]> = {},
): Model {
  const lists = { "linear1.weight": rows.flat(), "linear1.bias": rows.map(() => 0), ...further };
  return {
    network,
    weights: new Map(Object.entries(lists).map(([name, list]) => [name, Float64Array.from(list)])),
  };
}

/** 1 and so many small numbers; 1 and a tenth fewer. */
const FEWER = 900;
const first = [1, ...Array<number>(TERMS).fill(SMALL)];
const second = [1, ...Array.from({ length: TERMS }, (_, i) => (i < FEWER ? SMALL : 0))];

describe("sums that lose as much as they can", () => {
  it("turn the answer round, if they are taken in an order for it", () => {
    expect(summed(first, "first")).toBe(1);
    expect(summed(second, "last")).toBeGreaterThan(1);
  });

  it.each<[string, Network, Record<string, number[]>]>([
    ["alone", sequential([TERMS + 1], [linear(2)]), {}],
    ["behind which numbers are scaled", sequential([TERMS + 1], [linear(2), scaleShift([3, 3], 0.5)]), {}],
    [
      "behind an activation",
      sequential([TERMS + 1], [linear(2), relu(), linear(2)]),
      { "linear2.weight": [1, 0, 0, 1], "linear2.bias": [0, 0] },
    ],
    [
      "to which another matrix is applied",
      sequential([TERMS + 1], [linear(2), linear(2)]),
      { "linear2.weight": [1, -1, -1, 1], "linear2.bias": [0, 0] },
    ],
  ])("prove nothing in single precision, and something in double: %s", async (_, network, further) => {
    const model = modelOf(network, [first, second], further);
    for (const dtype of ["float32", "float64"] as const) {
      for (const evaluation of ["float32", "float32-ftz"] as const) {
        expect(await certified(model, evaluation, dtype)).toEqual([false, false]);
      }
    }
    for (const evaluation of ["float64", "real"] as const) {
      expect(await certified(model, evaluation, "float64")).toEqual([true, true]);
    }
  });

  it("are told from those whose margin is beyond all that they may lose", async () => {
    // A hundred small numbers in each, of which all may be lost, and six times as much between both.
    const between = f(6 * 100 * SMALL);
    const row = (value: number) => [value, ...Array<number>(100).fill(SMALL)];
    const network = sequential([101], [linear(2)]);
    const model = modelOf(network, [row(f(1 + between)), row(1)]);
    expect(await certified(model, "float32", "float64")).toEqual([true, true]);
  });

  it("prove nothing where large numbers cancel", async () => {
    const big = 2 ** 24;
    const network = sequential([3], [linear(2)]);
    // (2²⁴ + 1) − 2²⁴ is 0 in single precision, and the other class has 0.5.
    const rows = [
      [big, 1, -big],
      [0, 0.5, 0],
    ];
    expect(f(f(big + 1) - big)).toBe(0);
    const model = modelOf(network, rows);
    for (const dtype of ["float32", "float64"] as const) {
      expect(await certified(model, "float32", dtype)).toEqual([false, false]);
    }
    expect(await certified(model, "real", "float64")).toEqual([true, true]);
    // Apart they cancel as they should.
    const apart = modelOf(network, [
      [2 ** 10, 1, -(2 ** 10)],
      [0, 0.5, 0],
    ]);
    expect(await certified(apart, "float32", "float64")).toEqual([true, true]);
  });
});
