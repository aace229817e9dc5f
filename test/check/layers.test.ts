import { describe, expect, it } from "vitest";
import { boundPart, lowerBound } from "../../src/check/bounds.js";
import { checkedNetwork } from "../../src/check/network.js";
import { MACHINES } from "../../src/check/rounding.js";
import { createBackend } from "../../src/compute/index.js";
import { random } from "../../src/compute/random.js";
import { sizeOf } from "../../src/network/shape.js";
import { outputsAt, subjectOf } from "../../src/network/subject.js";
import { LAYER_NETWORKS, lively } from "../support/networks.js";

describe("bounds", () => {
  it.each(Object.keys(LAYER_NETWORKS))("%s", async (name) => {
    const model = lively(LAYER_NETWORKS[name](), 3);
    const backend = await createBackend("portable", { dtype: "float64" });
    const subject = subjectOf(backend, model);
    const n = sizeOf(model.network.inputShape);
    const source = random(1, name);
    const x = Float64Array.from({ length: n }, () => source.uniform());
    for (const eps of [0, 0.01]) {
      const region = { lower: x.map((v) => v - eps), upper: x.map((v) => v + eps) };
      const net = checkedNetwork(model, MACHINES.real);
      const part = boundPart(net, region, null);
      const { from, to } = net.layers.at(-1)!;
      const lows = Array.from({ length: to - from }, (_, j) =>
        lowerBound(net, part, [{ neuron: from + j, coefficient: 1 }], 0),
      );
      const highs = Array.from(
        { length: to - from },
        (_, j) => -lowerBound(net, part, [{ neuron: from + j, coefficient: -1 }], 0),
      );
      const y = await outputsAt(subject, x, 1);
      for (const [j, v] of y.entries()) {
        expect(lows[j]).toBeLessThanOrEqual(v);
        expect(highs[j]).toBeGreaterThanOrEqual(v);
      }
    }
  });
});
