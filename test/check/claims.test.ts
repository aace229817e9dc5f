import { describe, expect, it } from "vitest";
import type { CheckedPart, Cut } from "../../src/check/bounds.js";
import { checkClaim, isEmpty, objectiveOf } from "../../src/check/claims.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { encodeNumbers } from "../../src/formats/certificate/numbers.js";
import type {
  CertificateRow,
  PropertyClaim,
  RobustClaim,
  TreeNode,
} from "../../src/formats/certificate/schema.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";

const numbers = (...values: number[]) => encodeNumbers(Float64Array.from(values));
const common = { model: "0".repeat(64), evaluation: "float64", neurons: {} } as const;

/** z = (x₀ + 1, x₁ + 1, x₀ − 2). */
const classifier = checkedNetwork(
  {
    network: sequential([2], [linear(3)]),
    weights: new Map([
      ["linear1.weight", Float64Array.of(1, 0, 0, 1, 1, 0)],
      ["linear1.bias", Float64Array.of(1, 1, -2)],
    ]),
  },
  MACHINES.float64,
);

describe("a claim of robustness", () => {
  /** Over |δ| ≤ 0.25: z₀ − z₁ ≥ 0.5, z₀ − z₂ ≥ 3. */
  const claim: RobustClaim = {
    ...{ kind: "robust", ...common, index: 0, data: "points", input: numbers(2, 1) },
    ...{ norm: "linf", epsilon: 0.25, box: null, prediction: 0, margins: [0, 0.49, 2.99], plan: {} },
  };
  const check = (change: Partial<RobustClaim>) => () => checkClaim(classifier, { ...claim, ...change });

  it("holds where every other margin is above 0 and no less than claimed", () => {
    expect(check({})).not.toThrow();
    // At the prediction nothing is claimed.
    expect(check({ margins: [99, 0.49, -7] })).not.toThrow();
    expect(check({ input: numbers(1, 2), prediction: 1, margins: [0.49, 0, 3.49] })).not.toThrow();
    expect(check({ margins: [0, 0.51, 2] })).toThrow("margin of class 1: expected above 0 and at least 0.51");
    expect(check({ margins: [0, 0.4, 3.01] })).toThrow(
      "margin of class 2: expected above 0 and at least 3.01",
    );
  });

  it("does not hold with margins of 0 or less, claimed or not", () => {
    const message = "margin of class 1: expected above 0";
    expect(check({ epsilon: 0.5, margins: [0, 0, 2] })).toThrow(message);
    expect(check({ epsilon: 0.5, margins: [0, -1, 2] })).toThrow(message);
    expect(check({ epsilon: 0.75, margins: [0, -9, 1] })).toThrow(message);
    expect(check({ prediction: 1, margins: [-2, 0, -9] })).toThrow("margin of class 0: expected above 0");
  });

  it("is about as many classes as the network has", () => {
    expect(check({ margins: [0, 0.4] })).toThrow("expected margins of 3 classes, found 2 of 0");
    expect(check({ margins: [0, 0.4, 2, 1] })).toThrow("expected margins of 3 classes, found 4 of 0");
    expect(check({ prediction: 3 })).toThrow("expected margins of 3 classes, found 3 of 3");
    expect(check({ prediction: 7 })).toThrow("found 3 of 7");
  });

  it("holds by exactly what the bound is, and by nothing more", () => {
    let found = 0;
    try {
      check({ margins: [0, 1, 0] })();
    } catch (error) {
      found = Number(/found (.*)$/.exec((error as Error).message)?.[1]);
    }
    expect(found).toBeCloseTo(0.5, 9);
    expect(check({ margins: [0, found, 0] })).not.toThrow();
    expect(check({ margins: [0, found * (1 + 2 ** -52), 0] })).toThrow("margin of class 1");
  });
});

describe("the objective of a leaf", () => {
  it("is its rows by their shares, less its decisions by their multipliers", () => {
    const rows = [
      { terms: [[0, 2] as [number, number], [1, -3] as [number, number]], bound: 5 },
      { terms: [[1, 7] as [number, number]], bound: -11 },
    ];
    const cuts: Cut[] = [
      { neuron: 1, sign: 1, value: 13 },
      { neuron: 2, sign: -1, value: 17 },
      { neuron: 3, sign: 1, value: 19 },
    ];
    const { terms, constant } = objectiveOf({ shares: [0.5, 0.25], multipliers: [2, 4] }, cuts, rows, 10);
    expect(terms).toEqual([
      { neuron: 10, coefficient: 1 },
      { neuron: 11, coefficient: -1.5 },
      { neuron: 11, coefficient: 1.75 },
      { neuron: 1, coefficient: -2 },
      { neuron: 2, coefficient: 4 },
      { neuron: 3, coefficient: -0 },
    ]);
    const exact = -0.5 * 5 + 0.25 * 11 + 2 * 13 - 4 * 17;
    expect(constant).toBeLessThan(exact);
    expect(constant).toBeCloseTo(exact, 11);
    const plain = objectiveOf({ shares: [1, 1] }, cuts, rows, 10).constant;
    expect(plain).toBeLessThan(6);
    expect(plain).toBeCloseTo(6, 11);
  });
});

describe("a part", () => {
  const part = { lower: Float64Array.of(9, -1), upper: Float64Array.of(9, 2) } as CheckedPart & object;
  const empty = (...cuts: [sign: 1 | -1, value: number][]) =>
    isEmpty(
      part,
      cuts.map(([sign, value]) => ({ neuron: 1, sign, value })),
    );

  it("is empty where a decision puts a neuron beyond its bounds, and not where it touches them", () => {
    expect([empty([1, 2.5]), empty([-1, -1.5]), empty([1, 0], [1, 2.5])]).toEqual([true, true, true]);
    expect([empty([1, 2]), empty([-1, -1]), empty([1, -5]), empty([-1, 5]), empty()]).toEqual([
      ...[false, false, false, false, false],
    ]);
  });
});

describe("a tree", () => {
  /** y = relu(x). */
  const network = checkedNetwork(
    {
      network: sequential([1], [linear(1), relu(), linear(1)]),
      weights: new Map([
        ["linear1.weight", Float64Array.of(1)],
        ["linear1.bias", Float64Array.of(0)],
        ["linear2.weight", Float64Array.of(1)],
        ["linear2.bias", Float64Array.of(0)],
      ]),
    },
    MACHINES.float64,
  );
  const check =
    (tree: TreeNode[], bound: number, row: Partial<CertificateRow> = {}) =>
    () => {
      const claim: PropertyClaim = {
        ...{ kind: "property", ...common, lower: numbers(-1), upper: numbers(1), plans: [{}] },
        cases: [{ rows: [{ terms: [[0, 1]], bound, ...row }], tree }],
      };
      checkClaim(network, claim);
    };
  const at = (layer: string, value: number) => ({ layer, neuron: 0, at: value });
  const proof = { shares: [1] };

  it("needs no proof of a part that no input is in", () => {
    const nothing = { shares: [0] };
    expect(check([nothing], -1.5)).toThrow("part 0");
    expect(check([at("relu1", 1.5), proof, nothing], -1)).not.toThrow();
    expect(check([at("relu1", -1.5), nothing, proof], -1)).not.toThrow();
    expect(check([at("relu1", 0.5), proof, nothing], -1)).toThrow("part 2: expected a bound above 0");
    expect(check([at("relu1", -0.5), nothing, proof], -1)).toThrow("part 1: expected a bound above 0");
  });

  it("has its decisions taken into account as they are, whatever their value", () => {
    // Above 0.5 y is x, which is at least −1 in the region; that it is at least 0.5 the multiplier says.
    const above = { shares: [1], multipliers: [1] };
    expect(check([at("relu1", 0.5), proof, above], -0.35)).not.toThrow();
    expect(check([at("relu1", 0.5), proof, proof], -0.35)).toThrow(
      "part 2: expected a bound above 0, found -0.65",
    );
    // Below 0.5 y is above x/3, no more.
    expect(check([at("relu1", 0.5), proof, above], -0.3)).toThrow(
      "part 1: expected a bound above 0, found -0.03",
    );
  });

  it("leaves no part out, and has rows of outputs that there are", () => {
    const message = "1 parts of the region are missing";
    expect(check([at("relu1", 0.5), proof], -1)).toThrow(message);
    expect(check([at("relu1", 0.5), proof, proof, proof], -1.1)).toThrow("part 3: expected no more parts");
    expect(check([proof], -9, { terms: [[1, 1]] })).toThrow("expected outputs below 1 in order, found 1");
  });

  it("goes by plans that there are", () => {
    const planned = (plan: number) => [{ ...proof, plan }];
    expect(check(planned(0), -1)).not.toThrow();
    expect(check(planned(1), -1)).toThrow("part 0: expected no more parts, decisions or plans");
  });

  it("may have 512 decisions on one way, and no more", () => {
    const deep = (count: number): TreeNode[] => [
      ...Array.from({ length: count }, () => [at("input", -0.5), proof]).flat(),
      proof,
    ];
    expect(check(deep(512), -9)).not.toThrow();
    expect(check(deep(513), -9)).toThrow("part 1025: expected no more parts, decisions");
  });
});
