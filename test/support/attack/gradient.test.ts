import { describe, expect, it } from "vitest";
import { Bench, randomExamples } from "../bounds.js";
import { LAYER_NETWORKS, lively, randomGraph } from "../networks.js";
import { largestRelativeError } from "../numbers.js";
import { plainNetwork } from "../plain-network.js";
import { gradientAt, valuesAt } from "./gradient.js";

describe.each([
  ...Object.keys(LAYER_NETWORKS).map((name) => [name, LAYER_NETWORKS[name]] as const),
  ...Array.from({ length: 6 }, (_, i) => [`graph ${i}`, () => randomGraph(i)] as const),
])("%s", (_name, build) => {
  const model = lively(build(), 3);
  const plain = plainNetwork(model);
  const x = randomExamples(model.network, 1, 5);
  const values = valuesAt(plain, x);

  it("has the values of the forward pass", async () => {
    const expected = await new Bench(model).nodeValues(x, 1);
    for (const [i, own] of values.entries()) {
      expect(largestRelativeError(own, expected[i])).toBeLessThan(1e-12);
    }
  });

  it("has the gradient of finite differences", () => {
    const weights = Float64Array.from({ length: plain.nodes[plain.output].size }, (_, j) => 1 - 0.7 * j);
    const total = (at: Float64Array) =>
      valuesAt(plain, at)[plain.output].reduce((sum, value, j) => sum + weights[j] * value, 0);
    const step = 1e-6;
    const differences = x.map((_, f) => {
      const moved = (side: number) => x.map((value, k) => (k === f ? value + side * step : value));
      return (total(moved(1)) - total(moved(-1))) / (2 * step);
    });
    expect(largestRelativeError(gradientAt(plain, values, weights), differences)).toBeLessThan(1e-6);
  });
});
