import { describe, expect, it } from "vitest";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import { Sketcher } from "../../src/dual/sketch.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import {
  affine,
  asked,
  BALL,
  estimateOf,
  expectRadius,
  fixed,
  graphOf,
  lines,
  type Numbers,
  noiseOf,
  plainTape,
  plus,
  product,
  scaled,
  spreadOf,
} from "./sketch-bench.js";

const CHAIN = sequential([2], [linear(3), relu(), linear(2), relu(), linear(2)]);
const [W1, W3, W5]: Numbers[] = [
  [
    [1, -2],
    [0.5, 3],
    [-1, 0.25],
  ],
  [
    [2, -1, 0.5],
    [-3, 1, 1],
  ],
  [
    [1, -1],
    [4, 0.5],
  ],
];
const [D2, RHO2]: Numbers[] = [
  [
    [0.5, 1],
    [-0.25, 0],
    [1, 0.75],
  ],
  [
    [0.125, 0],
    [2, 1],
    [0, 3],
  ],
];
const [D4, RHO4]: Numbers[] = [
  [
    [1, -0.5],
    [0.25, 2],
  ],
  [
    [1, 0.5],
    [0, 4],
  ],
];
const LAYERS: readonly BoundLayer[] = [
  affine(W1),
  lines(D2, RHO2),
  affine(W3),
  lines(D4, RHO4, { hidden: true }),
  affine(W5),
];

/** The input's projections at node 3, and those of the activation's below, each by its own numbers. */
const at3 = (start: Numbers) => product(W3, scaled(D2, product(W1, start)));
const at5 = (own: Numbers) => product(W5, scaled(D4, own));
const total = (...terms: readonly number[][]) =>
  terms[0].map((_, i) => terms.reduce((sum, term) => sum + term[i], 0));

describe("projections of an linf ball", () => {
  it("are one stream: an activation adds ρ ⊙ C of its own to d ⊙ R, whether it tells its slope or not", async () => {
    const { estimator, noises, orders } = asked();
    using tape = plainTape();
    const sketcher = new Sketcher(tape, graphOf(CHAIN, BALL, LAYERS), estimator);
    const start = spreadOf(BALL, noiseOf("cauchy", 0));
    await expectRadius(sketcher.radius(1), estimateOf(1, product(W1, start)));
    const three = plus(at3(start), product(W3, spreadOf(RHO2, noiseOf("cauchy", 2))));
    await expectRadius(sketcher.radius(3), estimateOf(1, three));
    const five = plus(at5(three), product(W5, spreadOf(RHO4, noiseOf("cauchy", 4))));
    await expectRadius(sketcher.radius(5), estimateOf(1, five));
    // Of each place once, whoever asks: numbers drawn twice would be another sketch.
    expect(noises).toEqual([
      ["cauchy", 0, -1, 0],
      ["cauchy", 2, -1, 0],
      ["cauchy", 4, -1, 0],
    ]);
    expect(orders).toEqual([1, 1, 1]);
  });

  it("are a stream of each activation per term, whose estimates are added", async () => {
    const { estimator, noises, orders } = asked({ form: "per-term" });
    using tape = plainTape();
    const sketcher = new Sketcher(tape, graphOf(CHAIN, BALL, LAYERS), estimator);
    const three = [
      at3(spreadOf(BALL, noiseOf("cauchy", 0))),
      product(W3, spreadOf(RHO2, noiseOf("cauchy", 2))),
    ];
    await expectRadius(sketcher.radius(3), total(...three.map((own) => estimateOf(1, own))));
    const five = [...three.map(at5), product(W5, spreadOf(RHO4, noiseOf("cauchy", 4)))];
    await expectRadius(sketcher.radius(5), total(...five.map((own) => estimateOf(1, own))));
    expect(noises.length).toBe(3);
    expect(orders).toEqual([1, 1, 1, 1, 1]);
  });

  it("leave what rounding widened to the box that goes along", async () => {
    const own = fixed(RHO2);
    const widening = { own, by: fixed(RHO2) };
    for (const form of ["joint", "per-term"] as const) {
      for (const hidden of [{}, { hidden: true }] as const) {
        const radius = async (second: BoundLayer) => {
          using tape = plainTape();
          const layers = [LAYERS[0], second, LAYERS[2]];
          const found = new Sketcher(tape, graphOf(CHAIN, BALL, layers), asked({ form }).estimator).radius(3);
          return [...(await tape.backend.read(found.value))];
        };
        const widened = lines(D2, plus(RHO2, RHO2), { ...hidden, widening });
        expect(await radius(widened)).toEqual(await radius(lines(D2, RHO2, hidden)));
      }
    }
  });
});

describe("projections of an l2 ball", () => {
  const l2 = graphOf(CHAIN, BALL, LAYERS, { dualOrder: 2 });
  const start = spreadOf(BALL, noiseOf("normal", 0));

  it("are normal at the input; those of activations are one stream of Cauchy numbers", async () => {
    const { estimator, noises, orders } = asked();
    using tape = plainTape();
    const sketcher = new Sketcher(tape, l2, estimator);
    const joint = product(W3, spreadOf(RHO2, noiseOf("cauchy", 2)));
    await expectRadius(sketcher.radius(3), total(estimateOf(2, at3(start)), estimateOf(1, joint)));
    const last = plus(at5(joint), product(W5, spreadOf(RHO4, noiseOf("cauchy", 4))));
    await expectRadius(sketcher.radius(5), total(estimateOf(2, at5(at3(start))), estimateOf(1, last)));
    expect(noises).toEqual([
      ["normal", 0, -1, 0],
      ["cauchy", 2, -1, 0],
      ["cauchy", 4, -1, 0],
    ]);
    expect(orders).toEqual([2, 1, 2, 1]);
  });

  it("are a stream of each activation per term", async () => {
    const { estimator, orders } = asked({ form: "per-term" });
    using tape = plainTape();
    const joint = product(W3, spreadOf(RHO2, noiseOf("cauchy", 2)));
    const last = product(W5, spreadOf(RHO4, noiseOf("cauchy", 4)));
    await expectRadius(
      new Sketcher(tape, l2, estimator).radius(5),
      total(estimateOf(2, at5(at3(start))), estimateOf(1, at5(joint)), estimateOf(1, last)),
    );
    expect(orders).toEqual([2, 1, 1]);
  });

  it("meet where branches do, the input's with the input's and activations' with activations'", async () => {
    // An activation in one branch or both; the sum of both branches, and an activation of that.
    const network = graph([2], (x, attach) => {
      const a = attach(relu(), attach(linear(2), x));
      const b = attach(relu(), attach(linear(2), x));
      const one = attach(add(), a, attach(linear(2), x));
      return attach(linear(2), attach(relu(), attach(add(), one, b)));
    });
    const twice: Numbers = [
      [3, 0],
      [0, -2],
    ];
    const layers: BoundLayer[] = [
      ...[affine(D4), lines(D4, RHO4), affine(W5), lines(BALL, RHO4), affine(D4)],
      ...[affine(W5, twice), affine(D4, W5), lines(D4, BALL), affine(W5)],
    ];
    using tape = plainTape();
    const { estimator } = asked();
    const sketcher = new Sketcher(tape, graphOf(network, BALL, layers, { dualOrder: 2 }), estimator);
    const inputs = (x: Numbers) => {
      const a = scaled(D4, product(D4, x));
      const b = scaled(BALL, product(W5, x));
      return [plus(product(W5, a), product(twice, product(D4, x))), b];
    };
    const [ofOne, ofB] = inputs(start);
    const own2 = product(W5, spreadOf(RHO4, noiseOf("cauchy", 2)));
    // Only one of the branches has been through an activation.
    await expectRadius(sketcher.radius(6), total(estimateOf(2, ofOne), estimateOf(1, own2)));
    const own4 = spreadOf(RHO4, noiseOf("cauchy", 4));
    const seven = [plus(product(D4, ofOne), product(W5, ofB)), plus(product(D4, own2), product(W5, own4))];
    await expectRadius(sketcher.radius(7), total(estimateOf(2, seven[0]), estimateOf(1, seven[1])));
    const nine = plus(at5(seven[1]), product(W5, spreadOf(BALL, noiseOf("cauchy", 8))));
    await expectRadius(sketcher.radius(9), total(estimateOf(2, at5(seven[0])), estimateOf(1, nine)));
  });
});

describe("projections of an example", () => {
  it("are its own, whatever stands beside it", async () => {
    const radii = async (ball: Numbers, pick: (rows: Numbers) => Numbers, examples: number[]) => {
      using tape = plainTape();
      const { estimator } = asked({ noise: (kind, origin) => ({ ...noiseOf(kind, origin), examples }) });
      const layers = [affine(W1), lines(pick(D2), pick(RHO2)), affine(W3)];
      const found = new Sketcher(tape, graphOf(CHAIN, ball, layers), estimator).radius(3);
      return [...(await tape.backend.read(found.value))];
    };
    const both = await radii(BALL, (rows) => rows, [5, 9]);
    const second = (rows: Numbers) => rows.map((row) => [row[1]]);
    const swapped = (rows: Numbers) => rows.map((row) => [row[1], row[0]]);
    expect(await radii(second(BALL), second, [9])).toEqual([both[1], both[3]]);
    expect(await radii(swapped(BALL), swapped, [9, 5])).toEqual([both[1], both[0], both[3], both[2]]);
    expect(await radii(second(BALL), second, [5])).not.toEqual([both[1], both[3]]);
  });
});

describe("projections without a way forward", () => {
  it("are refused: what a branch leaves out would be missing in the sum", () => {
    const network = graph([2], (x, attach) => attach(add(), attach(relu(), x), attach(linear(2), x)));
    for (const [missing, says] of [
      [
        { kind: "two-lines", back: (_: unknown, nu) => ({ nus: [nu] }) } as BoundLayer,
        "node 1 has two lines",
      ],
      [undefined as unknown as BoundLayer, "node 1 has no dual layer yet"],
    ] as const) {
      using tape = plainTape();
      const of = graphOf(network, BALL, [missing, affine(D4), affine(D4, D4)]);
      expect(() => new Sketcher(tape, of, asked().estimator).radius(3)).toThrow(says);
    }
  });

  it("are refused for an l1 ball, whose dual norm is a maximum", () => {
    using tape = plainTape();
    const l1 = graphOf(CHAIN, BALL, LAYERS, { dualOrder: Number.POSITIVE_INFINITY });
    expect(() => new Sketcher(tape, l1, asked().estimator)).toThrow("expected an linf or l2 ball, got l1");
  });
});
