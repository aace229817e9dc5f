import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import type { FloatArray } from "../../src/compute/backend.js";
import { random } from "../../src/compute/random.js";
import { type IntervalMargins, IntervalNetwork } from "../../src/dual/interval-network.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { fixedBindings } from "../../src/network/weights.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { Bench, randomExamples, samplePoints } from "../support/bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../support/networks.js";

const EXAMPLES = 2;
const LABELS = Int32Array.of(0, 2);
const BALL: BallSpec = { norm: "linf", epsilon: 0.04, box: [0, 1] };
const WAYS: readonly IntervalMargins[] = ["interval", "parallel", "adaptive"];

const CASES = [
  ...Object.entries(LAYER_NETWORKS).map(([name, make]) => [name, make()] as const),
  ...[1, 2, 3, 4, 5, 6].map((seed) => [`random graph ${seed}`, randomGraph(seed)] as const),
];

interface Found {
  readonly margins: Readonly<Record<IntervalMargins, FloatArray>>;
  readonly nodes: ReadonlyMap<number, { readonly lower: FloatArray; readonly upper: FloatArray }>;
}

async function intervalsOf(bench: Bench, x: Float64Array, labels: Int32Array, spec = BALL): Promise<Found> {
  using tape = new Tape(bench.backend, { record: false });
  const ball = bench.ball(x, labels.length, spec);
  const intervals = IntervalNetwork.over(tape, bench.network, fixedBindings(bench.parameters), ball);
  const margins: Partial<Record<IntervalMargins, FloatArray>> = {};
  for (const way of WAYS) margins[way] = await bench.values(intervals.margins(labels, way));
  const nodes = new Map<number, { lower: FloatArray; upper: FloatArray }>();
  for (let node = 1; node <= bench.network.output; node++) {
    const { lower, upper } = intervals.boundsOf(node);
    nodes.set(node, { lower: await bench.values(lower), upper: await bench.values(upper) });
  }
  return { margins: margins as Found["margins"], nodes };
}

describe("interval bounds", () => {
  it.each(CASES)("hold at every node and in every margin: %s", async (_name, network) => {
    const bench = new Bench(lively(network, 3));
    const x = randomExamples(network, EXAMPLES, 5);
    const { margins, nodes } = await intervalsOf(bench, x, LABELS);
    const source = random(1, "points");
    const ball = bench.ball(x, EXAMPLES, BALL);
    const count = 60;
    for (let b = 0; b < EXAMPLES; b++) {
      const values = await bench.nodeValues(await samplePoints(bench, ball, b, count, source), count);
      for (const [node, { lower, upper }] of nodes) {
        values[node].forEach((value, i) => {
          const place = Math.floor(i / count) * EXAMPLES + b;
          expect(value).toBeGreaterThan(lower[place] - 1e-9);
          expect(value).toBeLessThan(upper[place] + 1e-9);
        });
      }
      const logits = values[network.output];
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < network.classes; j++) {
          const margin = logits[LABELS[b] * count + i] - logits[j * count + i];
          for (const way of WAYS) expect(margin).toBeGreaterThan(margins[way][j * EXAMPLES + b] - 1e-9);
        }
      }
    }
  });

  it("are those of interval arithmetic, the last layer's rows subtracted before they are bounded", async () => {
    const network = sequential([2], [linear(2), relu(), linear(3)]);
    const weights = new Map([
      ["linear1.weight", Float64Array.of(1, -1, 2, 1)],
      ["linear1.bias", Float64Array.of(0, -1)],
      ["linear2.weight", Float64Array.of(1, 1, 1, -1, 0, 2)],
      ["linear2.bias", Float64Array.of(0.5, 0, 0)],
    ]);
    const bench = new Bench({ network, weights });
    const { nodes, margins } = await intervalsOf(bench, Float64Array.of(0.5, 0.25), Int32Array.of(0), {
      norm: "linf",
      epsilon: 0.125,
    });
    const [bounds] = [...nodes.values()];
    expect([...bounds.lower, ...bounds.upper].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([
      ...[0, -0.125],
      ...[0.5, 0.625],
    ]);
    // ReLUs lie in [0, 0.5] and [0, 0.625]: z₀ − z₁ = 2 h₂ + 0.5 and z₀ − z₂ = h₁ − h₂ + 0.5.
    expect(margins.interval[1]).toBeCloseTo(0.5, 9);
    expect(margins.interval[2]).toBeCloseTo(-0.125, 9);
  });

  it("are exact of one affine layer, and tell nothing where lines tell more", async () => {
    const bench = new Bench(lively(sequential([5], [linear(3)]), 2));
    const { margins } = await intervalsOf(bench, randomExamples(bench.network, EXAMPLES, 1), LABELS);
    for (const way of WAYS) {
      margins[way].forEach((value, i) => {
        expect(value).toBeCloseTo(margins.interval[i], 9);
      });
    }
  });

  it("are looser than the dual network's, with lines between them in the middle", async () => {
    const means = { interval: 0, parallel: 0, dual: 0 };
    for (let seed = 1; seed <= 8; seed++) {
      const bench = new Bench(lively(LAYER_NETWORKS["two convolutions in a row"](), seed));
      const x = randomExamples(bench.network, EXAMPLES, seed);
      const { margins } = await intervalsOf(bench, x, LABELS);
      const dual = await bench.margins(bench.ball(x, EXAMPLES, BALL), LABELS);
      for (let i = 0; i < dual.length; i++) {
        means.interval += margins.interval[i];
        means.parallel += margins.parallel[i];
        means.dual += dual[i];
      }
    }
    expect(means.interval).toBeLessThan(means.parallel);
    expect(means.parallel).toBeLessThan(means.dual);
  });

  it("refuse balls that are no boxes", async () => {
    const bench = new Bench(lively(sequential([5], [linear(3)]), 2));
    const x = randomExamples(bench.network, EXAMPLES, 1);
    await expect(intervalsOf(bench, x, LABELS, { norm: "l2", epsilon: 0.1 })).rejects.toThrow(
      "interval bounds: expected linf balls, which are boxes, found l2",
    );
  });
});
