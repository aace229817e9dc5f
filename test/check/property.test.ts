import { describe, expect, it } from "vitest";
import { checkClaim } from "../../src/check/claims.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { random } from "../../src/compute/random.js";
import type { CertificateRow, PropertyClaim, TreeNode } from "../../src/formats/certificate/schema.js";
import { linear, maxPool, relu, reshape, tanh } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import type { Model } from "../../src/network/weights.js";
import { findHints } from "../../src/runs/certificates/find-hints.js";
import type { ProofPlan, ProofTree } from "../../src/runs/certificates/proof.js";
import { propertyClaim } from "../../src/runs/certificates/property-claim.js";
import { lively } from "../support/networks.js";
import { outputsOf, planeNetwork, vertices } from "./plane.js";

const MODEL = "0".repeat(64);

/** y = relu(x) + relu(−x − gap). */
function kinks(gap: number): Model {
  const network = sequential([1], [linear(2), relu(), linear(1)]);
  const weights = new Map([
    ["linear1.weight", Float64Array.of(1, -1)],
    ["linear1.bias", Float64Array.of(0, -gap)],
    ["linear2.weight", Float64Array.of(1, 1)],
    ["linear2.bias", Float64Array.of(0)],
  ]);
  return { network, weights };
}

const NOTHING: ProofPlan = { rows: new Map(), slopes: new Map() };
const leaf = (own: Omit<Extract<ProofTree, { kind: "leaf" }>, "kind"> = {}): ProofTree => ({
  kind: "leaf",
  ...own,
});

function claimOf(model: Model, rows: CertificateRow[], tree: ProofTree, half = 1): PropertyClaim {
  const network = checkedNetwork(model, MACHINES.float64);
  const inputs = model.network.inputShape[0];
  const lower = new Float64Array(inputs).fill(-half);
  const upper = new Float64Array(inputs).fill(half);
  return propertyClaim({
    ...{ network, model: MODEL, evaluation: "float64", lower, upper },
    listed: findHints(network, { lower, upper }, "parallel").listed,
    cases: [{ rows, tree }],
  });
}

/** All splits at another value. */
function withAt(tree: TreeNode[], at: number): TreeNode[] {
  return tree.map((node) => ("at" in node ? { ...node, at } : node));
}

/** Splits of one part after the other. */
function deep(count: number): TreeNode[] {
  const side: TreeNode[] = [{ layer: "input", neuron: 0, at: -0.5 }, { shares: [1] }];
  return Array.from({ length: count }, () => side).flat();
}

/** y ≤ bound is not met. */
const above = (bound: number): CertificateRow[] => [{ terms: [[0, 1]], bound }];
const split = (neuron: number, value: number, below: ProofTree, over: ProofTree): ProofTree => ({
  ...{ kind: "neuron", node: 2, neuron, value },
  ...{ below, above: over },
});

describe("claims about properties", () => {
  it("are proved by halving inputs, where bounds over the whole box do not do", () => {
    const model = kinks(0.5);
    expect(() => claimOf(model, above(-0.3), leaf())).toThrow(
      "part 0: expected a bound above 0, found -0.07",
    );
    const right: ProofTree = { kind: "input", input: 0, value: 0, below: leaf(), above: leaf() };
    const tree: ProofTree = { kind: "input", input: 0, value: -0.5, below: leaf(), above: right };
    expect(claimOf(model, above(-1e-9), tree).cases[0].tree).toHaveLength(5);
    expect(() => claimOf(model, above(0), tree)).toThrow("part 1: expected a bound above 0, found -");
  });

  it("are proved by deciding neurons, with a multiplier for each decision", () => {
    const model = kinks(0.5);
    const tree = (multiplier: number): ProofTree =>
      split(
        0,
        0,
        split(1, 0, leaf(), leaf({ multipliers: [0, multiplier] })),
        split(1, 0, leaf({ multipliers: [1] }), leaf({ multipliers: [1, 1] })),
      );
    expect(() => claimOf(model, above(-1e-9), tree(1))).not.toThrow();
    expect(() => claimOf(model, above(-1e-9), tree(0.9))).toThrow("part 3: expected a bound above 0");
    expect(() => claimOf(model, above(1e-9), tree(1))).toThrow("part 2: expected a bound above 0");
  });

  it("take a leaf that has no point for proved by its multipliers alone", () => {
    // x ≥ 0 and −x − 0.5 ≥ 0 have no point in common: their sum is 0.5 below 0.
    const row = above(-0.3);
    const tree = (empty: ProofTree) =>
      split(
        0,
        0,
        leaf({ shares: [1], multipliers: [0.25] }),
        split(1, 0, leaf({ shares: [1], multipliers: [1] }), empty),
      );
    const proof = leaf({ shares: [0], multipliers: [1, 1] });
    expect(() => claimOf(kinks(0.5), row, tree(proof))).not.toThrow();
    const message = "part 4: expected a bound above 0";
    const half = leaf({ shares: [0], multipliers: [1, 0] });
    expect(() => claimOf(kinks(0.5), row, tree(half))).toThrow(message);
    expect(() => claimOf(kinks(0.5), row, tree(leaf({ shares: [0] })))).toThrow(message);
    // Where they have one, at 0, nothing proves that they have none.
    expect(() => claimOf(kinks(0), row, tree(proof))).toThrow(message);
  });

  it.each([
    [
      "the last part is missing",
      (tree: TreeNode[]) => tree.slice(0, -1),
      "1 parts of the region are missing",
    ],
    [
      "a part in between is missing",
      (tree: TreeNode[]) => tree.toSpliced(1, 1),
      "1 parts of the region are missing",
    ],
    [
      "both sides of a split are missing",
      (tree: TreeNode[]) => tree.slice(0, 3),
      "2 parts of the region are missing",
    ],
    [
      "a part is too much",
      (tree: TreeNode[]) => [...tree, { shares: [1] }],
      "part 5: expected no more parts",
    ],
    ["there is but a split", ([first]: TreeNode[]) => [first], "2 parts of the region are missing"],
    ["splits are moved", (tree: TreeNode[]) => withAt(tree, -0.4), "above 0, found -"],
    [
      "a plan is missing",
      ([first, ...rest]: TreeNode[]) => [{ ...first, plan: 0 }, ...rest],
      "part 0: expected no more parts",
    ],
    ["a leaf has no shares", (tree: TreeNode[]) => tree.with(4, { shares: [] }), "above 0, found NaN"],
    [
      "a layer is none",
      (tree: TreeNode[]) => tree.with(0, { layer: "linear1", neuron: 0, at: 0 }),
      "expected an activation",
    ],
    [
      "a neuron is none",
      (tree: TreeNode[]) => tree.with(0, { layer: "relu1", neuron: 2, at: 0 }),
      "below 2, found 2",
    ],
    [
      "an input is none",
      (tree: TreeNode[]) => tree.with(0, { layer: "input", neuron: 1, at: 0 }),
      "below 1, found 1",
    ],
    ["a value is huge", (tree: TreeNode[]) => withAt(tree, 1e300), "above 0, found -"],
    ["decisions are too many", () => deep(600), "expected no more parts, decisions"],
  ])("are refused where %s", (_, change, message) => {
    const model = kinks(0.5);
    const right: ProofTree = { kind: "input", input: 0, value: 0, below: leaf(), above: leaf() };
    const root: ProofTree = { kind: "input", input: 0, value: -0.5, below: leaf(), above: right };
    const claim = claimOf(model, above(-1e-9), root);
    const network = checkedNetwork(model, MACHINES.float64);
    expect(() => checkClaim(network, claim)).not.toThrow();
    const [{ rows, tree }] = claim.cases;
    const changed = { ...claim, cases: [{ rows, tree: change(tree) }] };
    expect(() => checkClaim(network, changed)).toThrow(message);
  });

  it.each([
    [
      "outputs that the network has not",
      [{ terms: [[1, 1]], bound: -9 }],
      "expected outputs below 1 in order, found 1",
    ],
    [
      "an output twice",
      [
        {
          terms: [
            [0, 1],
            [0, 1],
          ],
          bound: -9,
        },
      ],
      "expected outputs below 1 in order, found 0",
    ],
    ["no rows", [], "above 0, found -"],
    ["huge coefficients", [{ terms: [[0, 1e308]], bound: -1e308 }], "above 0, found "],
  ] as [string, CertificateRow[], string][])("are refused with rows of %s", (_, rows, message) => {
    const claim = claimOf(kinks(0.5), above(-9), leaf());
    const changed = { ...claim, cases: [{ rows, tree: [{ shares: rows.map(() => 4) }] }] };
    expect(() => checkClaim(checkedNetwork(kinks(0.5), MACHINES.float64), changed)).toThrow(message);
  });

  it("are refused over an empty box", () => {
    const claim = claimOf(kinks(0.5), above(-9), leaf());
    const empty = { ...claim, lower: { float32: "AAAAQA==" } };
    expect(() => checkClaim(checkedNetwork(kinks(0.5), MACHINES.float64), empty)).toThrow(
      "the region is empty",
    );
  });

  it("do not let bounds that contradict each other prove anything by themselves", () => {
    // Above 0.9 the first neuron is decided to be below 0.2: the bounds cross, and y ≤ 5 is met nowhere only in an empty part.
    const model = kinks(0);
    const inner = split(0, 0.2, leaf(), leaf());
    const tree: ProofTree = { kind: "input", input: 0, value: 0.9, below: leaf(), above: inner };
    expect(() => claimOf(model, above(5), tree)).toThrow("above 0");
  });

  it("go by plans with rows and slopes of their own, for the whole tree or for a part of it", () => {
    const source = random(4, "plans");
    const network = sequential([2], [linear(6), relu(), linear(5), relu(), linear(2)]);
    const model = lively(network, 8);
    const checked = checkedNetwork(model, MACHINES.float64);
    const region = { lower: Float64Array.of(-1, -1), upper: Float64Array.of(1, 1) };
    const { listed } = findHints(checked, region, "parallel");
    const [first, second] = [...listed];
    const rowSlopes = Float64Array.from({ length: 2 * second[1].length * first[1].length }, () =>
      source.uniform(),
    );
    const slopes = new Map([[first[0], { lower: first[1].map(() => 1) }]]);
    const own: ProofPlan = { rows: new Map([[second[0], { slopes: rowSlopes }]]), slopes };
    const wide = { terms: [[0, 1] as [number, number]], bound: -50 };
    const tree: ProofTree = {
      ...{ kind: "input", input: 0, value: 0.25, plan: own },
      below: leaf({
        plan: { rows: new Map([[second[0], {}]]), slopes: new Map([[first[0], { lower: "adaptive" }]]) },
      }),
      above: leaf({ slopes: new Map([[second[0], { upper: second[1].map(() => 0.5) }]]) }),
    };
    const subject = { network: checked, model: MODEL, evaluation: "float64" as const, ...region, listed };
    const claim = propertyClaim({ ...subject, cases: [{ rows: [wide], tree }] });
    expect(claim.plans).toHaveLength(2);
    expect(Buffer.from(claim.plans[0].relu2.rowSlopes ?? "", "base64")).toHaveLength(rowSlopes.length);
    expect(claim.cases[0].tree[2]).toMatchObject({ shares: [1], lines: { relu2: {} } });
    // The same bytes give the same bounds.
    expect(() => checkClaim(checked, claim)).not.toThrow();
    const simpler = [leaf({ plan: { rows: new Map([[second[0], {}]]), slopes: new Map() } })];
    const short = propertyClaim({ ...subject, cases: [{ rows: [wide], tree, simpler }] });
    expect([short.plans, short.cases[0].tree]).toEqual([
      [{ relu2: { rows: true } }],
      [{ plan: 0, shares: [1] }],
    ]);
    expect(() => checkClaim(checked, short)).not.toThrow();
  });

  it("are written as a simpler tree only where that proves the case", () => {
    const model = kinks(1);
    const network = checkedNetwork(model, MACHINES.float64);
    const region = { lower: Float64Array.of(-1), upper: Float64Array.of(1) };
    const { listed } = findHints(network, region, "parallel");
    const [[node]] = [...listed];
    const tree: ProofTree = {
      ...{ kind: "neuron", node, neuron: 0, value: 0, plan: NOTHING },
      ...{ below: leaf(), above: leaf({ shares: [1], multipliers: [1] }) },
    };
    const simpler = [leaf({ plan: { rows: new Map(), slopes: new Map() } })];
    const claim = (bound: number) =>
      propertyClaim({
        ...{ network, model: MODEL, evaluation: "float64", ...region, listed },
        cases: [{ rows: above(bound), tree, simpler }],
      });
    // Either way 0 is the plan, the only one that is left.
    expect(claim(-2).cases[0].tree).toEqual([{ plan: 0, shares: [1] }]);
    expect(() => claimOf(model, above(-0.001), simpler[0])).toThrow("above 0");
    expect([claim(-0.001).plans, claim(-0.001).cases[0].tree.length]).toEqual([[{}], 3]);
  });

  it("hold for max pooling, which is taken apart into ReLUs, and for curves", () => {
    const network = sequential(
      [4],
      [linear(8), tanh(), reshape([2, 2, 2]), maxPool({ kernel: 2 }), reshape([2]), linear(2)],
    );
    const model = lively(network, 5);
    const rows: CertificateRow[] = [{ terms: [[0, 1]], bound: -20 }];
    const tree: ProofTree = { kind: "input", input: 3, value: 0, below: leaf(), above: leaf() };
    expect(() => claimOf(model, rows, tree)).not.toThrow();
  });

  it("are true where they are accepted: trees at random, against the exact least value", () => {
    let accepted = 0;
    for (let seed = 0; seed < 60; seed++) {
      const source = random(seed, "trees");
      const model = planeNetwork(source, 4, 2);
      const box = [
        [-1, -1],
        [1, 1],
      ] as const;
      const row: [number, number][] = [
        [0, 1],
        [1, -1],
      ];
      const least = Math.min(
        ...vertices(model, box).map((point) => {
          const [a, b] = outputsOf(model, point);
          return a - b;
        }),
      );
      const randomTree = (depth: number): ProofTree => {
        if (depth === 0) {
          return leaf(
            source.uniform() < 0.8 ? {} : { multipliers: [0, 0, 0, 0].map(() => source.uniform()) },
          );
        }
        const value = source.normal() * 0.3;
        const sides = { value, below: randomTree(depth - 1), above: randomTree(depth - 1) };
        return source.uniform() < 0.5
          ? { kind: "input", input: source.integer(2), ...sides }
          : { kind: "neuron", node: 2, neuron: source.integer(4), ...sides };
      };
      for (const under of [2, 1, 0.3, 0.01, -0.01, -0.3]) {
        try {
          claimOf(model, [{ terms: row, bound: least - under }], { ...randomTree(4), plan: NOTHING });
        } catch (error) {
          expect((error as Error).message).toMatch(/above 0/);
          continue;
        }
        accepted += 1;
        expect(under).toBeGreaterThan(0);
      }
    }
    expect(accepted).toBeGreaterThan(40);
  });
});
