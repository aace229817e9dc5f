import { type RandomSource, random } from "../../src/compute/random.js";
import type {
  InputBox,
  OutputConstraint,
  Property,
  PropertyCase,
} from "../../src/formats/vnnlib/property.js";
import { add, linear, relu } from "../../src/network/build-layer.js";
import { graph, type Handle, type Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";

/**
 * A small network of one to four hidden layers of ReLUs, sometimes with skip connections, up to 20 inputs, and weights that
 * make it wiggle. In some the last two outputs are equal everywhere.
 */
export function randomModel(seed: number): Model {
  const source = random(seed, "model");
  const inputs = source.uniform() < 0.7 ? 1 + source.integer(6) : 7 + source.integer(14);
  const depth = 1 + source.integer(4);
  const width = 3 + source.integer(depth > 2 ? 6 : 9);
  const outputs = 1 + source.integer(4);
  const network = graph([inputs], (input, attach) => {
    const hidden: Handle[] = [attach(relu(), attach(linear(width), input))];
    for (let i = 1; i < depth; i++) {
      const next = attach(linear(width), hidden[i - 1]);
      const skip = source.uniform() < 0.4;
      // From before or after an activation, to before the next.
      const from = hidden[source.integer(hidden.length)];
      hidden.push(attach(relu(), skip ? attach(add(), next, from) : next));
    }
    const last = attach(linear(outputs), hidden[depth - 1]);
    return source.uniform() < 0.2 ? attach(add(), last, attach(linear(outputs), input)) : last;
  });
  const equalOutputs = outputs > 1 && source.uniform() < 0.15;
  const weights = new Map(
    network.parameters.map(({ name, shape }) => {
      const fan = shape.length > 1 ? shape[1] : 4;
      const scale = (0.7 + 1.3 * source.uniform()) / Math.sqrt(fan);
      const values = Float64Array.from({ length: sizeOf(shape) }, () => scale * source.normal());
      if (equalOutputs && shape[0] === outputs) {
        values.copyWithin((outputs - 1) * (shape[1] ?? 1), (outputs - 2) * (shape[1] ?? 1));
      }
      return [name, values];
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
 * A property with one to three cases of one to five rows over one or two boxes, in which some inputs may be fixed. Bounds lie
 * about where the least value that sampling found does, so that many properties hold, or not, by little. In half of the
 * cases no row alone refutes: each is met somewhere, all together nowhere, if the case holds.
 */
export function randomProperty(model: Model, seed: number): Property {
  const source = random(seed, "property");
  const inputs = sizeOf(model.network.inputShape);
  const outputs = sizeOf(model.network.outputShape);
  const boxes = Array.from({ length: source.uniform() < 0.2 ? 2 : 1 }, () => randomBox(inputs, source));
  const cases: PropertyCase[] = Array.from({ length: 1 + source.integer(3) }, (_, i) => {
    const box = boxes[i % boxes.length];
    const rows = randomRows(outputs, source);
    const samples = sampledValues(model, box, rows, source);
    const isJoint = source.uniform() < 0.5;
    const offsets = samples.map((values) => (isJoint ? median(values) : source.normal()));
    const worst = samples[0].map((_, s) => Math.max(...samples.map((values, r) => values[s] - offsets[r])));
    const [least, spread] = [Math.min(...worst), Math.max(...worst) - Math.min(...worst)];
    const size = (0.003 + spread) * 10 ** (2 * source.uniform() - 2.2);
    const shift = least + size * (source.uniform() < 0.85 ? -1 : 1);
    const constraints = rows.map(
      (coefficients, row): OutputConstraint => ({
        terms: coefficients.map((coefficient, output) => ({ output, coefficient })),
        bound: offsets[row] + shift,
        strict: source.uniform() < 0.2,
      }),
    );
    return { box, constraints };
  });
  return { inputs, outputs, cases };
}

function randomBox(inputs: number, source: RandomSource): InputBox {
  const width = inputs > 6 ? 0.5 : 1;
  const lower = Float64Array.from({ length: inputs }, () => source.normal() / 3 - width * source.uniform());
  const fixed = source.uniform() < 0.25 ? 0.4 : 0;
  const upper = lower.map((low) => (source.uniform() < fixed ? low : low + 2 * width * source.uniform()));
  return { lower, upper };
}

/** Now and then two rows that ask for y ≥ a and y ≤ b, with a above b by a little. */
function randomRows(outputs: number, source: RandomSource): number[][] {
  const rows = Array.from({ length: 1 + source.integer(4) }, () =>
    Array.from({ length: outputs }, () => (source.uniform() < 0.3 ? 0 : Math.round(4 * source.normal()) / 2)),
  );
  if (source.uniform() < 0.2) rows.push(rows[0].map((coefficient) => -coefficient));
  return rows;
}

/** Row by row, C y at points of the box. */
function sampledValues(
  model: Model,
  box: InputBox,
  rows: readonly (readonly number[])[],
  source: RandomSource,
): number[][] {
  const outputs = Array.from({ length: 300 }, () =>
    outputsOf(
      model,
      box.lower.map((low, f) => low + source.uniform() * (box.upper[f] - low)),
    ),
  );
  return rows.map((row) => outputs.map((y) => row.reduce((sum, c, k) => sum + c * y[k], 0)));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
