import { describe, expect, it } from "vitest";
import { reshape, scaleBy, sumRows, Tape, type Variable } from "../../src/autodiff/index.js";
import { Budget } from "../../src/compute/budget.js";
import { indexedOwners, SHARED } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { propagateBack } from "../../src/dual/backward.js";
import type { Neurons, NodeToBound } from "../../src/dual/bounders/bounder.js";
import { boundByRows, type RowsWay } from "../../src/dual/bounders/rows.js";
import type { LineMethod } from "../../src/dual/dual-options.js";
import type { NeuronList } from "../../src/dual/neuron-lists.js";
import type { Rounding } from "../../src/dual/rounding.js";
import { wholeRows } from "../../src/dual/view.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { sequential } from "../../src/network/network.js";
import { trainedBindings } from "../../src/network/weights.js";
import { boundGraph } from "../support/bound-graph.js";
import * as dense from "./rules/dense.js";

// What each neuron of a node is bounded by, entry after entry: its own row, or the box.

const [NODE, FEATURES, EXAMPLES] = [3, 5, 2];
const NETWORK = sequential([3], [linear(4), relu(), linear(FEATURES), relu(), linear(2)]);
const NOBODY: NeuronList = { index: new Int32Array(0), owner: new Int32Array(0) };
const UNSTABLE: NeuronList = { index: Int32Array.of(4, 0, 2), owner: Int32Array.of(0, 1, 1) };
const ACTIVE: NeuronList = { index: Int32Array.of(1, 3), owner: Int32Array.of(0, 1) };
const backend = createPortableBackend({ dtype: "float64" });

const entries = ({ index, owner }: NeuronList) => Array.from(index, (f, i) => f * EXAMPLES + owner[i]);
const read = async ({ value }: Variable) => Array.from(await backend.read(value));

async function place(tape: Tape, method: LineMethod = "parallel", rounding: Rounding | null = null) {
  const { graph: own, bindings } = await boundGraph(tape, NETWORK, EXAMPLES, method, trainedBindings);
  const graph = { ...own, rounding };
  const all = Int32Array.from({ length: FEATURES * EXAMPLES }, (_, i) => Math.floor(i / EXAMPLES));
  const view = wholeRows(graph, indexedOwners(all.map((_, i) => i % EXAMPLES)));
  const side = async (sign: 1 | -1) => {
    const { centre, radius } = propagateBack(
      tape,
      graph,
      view,
      { node: NODE, index: all, sign },
      { centre: true },
    );
    return { centre: await read(centre as Variable), radius: await read(radius) };
  };
  const [below, above] = [await side(1), await side(-1)];
  // Wider than the dual network's own here, narrower there.
  const wide = below.radius.map((radius, i) => (i % 3 === 2 ? 0.25 : 1.75) * radius);
  const put = (values: readonly number[]) =>
    tape.own(backend.upload(FEATURES, EXAMPLES, Float64Array.from(values)));
  const box = { centre: put(below.centre), radius: put(wide), precision: "loose" } as const;
  const node: NodeToBound = {
    ...{ tape, graph, node: NODE, examples: EXAMPLES, box, bounded: new Map() },
    lines: method === "parallel" ? "parallel" : "two-lines",
    loose: {
      lower: put(below.centre.map((centre, i) => centre - wide[i])),
      upper: put(below.centre.map((centre, i) => centre + wide[i])),
    },
  };
  return { node, below, above, wide, bindings, put };
}

/** Whole rows; `views` has how many rows each piece had. */
function whole(node: NodeToBound, keepsNothing = false): RowsWay & { readonly views: number[] } {
  const views: number[] = [];
  return {
    ...{ features: FEATURES, multiplyAdds: 1, keepsNothing, views },
    view(index, owner) {
      expect(index.length).toBe(owner.length);
      views.push(index.length);
      return wholeRows(node.graph, indexedOwners(owner));
    },
  };
}

const neuronsOf = (unstable: NeuronList, active: NeuronList, tightening = false): Neurons => ({
  ...{ unstable, active, tightening },
});

describe("of parallel lines", () => {
  it.each([
    { unstable: UNSTABLE, active: NOBODY, tightening: false, own: entries(UNSTABLE), precision: "dual" },
    { unstable: UNSTABLE, active: ACTIVE, tightening: false, own: entries(UNSTABLE), precision: "loose" },
    {
      ...{ unstable: UNSTABLE, active: ACTIVE, tightening: true, precision: "loose" },
      own: [...entries(UNSTABLE), ...entries(ACTIVE)],
    },
    { unstable: NOBODY, active: ACTIVE, tightening: true, own: entries(ACTIVE), precision: "loose" },
    { unstable: NOBODY, active: NOBODY, tightening: true, own: [], precision: "dual" },
  ])("$own.length neurons have their own radius, others the box's: $precision", async (given) => {
    for (const budget of [undefined, new Budget(0)]) {
      using tape = new Tape(backend, { record: false });
      const { node, below, wide } = await place(tape);
      const way = whole(node);
      const neurons = neuronsOf(given.unstable, given.active, given.tightening);
      const { box, bounds } = await boundByRows({ ...node, budget }, neurons, way);
      const radius = wide.map((loose, i) => (given.own.includes(i) ? below.radius[i] : loose));
      expect(dense.listDistance(await read(box.radius), radius)).toBeLessThan(1e-12);
      expect(box.centre).toBe(node.box.centre);
      expect(box.precision).toBe(given.precision);
      for (const [side, sign] of [
        [bounds.lower, -1],
        [bounds.upper, 1],
      ] as const) {
        const wanted = below.centre.map((centre, i) => centre + sign * radius[i]);
        expect(dense.listDistance(await read(side), wanted)).toBeLessThan(1e-12);
      }
      expect(way.views.reduce((a, b) => a + b, 0)).toBe(given.own.length);
      // Without memory, row after row.
      if (budget) expect(way.views).toEqual(given.own.map(() => 1));
    }
  });

  it("that keep nothing are a matter of time alone", async () => {
    using tape = new Tape(backend, { record: false });
    const { node } = await place(tape);
    const way = whole(node, true);
    await boundByRows({ ...node, budget: new Budget(0) }, neuronsOf(UNSTABLE, NOBODY), way);
    expect(way.views).toEqual([3]);
  });

  it("leave nothing of their pieces behind", async () => {
    using tape = new Tape(backend, { record: false });
    const { node } = await place(tape);
    const before = backend.memory().liveBytes;
    await boundByRows(node, neuronsOf(UNSTABLE, NOBODY), whole(node));
    // Radii, the box and its ends: ν itself would be as large as all of them.
    expect(backend.memory().liveBytes - before).toBe(8 * (3 + 3 * FEATURES * EXAMPLES));
  });

  it("have a gradient, unless their neurons are active", async () => {
    for (const [unstable, active, most] of [
      [UNSTABLE, NOBODY, 1],
      [NOBODY, ACTIVE, 0],
    ] as const) {
      const found: number[][] = [];
      for (const pieceBytes of [undefined, 16]) {
        using tape = new Tape(backend, { record: true });
        const { node, bindings } = await place(tape);
        const box = { ...node.box, radius: scaleBy(tape, node.box.radius, 1) };
        const { box: own } = await boundByRows(
          { ...node, box, pieceBytes },
          neuronsOf(unstable, active, true),
          whole(node),
        );
        const total = sumRows(tape, reshape(tape, own.radius, 1, FEATURES * EXAMPLES), SHARED, 1);
        const tracked = [...bindings.values()].filter((variable) => variable.tracked);
        const sizes = tape.gradients(total, tracked).flatMap((gradient) => (gradient ? [gradient] : []));
        const values: number[] = [];
        for (const gradient of sizes) values.push(...(await backend.read(gradient)));
        found.push(values);
      }
      expect(found[0].some((value) => value !== 0)).toBe(most > 0);
      expect(dense.listDistance(found[1], found[0])).toBeLessThan(1e-12);
    }
  });
});

describe("of two lines", () => {
  it.each([
    { budget: undefined, pieces: [3, 3] },
    { budget: new Budget(0), pieces: [1, 1, 1, 1, 1, 1] },
  ])("each side takes a row, and neither is wider than the box: $pieces", async ({ budget, pieces }) => {
    using tape = new Tape(backend, { record: false });
    const { node, below, above, wide } = await place(tape, "adaptive");
    // Their centre is wanted, which keeps something.
    const way = whole(node, true);
    const { box, bounds } = await boundByRows({ ...node, budget }, neuronsOf(UNSTABLE, ACTIVE, true), way);
    expect(box).toBe(node.box);
    expect(way.views).toEqual(pieces);
    const own = entries(UNSTABLE);
    const lower = below.centre.map((centre, i) => {
      const loose = centre - wide[i];
      return own.includes(i) ? Math.max(loose, centre - below.radius[i]) : loose;
    });
    const upper = below.centre.map((centre, i) => {
      const loose = centre + wide[i];
      return own.includes(i) ? Math.min(loose, above.radius[i] - above.centre[i]) : loose;
    });
    expect(dense.listDistance(await read(bounds.lower), lower)).toBeLessThan(1e-12);
    expect(dense.listDistance(await read(bounds.upper), upper)).toBeLessThan(1e-12);
  });

  it.each([0.5, undefined])("are rounded outward, with what the box has not taken in: %s", async (error) => {
    using tape = new Tape(backend, { record: false });
    const rounding = {
      radius: (_own: Tape, radius: Variable) => radius,
      ofCentre: (own: Tape, { value }: Variable) => own.own(backend.filled(value.features, value.rows, 0)),
      down: (own: Tape, x: Variable) => scaleBy(own, x, 1, -0.125),
      up: (own: Tape, x: Variable) => scaleBy(own, x, 1, 0.125),
    } as unknown as Rounding;
    const { node, below, above, wide, put } = await place(tape, "adaptive", rounding);
    // A box that is wide everywhere.
    const loose = {
      lower: put(below.centre.map((centre, i) => centre - 8 * wide[i] - 9)),
      upper: put(below.centre.map((centre, i) => centre + 8 * wide[i] + 9)),
    };
    const box = { ...node.box, error: error && put(wide.map(() => error)) } as NodeToBound["box"];
    const { bounds } = await boundByRows({ ...node, box, loose }, neuronsOf(UNSTABLE, NOBODY), whole(node));
    const [lower, upper] = [await read(bounds.lower), await read(bounds.upper)];
    for (const i of entries(UNSTABLE)) {
      expect(lower[i]).toBeCloseTo(below.centre[i] - below.radius[i] - 0.25 - (error ?? 0), 12);
      expect(upper[i]).toBeCloseTo(above.radius[i] - above.centre[i] + 0.25 + (error ?? 0), 12);
    }
  });
});
