import type { RandomSource } from "../../../src/compute/random.js";
import type { Network } from "../../../src/network/network.js";
import { sizeOf } from "../../../src/network/shape.js";
import { plainNetwork } from "../plain-network.js";
import { valuesAt } from "./gradient.js";
import { LAST } from "./random-structure.js";

/** What the weights of a random network look like. */
export const STYLES = ["even", "wild", "integers", "twins", "balanced", "tiny", "huge"] as const;
export type Style = (typeof STYLES)[number];

/** Rounds to the arithmetic in which the model is kept. */
export type Kept = (value: number) => number;

type MutableWeights = Map<string, Float64Array>;

/**
 * Weights of a style, of numbers that `kept` gives. *even*: of one size; *wild*: over 40 binary orders; *integers*: small
 * ones, so that sums tie; *twins*: neurons in pairs that cancel in the next layer; *balanced*: pre-activations next to 0 at
 * x; *tiny* and *huge*: products at the ends of single precision's range.
 */
export function randomWeights(
  network: Network,
  style: Style,
  x: Float64Array,
  source: RandomSource,
  kept: Kept,
): MutableWeights {
  const weights: MutableWeights = new Map();
  for (const { name, shape, role } of network.parameters) {
    const isWeight = name.endsWith(".weight") && shape.length > 1;
    const fan = isWeight ? sizeOf(shape.slice(1)) : 1;
    const draw = isWeight
      ? weightOf(style, fan, source)
      : role === "statistic"
        ? statistic(name, source)
        : null;
    const other =
      draw ?? (name.endsWith(".weight") ? () => 1 + 0.5 * source.normal() : biasOf(style, source));
    weights.set(
      name,
      Float64Array.from({ length: sizeOf(shape) }, () => kept(other())),
    );
  }
  if (style === "twins") makeTwins(network, weights, source, kept);
  if (style === "balanced") balance(network, weights, x, source, kept);
  return weights;
}

function weightOf(style: Style, fan: number, source: RandomSource): () => number {
  const even = () => (1.5 * source.normal()) / Math.sqrt(fan);
  switch (style) {
    case "even":
    case "twins":
    case "balanced":
      return even;
    case "wild":
      return () => even() * 2 ** (40 * source.uniform() - 20);
    case "integers":
      return () => source.integer(7) - 3;
    case "tiny":
      return () => even() * 2 ** (-20 * source.uniform() - 40);
    case "huge":
      return () => even() * 2 ** (10 * source.uniform() + 20);
    default:
      return style satisfies never;
  }
}

function biasOf(style: Style, source: RandomSource): () => number {
  switch (style) {
    case "integers":
      return () => source.integer(5) - 2;
    case "wild":
      return () => source.normal() * 2 ** (40 * source.uniform() - 20);
    case "tiny":
      return () => source.normal() * 2 ** -130;
    case "huge":
      return () => source.normal() * 2 ** 60;
    case "even":
    case "twins":
    case "balanced":
      return () => 0.3 * source.normal();
    default:
      return style satisfies never;
  }
}

function statistic(name: string, source: RandomSource): () => number {
  if (name.endsWith(".variance")) return () => 2 ** (12 * source.uniform() - 10);
  return () => 0.3 * source.normal();
}

/** Pairs of equal neurons, whose weights in the layer above cancel up to an ulp or so. */
function makeTwins(network: Network, weights: MutableWeights, source: RandomSource, kept: Kept): void {
  for (const [above, { layer, inputs, name }] of network.nodes.entries()) {
    if (layer?.kind !== "linear") continue;
    const below = network.nodes[inputs[0]];
    const first = below.inputs.length === 1 ? network.nodes[below.inputs[0]] : null;
    if (first?.layer?.kind !== "linear" || below.layer?.kind === "linear") continue;
    const [rows, columns] = [sizeOf(network.nodes[above].shape), sizeOf(below.shape)];
    const own = weights.get(`${first.name}.weight`) as Float64Array;
    const bias = weights.get(`${first.name}.bias`);
    const upper = weights.get(`${name}.weight`) as Float64Array;
    const fan = own.length / columns;
    const factor = source.uniform() < 0.5 ? 1 : 2 ** source.integer(24);
    for (let pair = 0; pair + 1 < columns - 1; pair += 2) {
      own.copyWithin((pair + 1) * fan, pair * fan, (pair + 1) * fan);
      if (bias) bias[pair + 1] = bias[pair];
      for (let row = 0; row < rows; row++) {
        const at = row * columns + pair;
        upper[at] = kept(upper[at] * factor);
        upper[at + 1] = source.uniform() < 0.9 ? -upper[at] : kept(-upper[at] * (1 + 2 ** -22));
      }
    }
  }
}

/** Biases of affine layers such that their outputs at x are 0, up to an ulp or so; those of the last one stay. */
function balance(
  network: Network,
  weights: MutableWeights,
  x: Float64Array,
  source: RandomSource,
  kept: Kept,
): void {
  for (const [i, { layer, name, shape }] of network.nodes.entries()) {
    if (layer === null || name === LAST) continue;
    const bias = weights.get(`${name}.bias`);
    if (!bias || layer.kind === "batch-norm") continue;
    const values = valuesAt(plainNetwork({ network, weights }), x)[i];
    const repeat = sizeOf(shape) / bias.length;
    bias.forEach((own, k) => {
      const balanced = own - values[k * repeat];
      bias[k] = kept(balanced * (1 + (source.integer(3) - 1) * 2 ** -23));
    });
  }
}

/** Biases that cancel: before each ReLU M, a power of two, and behind it what takes M away again; weights of all these layers ±1. */
export function cancelBiases(
  network: Network,
  weights: MutableWeights,
  most: number,
  source: RandomSource,
  kept: Kept,
): void {
  const size = 2 ** (Math.floor(most / 2) + source.integer(Math.ceil(most / 2) + 1));
  let pending = false;
  for (const { layer, name, inputs, shape } of network.nodes) {
    if (layer?.kind !== "linear") continue;
    const weight = weights.get(`${name}.weight`) as Float64Array;
    const bias = weights.get(`${name}.bias`) as Float64Array;
    const [rows, columns] = [sizeOf(shape), sizeOf(network.nodes[inputs[0]].shape)];
    if (name !== LAST) {
      for (let k = 0; k < weight.length; k++) weight[k] = Math.floor(k / columns) === k % columns ? 1 : 0;
    } else {
      for (let k = 0; k < weight.length; k++) weight[k] = kept(source.integer(2) === 0 ? 1 : -1);
    }
    for (let row = 0; row < rows; row++) {
      const sum = weight.subarray(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0);
      bias[row] = kept((name === LAST ? 0.1 * source.normal() : 0) + (pending ? -size * sum : 0));
    }
    if (name !== LAST && !pending) bias.fill(size);
    pending = name !== LAST && !pending;
  }
}
