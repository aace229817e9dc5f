import { describe, expect, it } from "vitest";
import { type Activation, activationDefinition, isActivationKind } from "../../src/activations/index.js";
import { Tape } from "../../src/autodiff/index.js";
import { OWN } from "../../src/compute/owners.js";
import { createPortableBackend } from "../../src/compute/portable/index.js";
import { type RandomSource, random } from "../../src/compute/random.js";
import { boundDrift } from "../../src/drift/bound.js";
import { buildDifference } from "../../src/drift/difference.js";
import { randomPoint } from "../../src/drift/observe.js";
import { buildDual } from "../../src/dual/auto-dual.js";
import { hardtanh, leakyRelu, linear, relu, sigmoid, tanh } from "../../src/network/build-layer.js";
import type { Layer } from "../../src/network/layer.js";
import { sequential } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import { fixedBindings, type Model, placeModel } from "../../src/network/weights.js";
import { type BallSpec, makeBall, releaseBall } from "../../src/threat/ball.js";
import { randomExamples } from "../support/bounds.js";
import { lively } from "../support/networks.js";

const backend = createPortableBackend({ dtype: "float64" });
const WIDTH = 8;

/** What rounding at each affine node may come to in one evaluation, as the difference network has it. */
async function errorsOf(model: Model, x: Float64Array, spec: BallSpec): Promise<Map<number, Float64Array>> {
  using placed = placeModel(backend, model);
  using tape = new Tape(backend, { record: false });
  const { network } = model;
  const bindings = fixedBindings(placed.parameters);
  const ball = makeBall(backend, x, 1, spec);
  const dual = await buildDual(tape, network, bindings, ball, { rounding: "float32" });
  const { preActivation } = dual;
  const parts = {
    network,
    bindings,
    ball,
    preActivation,
    evaluation: "float32",
    pieceBytes: 2 ** 20,
  } as const;
  const { graph } = await buildDifference(tape, parts);
  const errors = new Map<number, Float64Array>();
  for (const [node, layer] of graph.layers.entries()) {
    if (layer?.kind !== "affine") continue;
    const size = sizeOf(network.nodes[node].shape);
    const found = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      const unit = Float64Array.from({ length: size }, (_, f) => (f === i ? 1 : 0));
      const nu = { value: tape.own(backend.upload(size, 1, unit)).value, tracked: false };
      const { radius } = layer.back(tape, nu, OWN, { centre: false });
      if (radius) found[i] = (await backend.read(radius.value))[0] / 2;
    }
    errors.set(node, found);
  }
  releaseBall(ball);
  return errors;
}

/** The logits of a chain of linear layers and activations, so much being added at each linear one. */
function evaluate(
  { network, weights }: Model,
  x: Float64Array,
  added: Map<number, Float64Array>,
): Float64Array {
  let z = x;
  for (const [i, { layer, name, shape }] of network.nodes.entries()) {
    if (layer === null) continue;
    if (isActivationKind(layer.kind)) {
      z = z.map(activationDefinition(layer as Activation).scalar(layer as Activation).value);
      continue;
    }
    const weight = weights.get(`${name}.weight`) as Float64Array;
    const bias = weights.get(`${name}.bias`) as Float64Array;
    const before = z;
    z = Float64Array.from({ length: sizeOf(shape) }, (_, k) =>
      before.reduce(
        (sum, value, j) => sum + weight[k * before.length + j] * value,
        bias[k] + (added.get(i)?.[k] ?? 0),
      ),
    );
  }
  return z;
}

/** By how much logit k of two evaluations differs whose errors are as large as they may be, of the worst signs found. */
function worstDifference(
  model: Model,
  x: Float64Array,
  errors: Map<number, Float64Array>,
  k: number,
  source: RandomSource,
): number {
  const entries = [...errors].flatMap(([node, own]) => Array.from(own, (error, i) => ({ node, i, error })));
  const signs = [1, -1].map((side) => entries.map(() => (source.uniform() < 0.8 ? side : -side)));
  const value = (which: 0 | 1): number => {
    const added = new Map([...errors].map(([node, own]) => [node, new Float64Array(own.length)]));
    entries.forEach(({ node, i, error }, at) => {
      (added.get(node) as Float64Array)[i] = signs[which][at] * error;
    });
    return evaluate(model, x, added)[k];
  };
  // The first evaluation climbs, the second descends.
  for (const [which, way] of [
    [0, 1],
    [1, -1],
  ] as const) {
    let best = value(which);
    for (let pass = 0; pass < 2; pass++) {
      for (const at of entries.keys()) {
        signs[which][at] *= -1;
        const other = value(which);
        if (way * (other - best) > 0) best = other;
        else signs[which][at] *= -1;
      }
    }
  }
  return value(0) - value(1);
}

/** First pre-activations so close to 0 at x that their sign is open. */
function onTheVerge(
  activation: () => Layer,
  seed: number,
): { readonly model: Model; readonly x: Float64Array } {
  const layers = [linear(WIDTH), activation(), linear(WIDTH), activation(), linear(2)];
  const network = sequential([5], layers);
  const x = randomExamples(network, 1, seed);
  const { weights } = lively(network, seed);
  const first = weights.get("linear1.weight") as Float64Array;
  const bias = Float64Array.from({ length: WIDTH }, (_, i) =>
    x.reduce((sum, value, f) => sum - first[i * x.length + f] * value, 0),
  );
  return { model: { network, weights: new Map(weights).set("linear1.bias", bias) }, x };
}

const ACTIVATIONS = { relu, leakyRelu, hardtanh, tanh, sigmoid };

describe.each(Object.entries(ACTIVATIONS))("the network of differences, %s", (_name, activation) => {
  it.each([1, 2, 3, 4, 5, 6])("bounds evaluations that err as much as they may (%i)", async (seed) => {
    const { model, x } = onTheVerge(activation, seed);
    const source = random(seed, "signs");
    for (const epsilon of [0, 1e-4, 0.1]) {
      const spec = { norm: "linf", epsilon } as const;
      using placed = placeModel(backend, model);
      const [{ logits }] = await boundDrift(placed, { x }, { ...spec, evaluation: "float32" });
      const errors = await errorsOf(model, x, spec);
      let share = 0;
      for (let i = 0; i < 3; i++) {
        const point = i === 0 ? x : randomPoint(x, spec, source);
        for (const k of logits.keys()) {
          // Errors at the input, which are left out here, are a part of the bound.
          share = Math.max(share, worstDifference(model, point, errors, k, source) / logits[k]);
        }
      }
      expect(share).toBeLessThanOrEqual(1);
      expect(share).toBeGreaterThan(0.2);
    }
  });
});
