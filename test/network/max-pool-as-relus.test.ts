import { expect, it } from "vitest";
import { conv2d, flatten, linear, maxPool, relu } from "../../src/network/build-layer.js";
import { maxPoolAsRelus } from "../../src/network/max-pool-as-relus.js";
import { graph, sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { Bench, randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

it.each([
  ["plain", { kernel: 2 }],
  ["overlapping and padded", { kernel: 3, stride: 2, padding: 1 }],
  ["uneven padding", { kernel: [2, 3], stride: 1, padding: [1, 0, 0, 2] }],
  ["padded below and on the right alone", { kernel: [2, 3], stride: 1, padding: [0, 0, 1, 2] }],
  ["padded above and on the left alone", { kernel: [2, 3], stride: 1, padding: [1, 2, 0, 0] }],
  ["dilated", { kernel: 2, stride: 1, dilation: 2 }],
  ["whole image", { kernel: 6 }],
] as const)("max pooling as ReLUs is the same function: %s", async (_name, options) => {
  const network = sequential(
    [2, 6, 6],
    [
      conv2d(3, { kernel: 3, padding: 1 }),
      maxPool(options as Parameters<typeof maxPool>[0]),
      relu(),
      flatten(),
      linear(4),
    ],
  );
  const model = lively(network, 5);
  const other = { network: maxPoolAsRelus(network), weights: model.weights };
  expect(other.network.nodes.some(({ layer }) => layer?.kind === "max-pool")).toBe(false);
  expect(other.network.parameters).toEqual(
    network.parameters.map((own) => ({ ...own, node: expect.any(Number) })),
  );
  const examples = 20;
  const x = randomExamples(network, examples, 5);
  expect(x.length).toBe(examples * sizeOf(network.inputShape));
  const [expected, found] = await Promise.all(
    [model, other].map((one) => new Bench(one).logits(x, examples)),
  );
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(expected[i], 12);
});

it("parts of a pool have names that no other layer has", () => {
  const network = graph([1, 2, 2], (x, attach) => {
    const pool = attach.named("pool", maxPool({ kernel: 2 }), x);
    return attach.named("pool/flat", linear(2), attach.named("pool/tap", flatten(), pool));
  });
  const names = maxPoolAsRelus(network).nodes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(["pool/flat", "pool/flat'", "pool/tap", "pool/tap'"]));
});

it("a network without max pooling stays what it is", () => {
  const network = sequential([3], [linear(2), relu()]);
  expect(maxPoolAsRelus(network)).toBe(network);
});
