import { describe, it } from "vitest";
import {
  add as addition,
  apply,
  combine,
  scaleBy,
  type Tape,
  type Variable,
} from "../../src/autodiff/index.js";
import type { BoundLayer } from "../../src/dual/dual-layer.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { Sketcher } from "../../src/dual/sketch.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import {
  absolute,
  affine,
  asked,
  BALL,
  D,
  estimateOf,
  expectRadius,
  graphOf,
  lines,
  type Numbers,
  noiseOf,
  plainTape,
  plus,
  product,
  R,
  RHO,
  scaled,
  spreadOf,
  times,
  W,
} from "./sketch-bench.js";

// Projections that are to bound are taken for as large as they were computed and as what rounding may have taken away: each
// part of that has a number of its own here.

const abs = (tape: Tape, x: Variable) => apply(tape, { kind: "abs" }, x);
const COUNTED: Pick<Rounding, "ofNoise" | "ofProjections" | "ofSum" | "ofEstimate"> = {
  ofNoise(tape, projections, pushed, passed) {
    const own = scaleBy(tape, abs(tape, projections), 0.25);
    const more = pushed ? addition(tape, own, scaleBy(tape, abs(tape, pushed), 8)) : own;
    return passed ? addition(tape, more, abs(tape, passed)) : more;
  },
  ofProjections: (tape, layer, projections, error) =>
    combine(tape, layer.kind === "affine" ? 3 : 5, abs(tape, projections), 1, error),
  ofSum: (tape, x) => scaleBy(tape, x, 1, 0.5),
  ofEstimate: (tape, estimate) => scaleBy(tape, estimate, 2, 1),
};
const rounding = COUNTED as Rounding;

/** R and what it may be off by. */
interface Off {
  readonly own: Numbers;
  readonly error: Numbers;
}
const bounded = ({ own, error }: Off) => plus(absolute(own), error);
const fresh = (own: Numbers): Off => ({ own, error: times(0.25, absolute(own)) });
const half = (x: Numbers) => x.map((row) => row.map((value) => value + 0.5));
/** Through matrices, of each input. */
const through = (weights: readonly Numbers[], inputs: readonly Off[]): Off => ({
  own: plus(...inputs.map(({ own }, i) => product(weights[i], own))),
  error: half(
    plus(
      ...inputs.map(({ own, error }, i) =>
        product(absolute(weights[i]), plus(times(3, absolute(own)), error)),
      ),
    ),
  ),
});
/** Through lines that add nothing, as those of another stream. */
const passed = ({ own, error }: Off): Off => ({
  own: scaled(D, own),
  error: half(absolute(scaled(D, plus(times(5, absolute(own)), error)))),
});
/** Through lines, whose noise is added. */
const joined = ({ own, error }: Off, noise: Numbers): Off => {
  const [pushed, sum] = [scaled(D, own), plus(scaled(D, own), noise)];
  return {
    own: sum,
    error: plus(times(0.25, absolute(sum)), times(8, absolute(pushed)), absolute(scaled(D, error))),
  };
};
/** What estimates of these come to. */
const radiusOf = (...terms: readonly (readonly [order: 1 | 2, off: Off])[]) =>
  terms
    .map(([order, off]) => estimateOf(order, bounded(off)).map((estimate) => 2 * estimate + 1))
    .reduce((a, b) => a.map((value, i) => value + b[i]));
const cauchy = (rho: Numbers, origin: number) => spreadOf(rho, noiseOf("cauchy", origin));

const CHAIN = sequential([2], [linear(2), relu(), linear(2), relu(), linear(2)]);
const layersOf = (hidden: { hidden?: true }): readonly BoundLayer[] => [
  ...[affine(W), lines(D, RHO, hidden), affine(W), lines(D, BALL, hidden), affine(W)],
];

function sketcherOf(
  tape: Tape,
  network: Network,
  layers: readonly BoundLayer[],
  dualOrder: 1 | 2,
  form: "joint" | "per-term",
  guarantee: "probability" | "estimate" = "probability",
) {
  const { estimator } = asked({ form, guarantee });
  return new Sketcher(tape, graphOf(network, BALL, layers, { dualOrder, rounding }), estimator);
}

describe("projections that bound", () => {
  it.each([{}, { hidden: true }] as const)(
    "carry what they may be off by through one stream: %o",
    async (hidden) => {
      using tape = plainTape();
      const sketcher = sketcherOf(tape, CHAIN, layersOf(hidden), 1, "joint");
      const start = fresh(cauchy(BALL, 0));
      await expectRadius(sketcher.radius(0), radiusOf([1, start]));
      const one = through([W], [start]);
      await expectRadius(sketcher.radius(1), radiusOf([1, one]));
      const two = joined(one, cauchy(RHO, 2));
      await expectRadius(sketcher.radius(2), radiusOf([1, two]));
      const five = through([W], [joined(through([W], [two]), cauchy(BALL, 4))]);
      await expectRadius(sketcher.radius(5), radiusOf([1, five]));
    },
  );

  it("carry it through each of several streams", async () => {
    const start = fresh(spreadOf(BALL, noiseOf("normal", 0)));
    const three = through([W], [passed(through([W], [start]))]);
    const five = through([W], [passed(three)]);
    const [first, second] = [through([W], [fresh(cauchy(RHO, 2))]), fresh(cauchy(BALL, 4))];
    using tape = plainTape();
    const joint = sketcherOf(tape, CHAIN, layersOf({}), 2, "joint");
    await expectRadius(joint.radius(3), radiusOf([2, three], [1, first]));
    await expectRadius(
      joint.radius(5),
      radiusOf([2, five], [1, through([W], [joined(first, cauchy(BALL, 4))])]),
    );
    const apart = sketcherOf(tape, CHAIN, layersOf({}), 2, "per-term");
    await expectRadius(
      apart.radius(5),
      radiusOf([2, five], [1, through([W], [passed(first)])], [1, through([W], [second])]),
    );
  });

  it("add it up where branches meet; one without such a stream has none", async () => {
    const network = graph([2], (x, attach) => {
      const a = attach(relu(), attach(linear(2), x));
      return attach(add(), a, attach(linear(2), x));
    });
    const layers = [affine(W), lines(D, RHO), affine(D), affine(W, D)];
    const start = fresh(spreadOf(BALL, noiseOf("normal", 0)));
    const [a, b] = [passed(through([W], [start])), through([D], [start])];
    const own = fresh(cauchy(RHO, 2));
    const zeros = times(0, own.own);
    const none: Off = { own: zeros, error: zeros };
    using tape = plainTape();
    await expectRadius(
      sketcherOf(tape, network, layers, 2, "joint").radius(4),
      radiusOf([2, through([W, D], [a, b])], [1, through([W, D], [own, none])]),
    );
  });

  it("let no error cancel another in lines that mix features", async () => {
    const mixed: Numbers = [
      [1, -1],
      [2, 0.5],
    ];
    const { push, absolute: sizes } = affine(mixed);
    const mixing: BoundLayer = {
      ...lines(D, RHO, { hidden: true }),
      ...{ coupling: "mixing", push, absolute: (tape: Tape, x: Variable) => sizes(tape, [x], 1) },
    };
    const largest = (x: Numbers) =>
      x.map((row) => row.map((_, c) => Math.max(...row.slice(c - (c % R), c - (c % R) + R))));
    const inputs = through([W], [fresh(spreadOf(BALL, noiseOf("normal", 0)))]);
    const sum = plus(times(5, absolute(inputs.own)), inputs.error);
    const after: Off = {
      own: product(mixed, inputs.own),
      error: half(product(absolute(mixed), largest(sum))),
    };
    using tape = plainTape();
    const layers = [affine(W), mixing];
    await expectRadius(
      sketcherOf(tape, CHAIN, layers, 2, "joint").radius(2),
      radiusOf([2, after], [1, fresh(cauchy(RHO, 2))]),
    );
    const start = through([W], [fresh(cauchy(BALL, 0))]);
    const pushed = product(mixed, start.own);
    const joint = plus(pushed, cauchy(RHO, 2));
    const error = plus(
      times(0.25, absolute(joint)),
      times(8, absolute(pushed)),
      product(absolute(mixed), largest(start.error)),
    );
    await expectRadius(
      sketcherOf(tape, CHAIN, layers, 1, "joint").radius(2),
      radiusOf([1, { own: joint, error }]),
    );
  });

  it("are estimates as they are where nothing is claimed, or no rounding counted", async () => {
    const five = (own: Numbers) => product(W, plus(scaled(D, own), cauchy(BALL, 4)));
    const three = product(W, plus(scaled(D, product(W, cauchy(BALL, 0))), cauchy(RHO, 2)));
    using tape = plainTape();
    for (const hidden of [{}, { hidden: true }] as const) {
      const estimate = sketcherOf(tape, CHAIN, layersOf(hidden), 1, "joint", "estimate");
      await expectRadius(estimate.radius(5), estimateOf(1, five(three)));
      const { estimator } = asked({ guarantee: "probability" });
      const uncounted = new Sketcher(tape, graphOf(CHAIN, BALL, layersOf(hidden)), estimator);
      await expectRadius(uncounted.radius(5), estimateOf(1, five(three)));
    }
  });
});
