import { type RandomSource, random } from "../../src/compute/random.js";
import type { OutputConstraint, Property, PropertyCase } from "../../src/formats/vnnlib/property.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, type Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";

/** A small network of linear layers and ReLUs, sometimes with a skip connection, and weights that make it wiggle. */
export function randomModel(seed: number): Model {
  const source = random(seed, "model");
  const inputs = 1 + source.integer(6);
  const depth = 1 + source.integer(3);
  const width = 3 + source.integer(8);
  const network = graph([inputs], (input, attach) => {
    let x = attach(relu(), attach(linear(width), input));
    for (let i = 1; i < depth; i++) {
      const next = attach(linear(width), x);
      x = attach(relu(), source.uniform() < 0.3 ? attach(add(), next, x) : next);
    }
    return attach(linear(1 + source.integer(4)), x);
  });
  const weights = new Map(
    network.parameters.map(({ name, shape }) => {
      const fan = shape.length > 1 ? shape[1] : 4;
      const scale = 1.4 / Math.sqrt(fan);
      return [name, Float64Array.from({ length: sizeOf(shape) }, () => scale * source.normal())];
    }),
  );
  return { network, weights };
}

/** Outputs of such a model, by its definition. */
export function outputsOf({ network, weights }: Model, input: ArrayLike<number>): number[] {
  const values: number[][] = [Array.from(input)];
  for (const [i, { layer, inputs, name, shape }] of (network as Network).nodes.entries()) {
    if (layer === null) continue;
    const [x] = inputs.map((from) => values[from]);
    if (layer.kind === "relu") values[i] = x.map((value) => Math.max(0, value));
    else if (layer.kind === "add")
      values[i] = x.map((_, f) => inputs.reduce((a, from) => a + values[from][f], 0));
    else {
      const weight = weights.get(`${name}.weight`) as Float64Array;
      const bias = weights.get(`${name}.bias`) as Float64Array;
      values[i] = Array.from({ length: sizeOf(shape) }, (_, f) =>
        x.reduce((total, value, k) => total + weight[f * x.length + k] * value, bias[f]),
      );
    }
  }
  return values[network.output];
}

/**
 * A property with one to three cases of one to three rows. The bounds lie about where the least value that sampling found
 * does, so that about half of them hold, many by little.
 */
export function randomProperty(model: Model, seed: number): Property {
  const source = random(seed, "property");
  const inputs = sizeOf(model.network.inputShape);
  const outputs = sizeOf(model.network.outputShape);
  const box = {
    lower: Float64Array.from({ length: inputs }, () => -source.uniform()),
    upper: Float64Array.from({ length: inputs }, () => source.uniform()),
  };
  const cases: PropertyCase[] = Array.from({ length: 1 + source.integer(3) }, () => {
    const rows = Array.from({ length: 1 + source.integer(3) }, () =>
      Array.from({ length: outputs }, () =>
        source.uniform() < 0.3 ? 0 : Math.round(4 * source.normal()) / 2,
      ),
    );
    const offsets = rows.map(() => source.normal());
    const least = sampledLeast(model, box, rows, offsets, source);
    const shift = least + (0.02 + 0.5 * source.uniform()) * (source.uniform() < 0.75 ? -1 : 1);
    const constraints = rows.map(
      (coefficients, row): OutputConstraint => ({
        terms: coefficients.map((coefficient, output) => ({ output, coefficient })),
        bound: offsets[row] + shift,
        strict: false,
      }),
    );
    return { box, constraints };
  });
  return { inputs, outputs, cases };
}

function sampledLeast(
  model: Model,
  box: PropertyCase["box"],
  rows: readonly (readonly number[])[],
  offsets: readonly number[],
  source: RandomSource,
): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 300; i++) {
    const x = box.lower.map((low, f) => low + source.uniform() * (box.upper[f] - low));
    const y = outputsOf(model, x);
    const value = Math.max(...rows.map((row, r) => row.reduce((sum, c, k) => sum + c * y[k], -offsets[r])));
    least = Math.min(least, value);
  }
  return least;
}
