import { describe, expect, it } from "vitest";
import {
  multiply,
  norm,
  reshape,
  spread,
  subtract,
  sumRows,
  type Variable,
} from "../../src/autodiff/index.js";
import { Budget } from "../../src/compute/budget.js";
import { indexedOwners, SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { propagateBack } from "../../src/dual/backward.js";
import { affineBox } from "../../src/dual/box-states.js";
import type { AffineDual, BoundLayer, Bounds } from "../../src/dual/dual-layer.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { IntervalNetwork } from "../../src/dual/interval-network.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { ballOf, outward } from "../../src/dual/outward.js";
import type { LayerReport } from "../../src/dual/planner.js";
import { Rounding } from "../../src/dual/rounding.js";
import { wholeRows } from "../../src/dual/view.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import {
  CLASSES,
  double,
  EXAMPLES,
  type Found,
  LABELS,
  MARGINS,
  OWNERS,
  over,
  read,
  TINY,
} from "./dual-bench.js";
import * as dense from "./rules/dense.js";

/** Of a node's neurons, which are unstable by these bounds. */
async function unstableOf({ lower, upper }: Bounds): Promise<boolean[]> {
  const high = await read(upper);
  return (await read(lower)).map((low, i) => low < 0 && high[i] > 0);
}

const countOf = (of: readonly boolean[]) => of.filter(Boolean).length;

describe("what is told of layers", () => {
  const told = async (options: DualOptions & { network?: Network; epsilon?: number }) => {
    const backend = createPortableBackend({ dtype: "float64" });
    // Each time it is waited for is a second.
    let seconds = 0;
    backend.finish = async () => ++seconds;
    const reports: LayerReport[] = [];
    let counts = new Map<number, number>();
    await over({ ...options, backend, onLayer: (report) => reports.push(report) }, async ({ dual }) => {
      counts = new Map(dual.unstableCounts);
    });
    return { reports, counts };
  };

  it("is of every activation, all examples together", async () => {
    const { reports, counts } = await told({ epsilon: 0.3 });
    expect([...counts.keys()]).toEqual([3]);
    const unstable = counts.get(3) as number;
    expect(unstable).toBeGreaterThan(3);
    expect(unstable).toBeLessThan(6 * EXAMPLES);
    expect(reports).toMatchObject([
      { name: "relu1", way: "box", neurons: 5 * EXAMPLES, unstable: 0, rows: 0, multiplyAdds: 0, seconds: 1 },
      { name: "relu2", neurons: 6 * EXAMPLES, unstable, seconds: 1 },
    ]);
  });

  it("by intervals is how many are unstable, where somebody wants to hear of it", async () => {
    const { reports, counts } = await told({ method: "interval", epsilon: 0.3 });
    expect(reports.map(({ way, rows, multiplyAdds }) => [way, rows, multiplyAdds])).toEqual([
      ["box", 0, 0],
      ["box", 0, 0],
    ]);
    expect(reports.map(({ unstable }) => unstable)).toEqual([counts.get(1), counts.get(3)]);
    await over({ method: "interval", epsilon: 0.3 }, async ({ dual }) => {
      expect([...dual.unstableCounts]).toEqual([]);
      const found = await Promise.all([...dual.preActivation.values()].map(unstableOf));
      expect(found.map(countOf)).toEqual([...counts.values()]);
    });
  });

  it("of generators is those of the input and of neurons that were unstable, or may be", async () => {
    const wide = [linear(60), linear(60), linear(60)];
    const network = sequential([2], [linear(6), relu(), ...wide, relu(), linear(CLASSES)]);
    const { reports } = await told({ network, epsilon: 1 });
    expect(reports.map(({ way, rows }) => [way, rows])).toEqual([
      ["box", 0],
      ["forward", (2 + 6) * EXAMPLES],
    ]);
  });
});

it.each([
  { budget: new Budget(2 ** 30), record: false, waits: true },
  { budget: new Budget(2 ** 30), record: true, waits: false },
  { budget: undefined, record: false, waits: false },
])(
  "waits for each layer where there is a budget and nothing is recorded: %o",
  async ({ waits, ...options }) => {
    const backend = createPortableBackend({ dtype: "float64" });
    let times = 0;
    backend.finish = async () => ++times;
    await over({ ...options, backend }, async () => {});
    expect(times).toBe(waits ? 5 : 0);
  },
);

it("neurons that the box decides have no row of their own unless all are wanted", async () => {
  await over({ epsilon: 0.3 }, async ({ dual }) => {
    expect(dual.unstableCounts.get(3)).toBeLessThan(6 * EXAMPLES);
  });
  await over({ epsilon: 1, complete: true }, async ({ dual }) => {
    expect(dual.unstableCounts.get(3)).toBe(6 * EXAMPLES);
  });
});

it("bounds that are known are not bounded again", () =>
  over({}, async ({ dual }) => {
    const known = new Map<number, Bounds<Float64Array>>();
    for (const [node, { lower, upper }] of dual.preActivation) {
      known.set(node, {
        lower: Float64Array.from(await read(lower), (low) => low - 0.5),
        upper: Float64Array.from(await read(upper), (high) => high + 0.5),
      });
    }
    await over({ known }, async ({ dual: again }) => {
      for (const [node, { lower, upper }] of again.preActivation) {
        expect(await read(lower)).toEqual([...(known.get(node)?.lower ?? [])]);
        expect(await read(upper)).toEqual([...(known.get(node)?.upper ?? [])]);
      }
      expect([...again.unstableCounts]).toEqual([]);
    });
  }));

describe("boxes", () => {
  it("of activations are the network's own where those before are", async () => {
    const twice = sequential([4], [linear(5), relu(), relu(), linear(6), relu(), relu(), linear(CLASSES)]);
    await over({ network: twice, epsilon: 0.1 }, async ({ dual }) => {
      const found = new Map<number, number>();
      for (const [node, bounds] of dual.preActivation) found.set(node, countOf(await unstableOf(bounds)));
      // The first linear layer's box is exact, and so the first activation's: nobody looks at their neurons.
      expect([...dual.preActivation.keys()]).toEqual([1, 2, 4, 5]);
      expect(dual.unstableCounts.has(1)).toBe(false);
      expect(dual.unstableCounts.has(2)).toBe(false);
      expect(dual.unstableCounts.has(4)).toBe(true);
      // Active neurons kept their loose width, which went on.
      const [low, high] = [dual.preActivation.get(4)?.lower, dual.preActivation.get(4)?.upper];
      const active = (await read(low as Variable)).filter((value) => value >= 0).length;
      expect([active > 0, high !== undefined]).toEqual([true, true]);
      expect(dual.unstableCounts.has(5)).toBe(true);
    });
  });

  it.each(["parallel", "adaptive"] as const)("pass gradients where the paper's bound does: %s", (method) =>
    over({ method, record: true, epsilon: 0.05 }, async ({ dual, tape, bindings }) => {
      const bounds = dual.preActivation.get(3) as Bounds;
      const stable = (await unstableOf(bounds)).map((own) => (own ? 0 : 1));
      expect(stable).toContain(1);
      const mask = dense.uploaded(tape, { features: 6, rows: EXAMPLES, values: Float64Array.from(stable) });
      const width = multiply(tape, subtract(tape, bounds.upper, bounds.lower), mask);
      const total = sumRows(tape, reshape(tape, width, 1, 6 * EXAMPLES), SHARED, 1);
      const tracked = [...bindings.values()].filter((variable) => variable.tracked);
      const sizes: number[] = [];
      for (const gradient of tape.gradients(total, tracked)) {
        if (gradient) sizes.push(...(await double.read(gradient)).map(Math.abs));
      }
      expect(Math.max(0, ...sizes) > 1e-9).toBe(method === "adaptive");
    }),
  );
});

it("by intervals bounds are those of interval arithmetic", () =>
  over({ method: "interval" }, async ({ dual, tape, ball, bindings }) => {
    const intervals = IntervalNetwork.over(tape, dual.network, bindings, ball);
    for (const [node, { lower, upper }] of dual.preActivation) {
      const wanted = intervals.boundsOf(node);
      expect(dense.listDistance(await read(lower), await read(wanted.lower))).toBeLessThan(TINY);
      expect(dense.listDistance(await read(upper), await read(wanted.upper))).toBeLessThan(TINY);
    }
    const margins = await read(dual.margins(LABELS));
    expect(dense.listDistance(margins, await read(intervals.margins(LABELS)))).toBeLessThan(TINY);
  }));

it("of two lines each side has its own row, between those of intervals", () =>
  over({ method: "adaptive", complete: true, epsilon: 0.3 }, async ({ dual, tape, own, ball, bindings }) => {
    const [node, features] = [3, 6];
    const index = Int32Array.from({ length: features * EXAMPLES }, (_, i) => Math.floor(i / EXAMPLES));
    const view = wholeRows(own, indexedOwners(index.map((_, i) => i % EXAMPLES)));
    const side = async (sign: 1 | -1) => {
      const { centre, radius } = propagateBack(tape, own, view, { node, index, sign }, { centre: true });
      return read(subtract(tape, centre as Variable, radius));
    };
    const [below, above] = [await side(1), (await side(-1)).map((bound) => -bound)];
    const loose = IntervalNetwork.over(tape, dual.network, bindings, ball).boundsOf(node);
    const [low, high] = [await read(loose.lower), await read(loose.upper)];
    const found = dual.preActivation.get(node) as Bounds;
    const lower = low.map((bound, i) => Math.max(bound, below[i]));
    const upper = high.map((bound, i) => Math.min(bound, above[i]));
    expect(dense.listDistance(await read(found.lower), lower)).toBeLessThan(TINY);
    expect(dense.listDistance(await read(found.upper), upper)).toBeLessThan(TINY);
    expect(lower.some((bound, i) => bound > low[i] + 1e-6)).toBe(true);
  }));

/** What rounding there is of a network, and lines that were moved outward by that at each activation. */
function outwardGraph({ dual, tape, ball, bindings }: Found, method: "parallel" | "adaptive") {
  const { network } = dual;
  const rounding = new Rounding("float64", network, "float32", { summed: method === "adaptive" });
  const { nodes } = dual.gathered() as NonNullable<ReturnType<typeof dual.gathered>>;
  const gathered = (node: number) => {
    const { size, error } = nodes.get(node) as { size: Variable; error: Variable };
    return { size: [{ weight: 1, x: size }], error };
  };
  const layers = network.nodes.map(({ layer, inputs }, node): BoundLayer | undefined => {
    if (layer === null) return undefined;
    const context = network.context(node, bindings);
    const rule = ruleOf(layer);
    if (rule.form === "affine") return rule.bind(tape, layer, context);
    const [input] = inputs as readonly number[];
    const bounds = dual.preActivation.get(input) as Bounds;
    const parallel = () => rule.parallel(tape, layer, context, bounds);
    const own = method === "parallel" ? parallel() : rule.adaptive(tape, layer, context, bounds);
    return outward(tape, rounding, own, parallel, gathered(input), layer, bounds);
  });
  return { rounding, gathered, graph: { network, layers, errors: [], ...ballOf(tape, ball, rounding) } };
}

describe.each(["parallel", "adaptive"] as const)("outward, %s", (method) => {
  it.each(["linf", "l2"] as const)(
    "rounding of every layer is in its lines, and that of the output beside them: %s",
    (norm_) =>
      over({ method, norm: norm_, rounding: "float32", epsilon: 0.3 }, async (found) => {
        const { dual, tape, c } = found;
        const { rounding, gathered, graph } = outwardGraph(found, method);
        const view = wholeRows(graph, OWNERS);
        const { centre, radius } = propagateBack(
          tape,
          graph,
          view,
          { node: 5, nu: c },
          { centre: method === "adaptive" },
        );
        const middle =
          centre ?? propagateBack(tape, graph, view, { node: 5, nu: c }, { centre: true }).centre;
        const error = norm(tape, c, rounding.ofObjective(tape, gathered(5), CLASSES), OWNERS, 1);
        const lost = spread(tape, dual.gathered()?.floor as Variable, OWNERS, MARGINS.length);
        const wanted = await read(rounding.below(tape, middle as Variable, [radius, error, lost]));
        expect(dense.listDistance(await read(dual.lowerBound(c, OWNERS)), wanted)).toBeLessThan(TINY);
        // All of it is seen at this scale.
        expect(Math.min(...(await read(error)))).toBeGreaterThan(1e-9);
      }),
  );

  it("rounding at the input begins the first layer's: l2", () =>
    over({ method, norm: "l2", rounding: "float32", epsilon: 0.3 }, async (found) => {
      const { rounding, graph } = outwardGraph(found, method);
      const { tape, ball } = found;
      const [centre, radius, error] = [graph.ballCentre, graph.ballRadius, graph.inputError as Variable];
      const chain = rounding.chainAtInput(tape, { centre, radius, error });
      const input = { centre, radius, error, chain, precision: "independent" } as const;
      const settings = { ball, rounding, floor: undefined, isFixed: true };
      const { state } = affineBox(tape, graph.layers[1] as AffineDual, [input], settings);
      const own = found.dual.gathered()?.nodes.get(1)?.error as Variable;
      expect(dense.listDistance(await read(own), await read(state.error as Variable))).toBeLessThan(1e-18);
    }));
});

it.each(["parallel", "adaptive"] as const)(
  "what an activation reads of another has lost what underflows: %s",
  (method) => {
    const backend = createPortableBackend({ dtype: "float32" });
    const network = sequential([4], [linear(5), relu(), relu(), linear(CLASSES)]);
    return over({ network, method, backend, rounding: "float32", epsilon: 0.01 }, async ({ dual }) => {
      const numbers = async ({ value }: Variable) => [...(await backend.read(value))];
      const before = await numbers(dual.preActivation.get(1)?.upper as Variable);
      const off = before.findIndex((upper) => upper < 0);
      expect(off).toBeGreaterThanOrEqual(0);
      const { lower, upper } = dual.preActivation.get(2) as Bounds;
      const [low, high] = [(await numbers(lower))[off], (await numbers(upper))[off]];
      const [floor] = await numbers(dual.gathered()?.floor as Variable);
      expect(floor).toBeGreaterThan(0);
      // The floor at the output is that of a layer more.
      expect(low).toBeLessThan(-floor / 16);
      expect(high).toBeGreaterThan(floor / 16);
    });
  },
);
