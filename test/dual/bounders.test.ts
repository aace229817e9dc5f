import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { backward } from "../../src/dual/bounders/backward.js";
import type { Bounder, Neurons, NodeToBound } from "../../src/dual/bounders/bounder.js";
import { box } from "../../src/dual/bounders/box.js";
import { forward } from "../../src/dual/bounders/forward.js";
import { boundersOf } from "../../src/dual/bounders/index.js";
import { patches } from "../../src/dual/bounders/patches.js";
import { boundsOf, boxOf } from "../../src/dual/box.js";
import { type Bounds, NeuronState } from "../../src/dual/dual-layer.js";

import { type NeuronList, unsettled } from "../../src/dual/neuron-lists.js";
import { type LayerReport, planAtSight, planNode } from "../../src/dual/planner.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall } from "../../src/threat/ball.js";
import { boundGraph } from "../support/bound-graph.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";
import { largestRelativeError } from "../support/numbers.js";

const backend = createPortableBackend();
const EXAMPLES = 2;
const NOBODY: NeuronList = { index: new Int32Array(0), owner: new Int32Array(0) };

/** Each node that is bounded, all its neurons unstable in a box one and a half times too wide, and the bounds it should get. */
async function nodesToBound(
  name: string,
  tape: Tape,
): Promise<{ readonly place: NodeToBound; readonly own: Bounds }[]> {
  const { graph, preActivation } = await boundGraph(tape, LAYER_NETWORKS[name](), EXAMPLES);
  return [...preActivation].map(([node, own]) => {
    const wide = boxOf(tape, own);
    const radius = tape.own(backend.scaleBy(wide.radius.value, 1.5, 0.1));
    const loose = { ...wide, radius, precision: "loose" } as const;
    const place: NodeToBound = {
      ...{ tape, graph, node, examples: EXAMPLES, box: loose, lines: "parallel" },
      loose: boundsOf(tape, loose, null),
      bounded: new Map(),
      pieceBytes: 2 ** 26,
      signal: undefined,
    };
    return { place, own };
  });
}

function allUnstable({ graph, node }: NodeToBound): Neurons {
  const { shape } = graph.network.nodes[node];
  const states = new Uint8Array(sizeOf(shape) * EXAMPLES).fill(NeuronState.unstable);
  return { ...unsettled(states, EXAMPLES, shape), tightening: false };
}

describe.each(Object.keys(LAYER_NETWORKS))("%s", (name) => {
  it("all ways that apply give the same bounds", async () => {
    using tape = new Tape(backend, { record: false });
    for (const { place, own } of await nodesToBound(name, tape)) {
      const neurons = allUnstable(place);
      let ways = 0;
      for (const bounder of [backward, patches, forward(null)]) {
        const cost = bounder.cost(place, neurons);
        if (!cost) continue;
        expect(cost.rows).toBeGreaterThan(0);
        const { bounds, box: settled } = await bounder.bound(place, neurons);
        expect(settled.precision).toBe("dual");
        for (const side of ["lower", "upper"] as const) {
          const [found, wanted] = [bounds[side], own[side]].map(({ value }) => backend.read(value));
          expect(largestRelativeError(await found, await wanted), bounder.way).toBeLessThan(1e-11);
        }
        ways += 1;
      }
      expect(ways).toBeGreaterThanOrEqual(2);
      expect(box.cost(place, neurons)).toBeNull();
    }
  });
});

it.each([backward, patches])("a signal stops between pieces of rows: $way", async (bounder) => {
  using tape = new Tape(backend, { record: false });
  const [, { place }] = await nodesToBound("conv2d", tape);
  const neurons = allUnstable(place);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  for (const lines of ["parallel", "two-lines"] as const) {
    const bound = async (pieceBytes: number) =>
      bounder.bound({ ...place, lines, signal, pieceBytes }, neurons);
    await expect(bound(1)).rejects.toBe(reason);
    // A single piece is not interrupted.
    if (lines === "parallel") expect((await bound(2 ** 26)).box.precision).toBe("dual");
  }
});

describe("the planner", () => {
  const offering = (way: Bounder["way"], multiplyAdds: number | null): Bounder => ({
    way,
    cost: () => (multiplyAdds === null ? null : { rows: 1, multiplyAdds }),
    bound: () => {
      throw new Error("not asked");
    },
  });

  it("takes the cheapest, and of equals the plainer, which stands further back", async () => {
    using tape = new Tape(backend, { record: false });
    const [{ place }] = await nodesToBound("conv2d", tape);
    const wayOf = (...bounders: readonly Bounder[]) =>
      planNode(bounders, place, { unstable: NOBODY, active: NOBODY }).way;
    expect(wayOf(offering("forward", 3), offering("patches", 1), offering("backward", 2))).toBe("patches");
    expect(wayOf(offering("forward", 1), offering("patches", null), offering("backward", 1))).toBe(
      "backward",
    );
  });

  it("asks nobody about the neurons of a box whose radius is the dual network's own", async () => {
    using tape = new Tape(backend, { record: false });
    const [{ place }] = await nodesToBound("conv2d", tape);
    const bounders = boundersOf(tape, place.graph, null, null);
    expect(planAtSight(bounders, place)).toBeNull();
    const plan = planAtSight(bounders, { ...place, box: { ...place.box, precision: "dual" } });
    expect(plan).toMatchObject({ way: "box", rows: 0 });
    expect((await plan?.bound())?.bounds).toBe(place.loose);
  });

  it("tightens active neurons with parallel lines only, where these have patches", async () => {
    using tape = new Tape(backend, { record: false });
    const nodes = await nodesToBound("conv2d", tape);
    const plans = nodes.map(({ place }) => {
      const neuron = { index: Int32Array.of(0), owner: Int32Array.of(0) };
      const bounders = boundersOf(tape, place.graph, null, null);
      return (["parallel", "two-lines"] as const).map(
        (lines) => planNode(bounders, { ...place, lines }, { unstable: NOBODY, active: neuron }).way,
      );
    });
    // Above the first convolution, where nothing is left to crop, above the second, and above the linear layer.
    expect(plans).toEqual([
      ["box", "box"],
      ["patches", "box"],
      ["box", "box"],
    ]);
  });

  it("of generators that go along takes every node", async () => {
    const reports: LayerReport[] = [];
    using tape = new Tape(backend, { record: false });
    const network = LAYER_NETWORKS.linear();
    const bindings = fixedBindings(uploadWeights(backend, lively(network, 1)));
    const ball = makeBall(backend, randomExamples(network, 1, 1), 1, { norm: "linf", epsilon: 0.1 });
    await buildDual(tape, network, bindings, ball, {
      direction: "forward",
      onLayer: (report) => reports.push(report),
    });
    expect(reports.map(({ way, rows }) => [way, rows])).toEqual([
      ["forward", 6],
      ["forward", 6 + 9],
    ]);
  });
});
