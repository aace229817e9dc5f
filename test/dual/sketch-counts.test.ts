import { describe, expect, it } from "vitest";
import { dot, type Tape, type Variable } from "../../src/autodiff/index.js";
import { SHARED } from "../../src/compute/owners.js";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import type { Estimator } from "../../src/dual/estimator.js";
import { Sketcher } from "../../src/dual/sketch.js";
import { add, linear, relu, reshape } from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import {
  affine,
  asked,
  BALL,
  backend,
  D,
  EXAMPLES,
  estimateOf,
  expectRadius,
  fixed,
  graphOf,
  handedOn,
  lines,
  noiseOf,
  plainTape,
  plus,
  product,
  R,
  RHO,
  scaled,
  spreadOf,
  W,
} from "./sketch-bench.js";

const CHAIN = sequential([2], [linear(2), relu(), linear(2), relu(), linear(2)]);
const LAYERS: readonly BoundLayer[] = [affine(W), lines(D, RHO), affine(W), lines(D, RHO), affine(W)];
const of = (given: Partial<Estimator>, dualOrder: 1 | 2 = 1) => {
  const own = asked(given);
  const sketcher = (tape: Tape) =>
    new Sketcher(tape, graphOf(CHAIN, BALL, LAYERS, { dualOrder }), own.estimator);
  return { ...own, sketcher };
};

describe("independent sketches", () => {
  const once = (sketch: number, target = 3) => {
    const start = spreadOf(BALL, noiseOf("normal", 0, target, sketch));
    return [
      estimateOf(2, product(W, scaled(D, product(W, start)))),
      estimateOf(1, product(W, spreadOf(RHO, noiseOf("cauchy", 2, target, sketch)))),
    ];
  };
  const most = (a: readonly number[], b: readonly number[]) => a.map((value, i) => Math.max(value, b[i]));

  it("are drawn for each node that is bounded, as the lines below it were shaped by others' numbers", async () => {
    const { noises, sketcher } = of({ independent: true });
    using tape = plainTape();
    const own = sketcher(tape);
    const start = (target: number) => spreadOf(BALL, noiseOf("cauchy", 0, target));
    await expectRadius(own.radius(1), estimateOf(1, product(W, start(1))));
    const through = scaled(D, product(W, start(3)));
    const three = product(W, plus(through, spreadOf(RHO, noiseOf("cauchy", 2, 3))));
    await expectRadius(own.radius(3), estimateOf(1, three));
    expect(noises).toEqual([
      ["cauchy", 0, 1, 0],
      ["cauchy", 0, 3, 0],
      ["cauchy", 2, 3, 0],
    ]);
    // Nothing was pushed on for the next.
    expect(own.reached).toBe(0);
  });

  it("count by the largest of each term, and terms are added after that", async () => {
    const { noises, sketcher } = of({ independent: true, sketches: 3 }, 2);
    using tape = plainTape();
    const terms = [0, 1, 2].map((sketch) => once(sketch));
    const largest = [0, 1].map((term) => terms.map((own) => own[term]).reduce(most));
    // Neither the first nor the last sketch has them all, nor is it the largest sum.
    for (const own of [terms[0], terms[2]]) expect(largest).not.toEqual(own);
    const sums = terms.map(([a, b]) => a.map((value, i) => value + b[i])).reduce(most);
    const expected = largest[0].map((value, i) => value + largest[1][i]);
    expect(expected).not.toEqual(sums);
    await expectRadius(sketcher(tape).radius(3), expected);
    expect(noises).toEqual(
      [0, 1, 2].flatMap((sketch) => [
        ["normal", 0, 3, sketch],
        ["cauchy", 2, 3, sketch],
      ]),
    );
  });

  it("are the same where gradients are recorded, and gradients pass through them", async () => {
    using tape = plainTape(true);
    const rho = tape.leaf(fixed(RHO).value);
    const layers = [LAYERS[0], { ...lines(D, RHO), radius: rho } as BoundLayer, LAYERS[2]];
    const { estimator } = asked({ independent: true });
    const found = new Sketcher(tape, graphOf(CHAIN, BALL, layers, { dualOrder: 2 }), estimator).radius(3);
    const [input, noise] = once(0);
    await expectRadius(
      found,
      input.map((value, i) => value + noise[i]),
    );
    const ones = fixed([
      [1, 1],
      [1, 1],
    ]);
    const summed = dot(tape, found, ones, { kind: "own" });
    const [gradient] = tape.gradients(dot(tape, reshaped(tape, summed), fixed([[1], [1]]), SHARED), [rho]);
    // Of |W ρ C|, ρ being at least 0: |W C| each.
    const own = (await backend.read(gradient as Variable["value"])) as ArrayLike<number>;
    const change = async (f: number, b: number) => {
      const moved = RHO.map((row, i) => row.map((value, j) => value + (i === f && j === b ? 2 ** -20 : 0)));
      const after = estimateOf(1, product(W, spreadOf(moved, noiseOf("cauchy", 2, 3))));
      return after.reduce((sum, value, i) => sum + value - noise[i], 0) * 2 ** 20;
    };
    for (const [f, b] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ]) {
      expect(own[f * EXAMPLES + b]).toBeCloseTo(await change(f, b), 5);
    }
  });
});

const reshaped = (tape: Tape, x: Variable): Variable =>
  tape.record(backend.reshape(x.value, 2, 1), [x], (g) => [backend.reshape(g, 1, 2)]);

describe("estimates", () => {
  it("are counted by neuron and term, not by sketch: of m independent ones the largest is one estimate", () => {
    for (const [given, dualOrder, counts] of [
      [{}, 1, [2, 4, 6]],
      [{}, 2, [2, 6, 10]],
      [{ form: "per-term" }, 1, [2, 6, 12]],
      [{ independent: true, sketches: 3 }, 1, [2, 4, 6]],
      [{ independent: true, sketches: 2, form: "per-term" }, 2, [2, 6, 12]],
    ] as const) {
      using tape = plainTape();
      const sketcher = of(given, dualOrder).sketcher(tape);
      const found = [1, 3, 5].map((node) => {
        sketcher.radius(node);
        return sketcher.estimates;
      });
      expect(found).toEqual(counts);
    }
  });

  it("are at most as many as the union bound has room for", () => {
    for (const independent of [false, true]) {
      using tape = plainTape();
      const sketcher = of({ independent, budget: 4 }).sketcher(tape);
      sketcher.radius(1);
      sketcher.radius(3);
      expect(() => sketcher.radius(5)).toThrow(
        "projections: 6 estimates, where the guarantee has room for 4",
      );
    }
    using tape = plainTape();
    expect(() => of({ budget: 0 }).sketcher(tape).radius(1)).toThrow(
      "2 estimates, where the guarantee has room for 0",
    );
  });
});

describe("projections that are pushed on", () => {
  it("go as far as was asked, and are the same when asked again", async () => {
    using tape = plainTape(true);
    const sketcher = of({}).sketcher(tape);
    expect(sketcher.reached).toBe(0);
    const five = [...(await backend.read(sketcher.radius(5).value))];
    expect(sketcher.reached).toBe(5);
    sketcher.radius(3);
    expect(sketcher.reached).toBe(5);
    await expectRadius(sketcher.radius(5), five);
  });

  /** Bytes that are left of a pass to these nodes, one after the other. */
  const leftBy = (network: Network, layers: readonly BoundLayer[], nodes: readonly number[], given = {}) => {
    const graph = graphOf(network, BALL, layers);
    using tape = plainTape();
    const before = backend.memory().liveBytes;
    const sketcher = new Sketcher(tape, graph, asked(given).estimator);
    return nodes.map((node) => {
      sketcher.radius(node);
      return backend.memory().liveBytes - before;
    });
  };
  const [streams, radius] = [2 * EXAMPLES * R * 8, 2 * EXAMPLES * 8];

  it("are freed as soon as no node reads them", () => {
    // Those of the node itself stay, for whoever reads it.
    expect(leftBy(CHAIN, LAYERS, [1, 3, 5])).toEqual([1, 2, 3].map((radii) => streams + radii * radius));
    expect(leftBy(CHAIN, LAYERS, [1, 3, 5], { independent: true })).toEqual(
      [1, 2, 3].map((radii) => radii * radius),
    );
  });

  it("stay for a node that reads them later, and for one that shares them", async () => {
    // 1 is read by 2 and 6; 2 has the same tensor, as have 3 and 1.
    const network = graph([2], (x, attach) => {
      const a = attach(linear(2), x);
      const c = attach(reshape([2]), attach(reshape([1, 2]), a));
      const e = attach(linear(2), attach(relu(), c));
      return attach(linear(2), attach(add(), e, a));
    });
    const layers = [affine(W), handedOn, handedOn, lines(D, RHO), affine(W), affine(W, D), affine(W)];
    using tape = plainTape();
    const sketcher = new Sketcher(tape, graphOf(network, BALL, layers), asked().estimator);
    const one = product(W, spreadOf(BALL, noiseOf("cauchy", 0)));
    for (const node of [1, 2, 3]) await expectRadius(sketcher.radius(node), estimateOf(1, one));
    const five = product(W, plus(scaled(D, one), spreadOf(RHO, noiseOf("cauchy", 4))));
    await expectRadius(sketcher.radius(5), estimateOf(1, five));
    const six = plus(product(W, five), product(D, one));
    await expectRadius(sketcher.radius(6), estimateOf(1, six));
    expect(leftBy(network, layers, [3, 4, 5, 6, 7])).toEqual(
      // The join of this bench leaves two products of its own.
      [1, 2, 2, 2 + 1, 2 + 1].map((kept, i) => kept * streams + (i + 1) * radius),
    );
  });

  it("stay where the last reader hands them on", async () => {
    const network = sequential([2], [linear(2), reshape([1, 2]), relu()]);
    const layers = [affine(W), handedOn, lines(D, RHO)];
    using tape = plainTape();
    const sketcher = new Sketcher(tape, graphOf(network, BALL, layers), asked().estimator);
    const one = product(W, spreadOf(BALL, noiseOf("cauchy", 0)));
    await expectRadius(sketcher.radius(2), estimateOf(1, one));
    const three = plus(scaled(D, one), spreadOf(RHO, noiseOf("cauchy", 3)));
    await expectRadius(sketcher.radius(3), estimateOf(1, three));
    // A last node that nobody reads has them, too, though the one before it is done.
    using other = plainTape();
    const last = graphOf(sequential([2], [linear(2), reshape([1, 2])]), BALL, layers.slice(0, 2));
    await expectRadius(new Sketcher(other, last, asked().estimator).radius(2), estimateOf(1, one));
    expect(leftBy(network, layers, [1, 2, 3])).toEqual([1, 2, 3].map((radii) => streams + radii * radius));
  });
});
