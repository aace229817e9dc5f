import { describe, expect, it } from "vitest";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import { countUnstable, unstableAt, unstableNeurons } from "../../../src/dual/slopes/unstable-neurons.js";
import {
  add,
  flatten,
  hardtanh,
  linear,
  maxPool,
  relu,
  reshape,
  tanh,
} from "../../../src/network/build-layer.js";
import { graph, type Network, sequential } from "../../../src/network/network.js";
import { subjectOf } from "../../../src/network/subject.js";
import { lively } from "../../support/networks.js";
import { ownLayer } from "../rules/own-layer.js";

function subjectFor(network: Network) {
  return subjectOf(createPortableBackend({ dtype: "float64" }), lively(network, 4));
}

const list = (neurons: Int32Array | undefined) => Array.from(neurons ?? []);

describe("unstable neurons", () => {
  const network = graph([4], (x, attach) => {
    const pooled = attach(flatten(), attach(maxPool({ kernel: [1, 2] }), attach(reshape([1, 1, 4]), x)));
    const [a, b] = [attach(relu(), x), attach(tanh(), x)];
    return attach(linear(2), attach(add(), attach(linear(2), a), attach(linear(2), b), pooled));
  });
  const subject = subjectFor(network);
  const node = (kind: string) => network.nodes.findIndex(({ layer }) => layer?.kind === kind);

  it("are those of any activation that reads a node; each of them has the list", () => {
    const bounds = new Map([
      [0, { lower: Float64Array.of(-1, 0, -2, 1), upper: Float64Array.of(1, 1, -1, 2) }],
    ]);
    const unstable = unstableNeurons(subject, bounds);
    expect([...unstable.keys()].sort()).toEqual([node("relu"), node("tanh")].sort());
    // Tanh is never settled.
    for (const neurons of unstable.values()) expect(list(neurons)).toEqual([0, 1, 2, 3]);
    expect(countUnstable(unstable)).toBe(8);
    expect(unstableNeurons(subject, new Map()).size).toBe(0);
    expect(countUnstable(new Map())).toBe(0);
  });

  it("are in the order of neurons, as numbers, whoever leaves them open", () => {
    const one = subjectFor(sequential([12], [relu(), linear(2)]));
    const bent = Float64Array.from({ length: 12 }, (_, i) => (i === 10 || i === 2 ? -1 : 0.5));
    const own = unstableNeurons(one, new Map([[0, { lower: bent, upper: bent.map(() => 1) }]]));
    expect(list(own.get(1))).toEqual([2, 10]);
    const two = graph([3], (x, attach) => attach(add(), attach(relu(), x), attach(hardtanh(), x)));
    const bounds = { lower: Float64Array.of(0.5, 0, -0.5), upper: Float64Array.of(2, 1, 0.5) };
    expect(list(unstableAt(subjectFor(two), 0, bounds))).toEqual([0, 2]);
  });

  it("are to max pooling those of open windows, and none to layers that are exact", () => {
    const reshaped = node("reshape");
    const bounds = { lower: Float64Array.of(0, 2, 0, 0), upper: Float64Array.of(1, 3, 1, 1) };
    expect(list(unstableAt(subject, reshaped, bounds))).toEqual([2, 3]);
    expect(list(unstableAt(subject, 0, bounds))).toEqual([0, 1, 2, 3]);
    expect(list(unstableAt(subject, node("relu"), bounds))).toEqual([]);
    // Branches decide at activations alone.
    expect(unstableNeurons(subject, new Map([[reshaped, bounds]])).size).toBe(0);
    const both = graph([1, 1, 4], (x, attach) => {
      const [first, second] = [
        attach(flatten(), attach(relu(), x)),
        attach(flatten(), attach(maxPool({ kernel: [1, 2] }), x)),
      ];
      return attach(add(), attach(linear(2), first), second);
    });
    const read = subjectFor(both);
    expect(list(unstableAt(read, 0, bounds))).toEqual([2, 3]);
    expect(list(unstableNeurons(read, new Map([[0, bounds]])).get(1))).toEqual([]);
  });

  it("are none to a layer of one's own, of which no lines can be chosen", () => {
    const own = subjectFor(sequential([2], [ownLayer(null), linear(2)]));
    const bounds = { lower: Float64Array.of(-1, -1), upper: Float64Array.of(1, 1) };
    expect(list(unstableAt(own, 0, bounds))).toEqual([]);
  });
});
