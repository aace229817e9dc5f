import { describe, expect, it } from "vitest";
import type { FloatArray } from "../../src/compute/backend.js";
import { add, batchNorm, conv2d, flatten, linear, relu } from "../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../src/network/network.js";
import type { BallSpec } from "../../src/threat/ball.js";
import { Bench, randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";
import { LinearProgram } from "../support/oracle.js";

/** The solver's own tolerance. */
const TOLERANCE = 1e-6;

const NETWORKS: readonly (readonly [string, () => Network])[] = [
  ["two hidden layers", () => sequential([4], [linear(8), relu(), linear(7), relu(), linear(3)])],
  [
    "three hidden layers",
    () => sequential([3], [linear(8), relu(), linear(8), relu(), linear(7), relu(), linear(3)]),
  ],
  [
    "a convolution with batch norm",
    () =>
      sequential(
        [1, 4, 4],
        [
          conv2d(2, { kernel: 3, stride: 2, padding: 1 }),
          batchNorm(),
          relu(),
          flatten(),
          linear(8),
          relu(),
          linear(3),
        ],
      ),
  ],
  [
    "a skip connection",
    () =>
      graph([4], (x, attach) => {
        const a = attach(relu(), attach(linear(6), x));
        const b = attach(relu(), attach(linear(6), a));
        return attach(linear(3), attach(relu(), attach(add(), attach(linear(6), b), a)));
      }),
  ],
];

interface Setting {
  readonly bench: Bench;
  readonly x: Float64Array;
  readonly spec: BallSpec;
}

function setting(makeNetwork: () => Network, seed: number, spec: BallSpec): Setting {
  const network = makeNetwork();
  return { bench: new Bench(lively(network, seed)), x: randomExamples(network, 1, seed), spec };
}

/** Margins of class 0 against 1 and 2 by the dual network, the LP and the MILP on the same pre-activation bounds. */
async function compare({ bench, x, spec }: Setting, method: "parallel" | "adaptive") {
  const ball = bench.ball(x, 1, spec);
  const dual = await bench.dual(ball, { method, complete: true }, async (network) => {
    const bounds = new Map<number, { lower: FloatArray; upper: FloatArray }>();
    for (const [node, { lower, upper }] of network.preActivation) {
      bounds.set(node, { lower: await bench.values(lower), upper: await bench.values(upper) });
    }
    return { margins: await bench.values(network.margins(Int32Array.of(0))), bounds };
  });
  const [centre, radius] = [await bench.backend.read(ball.centre), await bench.backend.read(ball.radius)];
  const lower = centre.map((value, i) => value - radius[i]);
  const upper = centre.map((value, i) => value + radius[i]);
  const program = (exact: boolean) => LinearProgram.of(bench, lower, upper, dual.bounds, exact);
  const unstable = [...dual.bounds.values()].reduce(
    (sum, { lower: l, upper: u }) => sum + l.filter((value, i) => value < 0 && u[i] > 0).length,
    0,
  );
  const results = [];
  for (const j of [1, 2]) {
    const c = [1, 0, 0].map((value, k) => value - (k === j ? 1 : 0));
    results.push({
      bound: dual.margins[j],
      relaxed: await (await program(false)).minimum(c),
      exact: await (await program(true)).minimum(c),
    });
  }
  return { results, unstable };
}

describe.each(NETWORKS)("against HiGHS: %s", (_, makeNetwork) => {
  it.each([
    ["parallel", 0.08, null],
    ["parallel", 0.3, [0, 1]],
    ["parallel", 0.8, null],
    ["adaptive", 0.08, null],
    ["adaptive", 0.3, [0, 1]],
    ["adaptive", 0.8, null],
  ] as const)(
    "%s bound, epsilon %d: below the LP, which is below the exact minimum",
    async (method, epsilon, box) => {
      let everUnstable = 0;
      for (let seed = 1; seed <= 4; seed++) {
        const { results, unstable } = await compare(
          setting(makeNetwork, seed, { norm: "linf", epsilon, box }),
          method,
        );
        everUnstable += unstable;
        for (const { bound, relaxed, exact } of results) {
          // The dual of the paper's lines is a feasible dual of the LP; adaptive's interval step only tightens bounds
          // that the LP is given too.
          expect(bound).toBeLessThanOrEqual(relaxed + TOLERANCE);
          expect(relaxed).toBeLessThanOrEqual(exact + TOLERANCE);
        }
      }
      expect(everUnstable).toBeGreaterThan(0);
    },
  );

  it.each(["parallel", "adaptive"] as const)(
    "the %s bound is the exact minimum when no ReLU is unstable",
    async (method) => {
      let compared = 0;
      for (let seed = 1; seed <= 12; seed++) {
        const { results, unstable } = await compare(
          setting(makeNetwork, seed, { norm: "linf", epsilon: 0.004 }),
          method,
        );
        if (unstable > 0) continue;
        compared += 1;
        for (const { bound, exact } of results) expect(Math.abs(bound - exact)).toBeLessThan(TOLERANCE);
      }
      expect(compared).toBeGreaterThanOrEqual(3);
    },
  );
});
