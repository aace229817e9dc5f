import { describe, expect, it } from "vitest";
import { random } from "../../../src/compute/random.js";
import { batchNorm, conv2d, flatten, linear, scaleShift } from "../../../src/network/build-layer.js";
import { type Network, sequential } from "../../../src/network/network.js";
import { sizeOf } from "../../../src/network/shape.js";
import type { Model } from "../../../src/network/weights.js";
import { randomExamples } from "../bounds.js";
import { toNumber } from "../exact/dyadic.js";
import { enclose, endsOf } from "../exact/enclosure.js";
import { evaluateExactly } from "../exact/evaluate.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../networks.js";
import { plainNetwork } from "../plain-network.js";
import { FLOAT32, FLOAT64 } from "./arithmetic.js";
import { FloatNetwork } from "./evaluate.js";
import { evaluationsOf } from "./evaluations.js";
import type { NormForm } from "./prepare.js";
import { type Order, type Sequence, Summer } from "./summation.js";

const ALL = (["float32", "float32-ftz", "float64"] as const).flatMap((evaluation) =>
  evaluationsOf(evaluation),
);

describe("evaluations", () => {
  it("are about twenty of each arithmetic, under names of their own", () => {
    for (const evaluation of ["float32", "float32-ftz", "float64"] as const) {
      expect(evaluationsOf(evaluation).length).toBeGreaterThanOrEqual(20);
    }
    expect(new Set(ALL.map(({ name }) => name)).size).toBe(ALL.length);
  });

  it.each([
    ...Object.keys(LAYER_NETWORKS).map((name) => [name, LAYER_NETWORKS[name]] as const),
    ...Array.from({ length: 4 }, (_, i) => [`graph ${i}`, () => randomGraph(i)] as const),
  ])("of %s come close to real arithmetic", (_name, build) => {
    const network = build();
    const model: Model = lively(network, 3);
    const plain = plainNetwork(model);
    const x = randomExamples(network, 1, 5);
    const exact = evaluateExactly(plain, enclose(x));
    for (const evaluation of ALL) {
      const outputs = new FloatNetwork(plain, evaluation, random(1, evaluation.name)).outputs(
        x,
        new Float64Array(x.length),
      );
      const [unit, coarse] = evaluation.arithmetic.format === "float32" ? [3e-5, 1e-4] : [1e-13, 2e-12];
      for (let j = 0; j < sizeOf(network.outputShape); j++) {
        const value = toNumber(endsOf(exact, j)[0]);
        const tolerance = evaluation.coarse ? coarse : unit;
        expect(Math.abs(outputs[j] - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
      }
    }
  });

  it("differ: by order, by fusing, by the form of norms", () => {
    const network = sequential([3, 4, 4], [conv2d(4, { kernel: 3 }), batchNorm(), flatten(), linear(2)]);
    const plain = plainNetwork(lively(network, 2));
    const x = randomExamples(network, 1, 1);
    const results = evaluationsOf("float32").map((evaluation) =>
      new FloatNetwork(plain, evaluation, random(1, "order")).outputs(x, new Float64Array(x.length)),
    );
    expect(new Set(results.map(([first]) => first)).size).toBeGreaterThan(5);
  });

  const inForms = (network: Network, weights: ReadonlyMap<string, Float64Array>, ...forms: NormForm[]) => {
    const plain = plainNetwork({ network, weights });
    return forms.map((norms) =>
      new FloatNetwork(
        plain,
        {
          ...{ name: norms, arithmetic: FLOAT64, norms, fused: false, bias: "last" },
          order: { kind: "sequence", sequence: "stored" },
        },
        random(1, "fold"),
      ).outputs(Float64Array.of(1, 1), Float64Array.of(0, 0)),
    );
  };

  it("fold a norm into the layer before it", () => {
    const network = sequential([2], [linear(1, { bias: false }), scaleShift(3, 0.5)]);
    const weights = new Map([["linear1.weight", Float64Array.of(0.1, 0.2)]]);
    const [formula, folded] = inForms(network, weights, "formula", "folded");
    expect(formula[0]).toBe((0.1 + 0.2) * 3 + 0.5);
    expect(folded[0]).toBe(0.1 * 3 + 0.2 * 3 + 0.5);
  });

  it("fold a norm into the layer after it", () => {
    const network = sequential([2], [scaleShift(3, 0.7), linear(1)]);
    const weights = new Map([
      ["linear1.weight", Float64Array.of(0.1, 0.2)],
      ["linear1.bias", Float64Array.of(0.3)],
    ]);
    const [formula, folded] = inForms(network, weights, "formula", "folded after");
    expect(formula[0]).toBe(0.1 * 3.7 + 0.2 * 3.7 + 0.3);
    expect(folded[0]).toBe(0.1 * 3 + 0.2 * 3 + (0.3 + 0.1 * 0.7 + 0.2 * 0.7));
  });
});

describe("sums", () => {
  const sum = (order: Order, weights: number[], bias: number | null = null, fused = false, first = false) =>
    new Summer({ arithmetic: FLOAT32, order, fused, bias: first ? "first" : "last" }, random(1, "sum")).sum(
      Float64Array.from(weights),
      Int32Array.from(weights.keys()),
      new Float64Array(weights.length).fill(1),
      bias,
    );
  const sequence = (name: Sequence): Order => ({ kind: "sequence", sequence: name });
  const M = 2 ** 24;

  it("are taken in their order", () => {
    expect(sum(sequence("stored"), [M, 1, 1])).toBe(M);
    expect(sum(sequence("reversed"), [M, 1, 1])).toBe(M + 2);
    expect(sum(sequence("largest first"), [1, M, 1])).toBe(M);
    expect(sum(sequence("smallest first"), [1, M, 1])).toBe(M + 2);
    expect(sum(sequence("positive first"), [-M, 1, M, 1])).toBe(0);
    expect(sum(sequence("negative first"), [1, 2 * M, -2 * M, 1])).toBe(0);
    expect(sum({ kind: "pairwise" }, [M, 1, 1, 1])).toBe(M + 2);
    expect(sum({ kind: "lanes", count: 2 }, [M, 1, 1, 1])).toBe(M + 2);
    expect(sum({ kind: "blocks", size: 2 }, [M, 1, 1, 1])).toBe(M + 2);
  });

  it("start with the bias or end with it", () => {
    expect(sum(sequence("stored"), [1, 1], M, false, true)).toBe(M);
    expect(sum(sequence("stored"), [1, 1], M)).toBe(M + 2);
  });

  it("may be empty", () => {
    for (const order of [sequence("stored"), { kind: "pairwise" }, { kind: "blocks", size: 8 }] as const) {
      expect([sum(order, []), sum(order, [], 3)]).toEqual([0, 3]);
    }
  });
});
