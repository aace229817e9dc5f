import { describe, expect, it } from "vitest";
import { Tape } from "../../src/autodiff/index.js";
import type { Dtype } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import type { DualGraph } from "../../src/dual/dual-graph.js";
import type { AffineRule } from "../../src/dual/dual-layer.js";
import { ruleOf } from "../../src/dual/layers/index.js";
import { Rounding } from "../../src/dual/rounding.js";
import { Sketcher } from "../../src/dual/sketch.js";
import { geometricMeanEstimator } from "../../src/estimators/geometric-mean.js";
import { linear } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";
import { fixedBindings, uploadWeights } from "../../src/network/weights.js";

describe("projections in single precision", () => {
  const K = 8;
  // A matrix and its inverse: large numbers cancel, and what is left is mostly rounding.
  const network = sequential([2], [linear(2), linear(2), linear(2)]);
  const values: readonly (readonly number[])[] = [
    ...[
      [1, K, K, K * K + 1],
      [0, 0],
      [K * K + 1, -K, -K, 1],
      [0, 0],
      [1, 1, 1, -1],
      [0, 0],
    ],
  ];
  const weights = new Map(network.parameters.map(({ name }, i) => [name, Float64Array.from(values[i])]));
  const radii = async (dtype: Dtype, seed: number, rounding: Rounding | null) => {
    const own = createPortableBackend({ dtype });
    using tape = new Tape(own, { record: false });
    const bindings = fixedBindings(uploadWeights(own, { network, weights }));
    const layers = network.nodes.map(({ layer }, node) =>
      layer
        ? (ruleOf(layer) as AffineRule<Layer>).bind(tape, layer, network.context(node, bindings))
        : undefined,
    );
    const ball = tape.own(own.upload(2, 1, Float64Array.of(1, 0.5)));
    const graph: DualGraph = {
      ...{ network, layers, ballCentre: ball, ballRadius: ball, dualOrder: 1 },
      ...{ rounding, inputError: undefined, errors: [] },
    };
    const tail = { dimension: 4, sketches: 2, delta: 0.5, estimates: 100, epsilon: 0 };
    const sketcher = new Sketcher(tape, graph, geometricMeanEstimator({ tail, seed }));
    return [...(await own.read(sketcher.radius(3).value))];
  };

  it("are not below those of exact numbers, as those without an account of rounding are", async () => {
    const counted = new Rounding("float32", network, "float32", { summed: false });
    let short = 0;
    for (let seed = 0; seed < 20; seed++) {
      const exact = await radii("float64", seed, null);
      const [bounds, plain] = [await radii("float32", seed, counted), await radii("float32", seed, null)];
      for (const [i, radius] of exact.entries()) {
        expect(bounds[i]).toBeGreaterThanOrEqual(radius);
        // Some digits are left: a bound of everything is none.
        expect(bounds[i]).toBeLessThan(radius * 1.5);
        if (plain[i] < radius) short += 1;
      }
    }
    expect(short).toBeGreaterThan(5);
  });
});
