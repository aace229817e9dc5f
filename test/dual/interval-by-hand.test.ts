import { describe, expect, it } from "vitest";
import { subtract, Tape, type Variable } from "../../src/autodiff/index.js";
import { repeatOwners } from "../../src/compute/owners.js";
import { propagateBack } from "../../src/dual/backward.js";
import { IntervalNetwork } from "../../src/dual/interval-network.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { allMargins, objectiveOf } from "../../src/dual/margin.js";
import { wholeRows } from "../../src/dual/view.js";
import { add, flatten, linear, maxPool, relu, tanh } from "../../src/network/build-layer.js";
import { graph, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings } from "../../src/network/weights.js";
import { Bench, randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import * as dense from "./rules/dense.js";

// Interval bounds against interval arithmetic written out, node by node.

const EXAMPLES = 2;
const CLASSES = 3;
const LABELS = Int32Array.of(2, 0);
const EPSILON = 0.2;
const NETWORK = graph([3], (x, attach) => {
  const a = attach(relu(), attach(linear(4), x));
  const b = attach(tanh(), attach(linear(4), a));
  return attach(linear(CLASSES), attach(add(), b, a));
});
const ACTIVATIONS = new Map<number, (z: number) => number>([
  [2, (z) => Math.max(0, z)],
  [4, Math.tanh],
]);

interface Box {
  readonly lower: number[];
  readonly upper: number[];
}

/** A x + b over boxes of one example, exact of each output. */
function image(matrix: ArrayLike<number>, offset: ArrayLike<number>, inputs: readonly Box[]): Box {
  const side = (sign: number) =>
    Array.from(offset, (start, out) => {
      const [low, high] = [inputs.flatMap(({ lower }) => lower), inputs.flatMap(({ upper }) => upper)];
      return low.reduce((sum, _, i) => {
        const weight = matrix[out * low.length + i];
        return sum + weight * (weight * sign > 0 ? high[i] : low[i]);
      }, start);
    });
  return { lower: side(-1), upper: side(1) };
}

/** Boxes `[node][example]`. */
async function boxes(bench: Bench, x: Float64Array): Promise<Box[][]> {
  const found: Box[][] = [];
  for (const [node, { layer, inputs }] of NETWORK.nodes.entries()) {
    const activation = ACTIVATIONS.get(node);
    const map = layer && !activation ? await bench.affineMap(node) : null;
    found[node] = [0, 1].map((b): Box => {
      const before = inputs.map((input) => found[input][b]);
      if (map) return image(map.matrix, map.offset, before);
      if (activation) {
        return { lower: before[0].lower.map(activation), upper: before[0].upper.map(activation) };
      }
      const own = [0, 1, 2].map((f) => x[f * EXAMPLES + b]);
      return { lower: own.map((value) => value - EPSILON), upper: own.map((value) => value + EPSILON) };
    });
  }
  return found;
}

const flat = (own: readonly Box[], side: keyof Box) =>
  own[0][side].flatMap((_, f) => own.map((box) => box[side][f]));

async function over(use: (bench: Bench, own: IntervalNetwork, wanted: Box[][], tape: Tape) => Promise<void>) {
  const bench = new Bench(lively(NETWORK, 4));
  const x = randomExamples(NETWORK, EXAMPLES, 2);
  using tape = new Tape(bench.backend, { record: false });
  const ball = bench.ball(x, EXAMPLES, { norm: "linf", epsilon: EPSILON });
  const intervals = IntervalNetwork.over(tape, NETWORK, fixedBindings(bench.parameters), ball);
  await use(bench, intervals, await boxes(bench, x), tape);
}

describe("interval bounds by hand", () => {
  it("of every node, and of what activations read", () =>
    over(async (bench, intervals, wanted) => {
      const read = async (x: Variable) => bench.values(x);
      for (let node = 1; node <= NETWORK.output; node++) {
        const { lower, upper } = intervals.boundsOf(node);
        expect(dense.listDistance(await read(lower), flat(wanted[node], "lower"))).toBeLessThan(1e-12);
        expect(dense.listDistance(await read(upper), flat(wanted[node], "upper"))).toBeLessThan(1e-12);
      }
      const before = intervals.readByActivations;
      expect(before.length).toBe(3);
      for (const [i, node] of [0, 1, 3].entries()) {
        const [lower, upper] = (["lower", "upper"] as const).map((side) => flat(wanted[node], side));
        const centre = lower.map((low, at) => (low + upper[at]) / 2);
        const radius = lower.map((low, at) => (upper[at] - low) / 2);
        expect(dense.listDistance(await read(before[i].centre), centre)).toBeLessThan(1e-12);
        expect(dense.listDistance(await read(before[i].radius), radius)).toBeLessThan(1e-12);
      }
    }));

  it("of margins: the last layers are one, above the boxes of activations", () =>
    over(async (bench, intervals, wanted) => {
      const { matrix } = await bench.affineMap(NETWORK.output);
      const { offset } = await bench.affineMap(NETWORK.output);
      const found = await bench.values(intervals.margins(LABELS));
      for (let b = 0; b < EXAMPLES; b++) {
        for (let other = 0; other < CLASSES; other++) {
          const label = LABELS[b];
          const row = [0, 1, 2, 3].map((f) => matrix[label * 4 + f] - matrix[other * 4 + f]);
          // The sum of both activations, each in its box.
          const { lower } = image(
            [...row, ...row],
            [offset[label] - offset[other]],
            [wanted[4][b], wanted[2][b]],
          );
          expect(found[other * EXAMPLES + b]).toBeCloseTo(lower[0], 12);
        }
      }
    }));

  it.each(["parallel", "adaptive"] as const)("of margins by lines between them: %s", (method) =>
    over(async (bench, intervals, _wanted, tape) => {
      const layers = NETWORK.nodes.map(({ layer, inputs }, node) => {
        if (layer === null) return undefined;
        const context = NETWORK.context(node, fixedBindings(bench.parameters));
        const rule = ruleOf(layer);
        return rule.form === "affine"
          ? rule.bind(tape, layer, context)
          : rule[method](tape, layer, context, intervals.boundsOf(inputs[0] as number));
      });
      const [{ centre: ballCentre, radius: ballRadius }] = intervals.readByActivations;
      const unrounded = { rounding: null, inputError: undefined, errors: [] };
      const own = { network: NETWORK, layers, ballCentre, ballRadius, dualOrder: 1, ...unrounded } as const;
      const margins = allMargins(LABELS, CLASSES);
      const c = bench.backend.upload(CLASSES, margins.length, objectiveOf(margins, CLASSES));
      const start = { node: NETWORK.output, nu: tape.own(c) };
      const view = wholeRows(own, repeatOwners(CLASSES - 1));
      const { centre, radius } = propagateBack(tape, own, view, start, { centre: true });
      const lower = await bench.values(subtract(tape, centre as Variable, radius));
      const found = await bench.values(intervals.margins(LABELS, method));
      expect(found.length).toBe(sizeOf([CLASSES]) * EXAMPLES);
      margins.forEach(({ other, example }, row) => {
        expect(found[other * EXAMPLES + example]).toBeCloseTo(lower[row], 12);
      });
      LABELS.forEach((label, b) => {
        expect(found[label * EXAMPLES + b]).toBe(0);
      });
    }),
  );

  it("of labels that there are", () =>
    over(async (_bench, intervals) => {
      expect(() => intervals.margins(Int32Array.of(0, CLASSES))).toThrow("label 3 of example 1");
    }));

  it("of a choice: the largest of each end", async () => {
    const network = sequential([1, 1, 2], [maxPool({ kernel: [1, 2] }), flatten(), linear(2)]);
    const bench = new Bench(lively(network, 1));
    using tape = new Tape(bench.backend, { record: false });
    const bindings = fixedBindings(bench.parameters);
    const x = Float64Array.of(0.5, 0.75);
    const ball = bench.ball(x, 1, { norm: "linf", epsilon: { perFeature: Float64Array.of(0.5, 0.125) } });
    const { lower, upper } = IntervalNetwork.over(tape, network, bindings, ball).boundsOf(1);
    expect([...(await bench.values(lower)), ...(await bench.values(upper))]).toEqual([0.625, 1]);
    const round = bench.ball(x, 1, { norm: "l2", epsilon: 0.5 });
    expect(() => IntervalNetwork.over(tape, network, bindings, round)).toThrow("expected linf balls");
  });
});
