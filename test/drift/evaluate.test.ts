import { describe, expect, it } from "vitest";
import { random } from "../../src/compute/random.js";
import { FloatModel } from "../../src/drift/evaluate.js";
import { FLOAT32, FLOAT64, fusedMultiplyAdd } from "../../src/drift/float-format.js";
import { observeDrift } from "../../src/drift/observe.js";
import { waysOf } from "../../src/drift/summation.js";
import { linear } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { randomExamples } from "../support/bounds.js";
import { FLOAT32 as ORACLE } from "../support/float-orders/arithmetic.js";
import { FloatNetwork } from "../support/float-orders/evaluate.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";
import { plainNetwork } from "../support/plain-network.js";

const NETWORKS = [
  ...Object.entries(LAYER_NETWORKS),
  ...Array.from({ length: 4 }, (_, seed) => [`random graph ${seed}`, () => randomGraph(seed)] as const),
];

describe("fusedMultiplyAdd", () => {
  it("rounds once, as the oracle does", () => {
    const source = random(3, "fused");
    for (let i = 0; i < 20_000; i++) {
      const spread = i % 3 === 0 ? 60 : 4;
      const number = () => Math.fround(source.normal() * 2 ** Math.floor((source.uniform() - 0.5) * spread));
      const [a, b] = [number(), number()];
      // Sums near the middle between two numbers, and sums that cancel.
      const c = [number(), Math.fround(-a * b), Math.fround(a * b * 2 ** 24), Math.fround(2 ** 24 * b)][
        i % 4
      ];
      expect(fusedMultiplyAdd(a, b, c)).toBe(ORACLE.fused(a, b, c));
    }
    expect(fusedMultiplyAdd(2 ** -24 * (1 + 2 ** -23), 1, 1)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd(2 ** -24 * (1 - 2 ** -24), 1, 1)).toBe(1);
    expect(fusedMultiplyAdd(2 ** -40, 2 ** -40, 1 + 2 ** -23)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd(2 ** -12 * (1 + 2 ** -20), 2 ** -12 * (1 + 2 ** -20), 1)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd(2, 3, -6)).toBe(0);
    expect(fusedMultiplyAdd(3e38, 10, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("evaluations", () => {
  it("are each order, with fused multiply-adds and without", () => {
    expect(waysOf(FLOAT32).length).toBe(10);
    expect(waysOf(FLOAT32).filter(({ fused }) => fused).length).toBe(5);
    expect(waysOf(FLOAT64).every(({ fused }) => !fused)).toBe(true);
  });

  it.each(NETWORKS)("of %s are those of an oracle, bit by bit", (_name, make) => {
    const model = lively(make(), 4);
    const x = randomExamples(model.network, 1, 6);
    const plain = plainNetwork(model);
    const float = new FloatModel(model, FLOAT32);
    for (const way of waysOf(FLOAT32)) {
      const { order, fused, bias } = way;
      const oracle = new FloatNetwork(
        plain,
        {
          name: "oracle",
          arithmetic: ORACLE,
          order:
            order.kind === "stored" || order.kind === "reversed"
              ? { kind: "sequence", sequence: order.kind }
              : order.kind === "tree"
                ? { kind: "pairwise" }
                : order,
          ...{ fused, bias, norms: "formula" },
        },
        random(1),
      );
      const plainWay = { ...way, norms: "formula" } as const;
      expect(float.logits(x, plainWay)).toEqual(oracle.outputs(x, new Float64Array(x.length)));
    }
  });

  it("differ in single precision by far more than in double", () => {
    const model = lively(sequential([200], [linear(3)]), 1);
    const x = randomExamples(model.network, 1, 1);
    const [single, double] = [FLOAT32, FLOAT64].map((format) =>
      Math.max(...observeDrift(new FloatModel(model, format), x)),
    );
    expect(double).toBeGreaterThan(0);
    expect(single).toBeGreaterThan(1e6 * double);
  });
});
