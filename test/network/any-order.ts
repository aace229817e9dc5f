import { type Activation, activationDefinition, isActivationKind } from "../../src/activations/index.js";
import type { RandomSource } from "../../src/compute/random.js";
import { definitionOf } from "../../src/network/layers/index.js";
import type { Sums } from "../../src/network/layers/sums.js";
import { eachTap, windowGeometry } from "../../src/network/layers/window.js";
import type { NetworkNode } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";

/** How an evaluation computes, but for the order of its sums. */
export interface Rounder {
  /** The number that stands for an exact result. */
  round(exact: number): number;
  /** tanh and the like, before they are rounded. */
  approximate(exact: number): number;
}

/** Single precision to nearest. */
export const NEAREST: Rounder = { round: Math.fround, approximate: (exact) => exact };

/** Single precision with every result rounded to a neighbour at random, and functions off by as much as they may be. */
export function anyDirection(source: RandomSource): Rounder {
  return {
    round(exact) {
      const near = Math.fround(exact);
      if (near === exact || source.uniform() < 0.5 || !Number.isFinite(near)) return near;
      return neighbour(near, exact > near ? 1 : -1);
    },
    approximate: (exact) => exact + (source.uniform() < 0.5 ? 1 : -1) * 0.99 * 2 ** -20,
  };
}

/** The next number of single precision above or below. */
function neighbour(x: number, direction: 1 | -1): number {
  const bits = new Int32Array(Float32Array.of(x).buffer);
  if (x === 0) return direction * 2 ** -149;
  bits[0] += x > 0 === direction > 0 ? 1 : -1;
  return new Float32Array(bits.buffer)[0];
}

/**
 * A network's outputs at an input in some arithmetic: every sum in an order of its own, at random with fused multiply-adds; batch
 * norms by one of two formulas.
 */
export function evaluatedInAnyOrder(
  { network, weights }: Model,
  input: Float64Array,
  rounder: Rounder,
  source: RandomSource,
): Float64Array {
  const values: Float64Array[] = [input.map(rounder.round)];
  for (const [index, node] of network.nodes.entries()) {
    if (node.layer === null) continue;
    const inputs = node.inputs.map((i) => values[i]);
    const inputShapes = node.inputs.map((i) => network.nodes[i].shape);
    const parameter = (name: string) => weights.get(`${node.name}.${name}`)!;
    const { layer, shape } = node;
    if (isActivationKind(layer.kind)) {
      values[index] = inputs[0].map((z) => activated(layer as Activation, z, rounder));
    } else if (layer.kind === "max-pool") {
      const most = new Float64Array(sizeOf(shape)).fill(Number.NEGATIVE_INFINITY);
      eachTap(windowGeometry(layer, inputShapes[0], shape), (_, count, to, from, step) => {
        for (let i = 0; i < count; i++) most[to + i] = Math.max(most[to + i], inputs[0][from + i * step]);
      });
      values[index] = most;
    } else if (layer.kind === "batch-norm") {
      values[index] = normalised(node, inputs[0], parameter, rounder, source);
    } else {
      const sums = definitionOf(layer).sums!(layer, { inputShapes, outputShape: shape, parameter });
      const x = Float64Array.from(inputs.flatMap((one) => [...one]));
      values[index] = summedInAnyOrder(sums, sizeOf(shape), x, rounder, source);
    }
  }
  return values[network.output];
}

function activated(activation: Activation, z: number, { round, approximate }: Rounder): number {
  const { value } = activationDefinition(activation).scalar(activation);
  return activationDefinition(activation).rounding === "approximate"
    ? round(approximate(value(z)))
    : round(value(z));
}

function summedInAnyOrder(
  sums: Sums,
  outputs: number,
  x: Float64Array,
  { round }: Rounder,
  source: RandomSource,
): Float64Array {
  const terms: (readonly [weight: number, value: number])[][] = Array.from({ length: outputs }, () => []);
  sums.each((weight, count, output, outputStep, feature, featureStep) => {
    for (let i = 0; i < count; i++) {
      terms[output + i * outputStep].push([round(weight), x[feature + i * featureStep]]);
    }
  });
  return Float64Array.from(terms, (own, output) => {
    const offset = sums.offset?.(output) ?? 0;
    if (offset !== 0) own.push([1, round(offset)]);
    for (let i = own.length - 1; i > 0; i--) {
      const j = source.integer(i + 1);
      [own[i], own[j]] = [own[j], own[i]];
    }
    let total = 0;
    for (const [weight, value] of own) {
      const product = weight * value;
      total = round(total + (source.uniform() < 0.5 ? product : round(product)));
    }
    return total;
  });
}

function normalised(
  { layer, shape }: NetworkNode,
  x: Float64Array,
  parameter: (name: string) => ArrayLike<number>,
  { round }: Rounder,
  source: RandomSource,
): Float64Array {
  if (layer.kind !== "batch-norm") throw new Error("expected a batch norm");
  const centredFirst = source.uniform() < 0.5;
  return x.map((value, feature) => {
    const c = Math.floor(feature / (x.length / shape[0]));
    const [weight, bias, mean, variance] = ["weight", "bias", "mean", "variance"].map((name) =>
      round(parameter(name)[c]),
    );
    const deviation = round(Math.sqrt(round(variance + round(layer.epsilon))));
    if (centredFirst) {
      return round(round(round(round(value - mean) / deviation) * weight) + bias);
    }
    const scale = round(weight * round(1 / deviation));
    return round(round(scale * value) + round(bias - round(mean * scale)));
  });
}
