import { Tape, type Variable } from "../../src/autodiff/index.js";
import type { Backend, FloatArray } from "../../src/compute/backend.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import type { DualNetwork } from "../../src/dual/dual-network.js";
import type { DualOptions } from "../../src/dual/dual-options.js";
import { forward } from "../../src/network/forward.js";
import { definitionOf } from "../../src/network/layers/index.js";
import type { Network } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings, type Model, type Parameters, uploadWeights } from "../../src/network/weights.js";
import { type Ball, type BallSpec, makeBall } from "../../src/threat/ball.js";

/** A model on the float64 portable backend, with the passes that tests need. */
export class Bench {
  readonly backend: Backend = createPortableBackend({ dtype: "float64" });
  readonly network: Network;
  readonly parameters: Parameters;

  constructor(model: Model) {
    this.network = model.network;
    this.parameters = uploadWeights(this.backend, model);
  }

  values(variable: Variable): Promise<FloatArray> {
    return this.backend.read(variable.value);
  }

  ball(x: Float64Array, examples: number, spec: BallSpec): Ball {
    return makeBall(this.backend, x, examples, spec);
  }

  async logits(x: Float64Array, examples: number): Promise<FloatArray> {
    using tape = new Tape(this.backend, { record: false });
    const input = tape.own(this.backend.upload(x.length / examples, examples, x));
    return await this.values(forward(tape, this.network, fixedBindings(this.parameters), input).output);
  }

  /** The value at every node, `[features, examples]` each. */
  async nodeValues(x: Float64Array, examples: number): Promise<FloatArray[]> {
    using tape = new Tape(this.backend, { record: false });
    const bindings = fixedBindings(this.parameters);
    const values: Variable[] = [tape.own(this.backend.upload(x.length / examples, examples, x))];
    this.network.nodes.forEach((node, i) => {
      if (node.layer === null) return;
      const inputs = node.inputs.map((input) => values[input]);
      values[i] = definitionOf(node.layer).forward(
        tape,
        node.layer,
        this.network.context(i, bindings),
        inputs,
      );
    });
    return await Promise.all(values.map((value) => this.values(value)));
  }

  /** The matrix `[out, all inputs]` and offset of an affine node, read off its values at 0 and at unit vectors. */
  async affineMap(index: number): Promise<{ readonly matrix: FloatArray; readonly offset: FloatArray }> {
    using tape = new Tape(this.backend, { record: false });
    const node = this.network.nodes[index];
    if (node.layer === null) throw new Error("the input has no map");
    const sizes = node.inputs.map((i) => sizeOf(this.network.nodes[i].shape));
    const columns = sizes.reduce((sum, size) => sum + size, 0);
    let start = 0;
    const inputs = sizes.map((size) => {
      const values = new Float64Array(size * (columns + 1));
      for (let f = 0; f < size; f++) values[f * (columns + 1) + start + f] = 1;
      start += size;
      return tape.own(this.backend.upload(size, columns + 1, values));
    });
    const context = this.network.context(index, fixedBindings(this.parameters));
    const all = await this.values(definitionOf(node.layer).forward(tape, node.layer, context, inputs));
    const out = sizeOf(node.shape);
    const offset = Float64Array.from({ length: out }, (_, f) => all[f * (columns + 1) + columns]);
    const matrix = Float64Array.from({ length: out * columns }, (_, i) => {
      const f = Math.floor(i / columns);
      return all[f * (columns + 1) + (i % columns)] - offset[f];
    });
    return { matrix, offset };
  }

  async dual<T>(
    ball: Ball,
    options: DualOptions,
    use: (dual: DualNetwork, tape: Tape) => Promise<T>,
  ): Promise<T> {
    using tape = new Tape(this.backend, { record: false });
    return await use(
      await buildDual(tape, this.network, fixedBindings(this.parameters), ball, options),
      tape,
    );
  }

  margins(ball: Ball, labels: Int32Array, options: DualOptions = {}): Promise<FloatArray> {
    return this.dual(ball, options, (dual) => this.values(dual.margins(labels)));
  }
}

/** Random examples in [0, 1], `[features, examples]`. */
export function randomExamples(network: Network, examples: number, seed: number): Float64Array {
  const source = random(seed, "examples");
  return Float64Array.from({ length: sizeOf(network.inputShape) * examples }, () => source.uniform());
}

/** `count` points of example b's ball, most of them on its boundary, `[features, count]`. */
export async function samplePoints(
  bench: Bench,
  ball: Ball,
  b: number,
  count: number,
  source: RandomSource,
): Promise<Float64Array> {
  const centre = await bench.backend.read(ball.centre);
  const radius = await bench.backend.read(ball.radius);
  const features = ball.centre.features;
  const points = new Float64Array(features * count);
  for (let i = 0; i < count; i++) {
    const step = unitStep(ball.spec.norm, features, source);
    for (let f = 0; f < features; f++) {
      points[f * count + i] = centre[f * ball.examples + b] + radius[f * ball.examples + b] * step[f];
    }
  }
  return points;
}

function unitStep(norm: BallSpec["norm"], features: number, source: RandomSource): Float64Array {
  const step = Float64Array.from({ length: features }, () => source.normal());
  if (norm === "linf") {
    // Corners, faces and the inside in turn.
    const kind = source.integer(3);
    return step.map((value) =>
      kind === 0 || source.uniform() < 0.3 ? Math.sign(value) : 2 * source.uniform() - 1,
    );
  }
  if (norm === "l1" && source.uniform() < 0.5) {
    const corner = new Float64Array(features);
    corner[source.integer(features)] = source.uniform() < 0.5 ? 1 : -1;
    return corner;
  }
  const length =
    norm === "l2"
      ? Math.sqrt(step.reduce((sum, value) => sum + value * value, 0))
      : step.reduce((sum, value) => sum + Math.abs(value), 0);
  const scale = (source.uniform() < 0.7 ? 1 : source.uniform()) / length;
  return step.map((value) => value * scale);
}
