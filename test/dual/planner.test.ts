import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import { certifyBatch } from "../../src/certify/certify.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { costBelow, costOfGenerators, firstReaders, layerCost } from "../../src/dual/cost.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import type { LayerReport } from "../../src/dual/planner.js";
import { architecture } from "../../src/network/architectures.js";
import { linear, relu } from "../../src/network/build-layer.js";
import { type Network, sequential } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";
import { makeBall, releaseBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

const backend = createPortableBackend();
const SMALL = architecture("small", { inputShape: [1, 28, 28], classes: 10 });

/** What is told of each layer, and the margins. */
async function reports(
  network: Network,
  epsilon: number,
  options: DualOptions = {},
): Promise<{ layers: LayerReport[]; margins: readonly number[] }> {
  const layers: LayerReport[] = [];
  const x = randomExamples(network, 2, 1);
  const parameters = uploadWeights(backend, lively(network, 1));
  const { examples } = await certifyBatch(
    { backend, network, parameters },
    { x, labels: Int32Array.of(0, 1) },
    {
      norm: "linf",
      epsilon,
      rounding: null,
      ...options,
      against: "label",
      onLayer: (report) => layers.push(report),
    },
  );
  return { layers, margins: examples.flatMap(({ marginLower }) => marginLower) };
}

describe("costs", () => {
  it("are those of the paper's small network", () => {
    const costs = SMALL.nodes.map((_, node) => layerCost(SMALL, node));
    const named = Object.fromEntries(SMALL.nodes.map(({ name }, node) => [name, costs[node]]));
    // 14 and 7 positions per axis with kernels of 4, of which padding takes one tap at each end.
    expect(named).toMatchObject({ conv2d1: 16 * 54 ** 2, conv2d2: 16 * 32 * 26 ** 2, linear1: 1568 * 100 });
    expect(costBelow(SMALL, SMALL.output)).toBe(costs.slice(0, SMALL.output).reduce((a, b) => a + b, 0));
  });

  it("count each generator from where it arises", () => {
    const network = sequential([3], [linear(5), relu(), linear(4)]);
    const generators = new Map([
      [0, 2],
      [2, 7],
    ]);
    expect(costOfGenerators(network, 3, generators)).toBe(2 * (15 + 10 + 20) + 7 * 20);
  });

  it.each(Object.keys(LAYER_NETWORKS))("of generators are those of each by itself: %s", (name) => {
    const network = LAYER_NETWORKS[name]();
    for (const [node] of network.nodes.entries()) {
      const generators = new Map(network.nodes.slice(0, node).map((_, origin) => [origin, 3 * origin + 1]));
      const apart = [...generators].map((one) => costOfGenerators(network, node, new Map([one])));
      expect(costOfGenerators(network, node, generators)).toBe(apart.reduce((a, b) => a + b, 0));
    }
  });

  it("of generators of every layer of a chain are found by a look at each, however long it is", () => {
    const looksOf = (depth: number): number => {
      const chain = sequential(
        [2],
        [...Array.from({ length: depth }, () => [linear(2), relu()]).flat(), linear(2)],
      );
      let looks = 0;
      const nodes = new Proxy(chain.nodes, {
        get(target, key, receiver) {
          if (typeof key === "string" && /^\d+$/.test(key)) looks += 1;
          return Reflect.get(target, key, receiver);
        },
      });
      const generators = new Map(chain.nodes.map((_, node) => [node, 2]));
      costOfGenerators({ nodes } as Network, chain.output, generators);
      return looks;
    };
    expect(looksOf(100)).toBeGreaterThan(200);
    expect(looksOf(200) / looksOf(100)).toBeLessThan(2.1);
  });

  it("have the first reader of each node", () => {
    const network = sequential([3], [linear(5), relu(), linear(4)]);
    expect([...firstReaders(network)]).toEqual([1, 2, 3, -1]);
    for (const build of Object.values(LAYER_NETWORKS)) {
      const graph = build();
      const readers = graph.nodes.map((_, node) =>
        graph.nodes.findIndex(({ inputs }) => (inputs as readonly number[]).includes(node)),
      );
      expect([...firstReaders(graph)]).toEqual(readers);
    }
  });
});

describe("the planner", () => {
  it("takes patches after a convolution, whole rows after a linear layer, the box where it decides all", async () => {
    const { layers } = await reports(SMALL, 0.05);
    const ways = layers.map(({ name, way }) => [name, way]);
    expect(ways).toEqual([
      ["relu1", "box"],
      ["relu2", "patches"],
      ["relu3", "backward"],
      ["margins", "backward"],
    ]);
    for (const { unstable, rows, neurons, multiplyAdds, seconds } of layers) {
      expect(unstable).toBeLessThanOrEqual(neurons);
      expect(rows === 0).toBe(multiplyAdds === 0);
      expect(seconds).toBeGreaterThanOrEqual(0);
    }
    const tiny = await reports(SMALL, 1e-9);
    expect(tiny.layers.slice(0, 3).map(({ unstable }) => unstable)).toEqual([0, 0, 0]);
  });

  it("pushes forward where inputs are few and neurons many, with the same bounds", async () => {
    const network = sequential([2], [linear(64), linear(64), linear(80), relu(), linear(3)]);
    const { layers, margins } = await reports(network, 0.2);
    expect(layers.map(({ way }) => way)).toContain("forward");
    const rows = await reports(network, 0.2, { pieceBytes: 1 });
    expect(rows.layers.map(({ way }) => way)).not.toContain("forward");
    const scale = Math.max(...margins.map(Math.abs));
    margins.forEach((margin, i) => {
      expect(Math.abs(margin - rows.margins[i]) / scale).toBeLessThan(1e-12);
    });
  });

  it.each(Object.entries(LAYER_NETWORKS))(
    "margins that the box proves drop out: %s",
    async (_name, makeNetwork) => {
      const network = makeNetwork();
      const parameters = uploadWeights(backend, lively(network, 1));
      const examples = 6;
      const x = randomExamples(network, examples, 4);
      let dropped = 0;
      for (const epsilon of [0.3, 0.01, 1e-4]) {
        const verdicts = (margins: "all" | "open") =>
          certifyBatch({ backend, network, parameters }, { x }, { norm: "linf", epsilon, margins });
        const [all, open] = [await verdicts("all"), await verdicts("open")];
        all.examples.forEach(({ certified, marginLower }, b) => {
          const other = open.examples[b];
          expect(other.certified).toBe(certified);
          marginLower.forEach((margin, j) => {
            if (other.marginLower[j] === margin) return;
            // A looser bound only where it is a proof, or no longer matters; rows that are bounded again may round otherwise.
            const same = Math.abs(other.marginLower[j] - margin) <= 1e-12 * Math.max(1, Math.abs(margin));
            if (!same) {
              dropped += 1;
              if (certified) expect(other.marginLower[j]).toBeGreaterThan(0);
              expect(other.marginLower[j]).toBeLessThan(margin);
            }
          });
        });
      }
      if (_name === "linear") expect(dropped).toBeGreaterThan(0);
    },
  );

  it("the most doubtful margin of an example comes first, and alone where it is hopeless", async () => {
    const network = LAYER_NETWORKS.linear();
    const parameters = uploadWeights(backend, lively(network, 1));
    const [examples, { classes }] = [5, network];
    const x = randomExamples(network, examples, 4);
    const bounded = async (epsilon: number, margins: "all" | "open"): Promise<number> => {
      let rows = 0;
      const onLayer = (report: LayerReport): void => {
        if (report.name === "margins") rows = report.rows;
      };
      await certifyBatch(
        { backend, network, parameters },
        { x },
        { norm: "linf", epsilon, margins, onLayer },
      );
      return rows;
    };
    expect(await bounded(100, "all")).toBe(examples * (classes - 1));
    expect(await bounded(100, "open")).toBe(examples);
  });

  it.each(Object.entries(LAYER_NETWORKS))("changes no bound: %s", async (_name, makeNetwork) => {
    const network = makeNetwork();
    const x = randomExamples(network, 2, 1);
    using tape = new Tape(backend, { record: false });
    const bindings = fixedBindings(uploadWeights(backend, lively(network, 1)));
    const ball = makeBall(backend, x, 2, { norm: "linf", epsilon: 0.05 });
    const values = async (options: DualOptions) => {
      const dual = await buildDual(tape, network, bindings, ball, options);
      return backend.read(dual.margins(Int32Array.of(0, 1)).value);
    };
    const [planned, complete] = [await values({}), await values({ complete: true })];
    const scale = Math.max(...complete.map(Math.abs));
    planned.forEach((margin, i) => {
      expect(Math.abs(margin - complete[i]) / scale).toBeLessThan(1e-12);
    });
    releaseBall(ball);
  });
});
