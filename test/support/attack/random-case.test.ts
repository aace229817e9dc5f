import { describe, expect, it } from "vitest";
import { LAYER_KINDS } from "../../../src/network/layers/index.js";
import { sizeOf } from "../../../src/network/shape.js";
import { enclose, endsOf, isExact } from "../exact/enclosure.js";
import { evaluateExactly } from "../exact/evaluate.js";
import { plainNetwork } from "../plain-network.js";
import { randomCase } from "./random-case.js";
import { tied } from "./tie.js";

const CASES = Array.from({ length: 600 }, (_, seed) => randomCase(seed));

describe("random cases", () => {
  it("have layers of every kind that files know", () => {
    const kinds = new Set(CASES.flatMap(({ model }) => model.network.nodes.map(({ layer }) => layer?.kind)));
    const wanted = LAYER_KINDS.filter((kind) => kind !== "custom");
    expect(wanted.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it("are from 1 to about 2,000 wide", () => {
    const widths = CASES.flatMap(({ model }) => model.network.nodes.map(({ shape }) => sizeOf(shape)));
    expect(Math.min(...widths)).toBe(1);
    expect(Math.max(...widths)).toBeGreaterThan(1500);
    expect(Math.max(...widths)).toBeLessThanOrEqual(2000);
  });

  it("have weights over 40 binary orders", () => {
    const orders = CASES.filter(({ style }) => style === "wild").map(({ model }) => {
      const sizes = [...model.weights.values()].flatMap((values) =>
        Array.from(values, Math.abs).filter((value) => value > 0),
      );
      return Math.log2(sizes.reduce((a, b) => Math.max(a, b)) / sizes.reduce((a, b) => Math.min(a, b)));
    });
    expect(Math.max(...orders)).toBeGreaterThan(40);
  });

  it("keep their weights in the arithmetic that they are about", () => {
    for (const { model, evaluation } of CASES) {
      const isSingle = [...model.weights.values()].every((values) => values instanceof Float32Array);
      if (evaluation.startsWith("float32")) expect(isSingle).toBe(true);
      for (const values of model.weights.values()) expect(values.every(Number.isFinite)).toBe(true);
    }
  });

  it("have points that single precision does not hold, tiny balls, and empty ones", () => {
    const count = (test: (own: (typeof CASES)[number]) => boolean) => CASES.filter(test).length;
    expect(count(({ x }) => x.some((value) => Math.fround(value) !== value))).toBeGreaterThan(100);
    expect(count(({ ball }) => ball.most === 0)).toBeGreaterThan(10);
    expect(count(({ ball }) => ball.most > 0 && ball.most <= 1e-7)).toBeGreaterThan(30);
    expect(count(({ ball }) => ball.box !== null)).toBeGreaterThan(30);
    expect(count(({ ball }) => ball.weights !== null)).toBeGreaterThan(10);
  });

  it("are functions of the seed", () => {
    const [a, b] = [randomCase(77), randomCase(77)];
    expect(a.x).toEqual(b.x);
    expect(a.model.weights).toEqual(b.model.weights);
  });
});

describe("tied", () => {
  it("brings the two largest outputs next to each other", () => {
    let ties = 0;
    for (const own of CASES.filter(({ verge }) => verge === "tie")) {
      const outputs = evaluateExactly(plainNetwork(tied(own.model, own.x, own.seed)), enclose(own.x));
      if (!isExact(outputs)) continue;
      const [first, second] = outputs.lower
        .map((_, j) => endsOf(outputs, j)[0].mantissa)
        .sort((a, b) => (a < b ? 1 : -1));
      if (first === second) ties += 1;
    }
    expect(ties).toBeGreaterThan(2);
  });
});
