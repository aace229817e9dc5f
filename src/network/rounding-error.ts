import { type Activation, isActivationKind } from "../activations/index.js";
import type { Arithmetic } from "../compute/arithmetic.js";
import type { Stop } from "../compute/deadline.js";
import { UnsupportedOperatorError } from "../errors.js";
import { definitionOf } from "./layers/index.js";
import type { Network, NetworkNode } from "./network.js";
import { afterActivation, afterMaxPool } from "./rounding/after-enclosed.js";
import { afterSums } from "./rounding/after-sums.js";
import { atInput, type NodeValues } from "./rounding/node-values.js";
import { sizeOf } from "./shape.js";
import type { Model, Weights } from "./weights.js";

/** What rounding may do to the outputs of a network at one input. */
export interface RoundingError {
  /** The outputs in double precision. */
  readonly outputs: Float64Array;
  /** Σⱼ |wᵢⱼ xⱼ| + |bᵢ| of the last sum before each output: what that sum's own roundings are relative to. */
  readonly sizes: Float64Array;
  /** For each format: no evaluation in it is further from an output than this. Infinite where it may overflow. */
  readonly errors: readonly Float64Array[];
}

/**
 * How far rounding may carry any evaluation of a network in each of some formats: layer by layer by direct sums, in any order,
 * with or without fused multiply-adds, inputs and weights rounded to the format first; batch norms and normalisations by any of
 * the usual formulas, also folded into the sums before them. A running error bound, rigorous and itself rounded up. With v̂ the
 * value in double precision and E ≥ |ṽ − v̂| for every evaluation ṽ, a sum z = W x + b of n terms gives
 *
 *     E′ = |W| E + γ(n + 2)·(|W| (|v̂| + E) + |b|) + γ₅₃(n + 2)·(|W||v̂| + |b|) + what underflows
 *
 * and an activation σ the larger of σ(v̂ + E) − σ(v̂) and σ(v̂) − σ(v̂ − E). Exact arithmetic is among the evaluations. E goes
 * through |W|, so that with depth it grows faster than errors do.
 *
 * Inputs `[features]` each. Throws an `UnsupportedOperatorError` that names a layer whose roundings are not known: one that a
 * user defined; and the reason of `stop`.
 */
export function roundingErrors(
  { network, weights }: Model,
  inputs: readonly Float64Array[],
  formats: readonly Arithmetic[],
  stop?: Stop,
): RoundingError[] {
  const rows = inputs.length;
  const nodes = network.nodes.slice(0, network.output + 1);
  const readers = countReaders(nodes);
  const values: (NodeValues | undefined)[] = [atInput(inputs, formats)];
  for (const [index, node] of nodes.entries()) {
    if (node.layer === null) continue;
    stop?.throwIfAborted();
    const before = node.inputs.map((input) => values[input] as NodeValues);
    values[index] = afterLayer(network, node, weights, before, rows, formats, stop);
    for (const input of node.inputs) if (--readers[input] === 0) values[input] = undefined;
  }
  const { value, size, errors } = values[network.output] as NodeValues;
  return inputs.map((_, row) => {
    const ofRow = (all: Float64Array) => all.filter((_, i) => i % rows === row);
    return { outputs: ofRow(value), sizes: ofRow(size), errors: errors.map(ofRow) };
  });
}

function countReaders(nodes: Network["nodes"]): number[] {
  const readers = nodes.map(() => 0);
  for (const { inputs } of nodes) for (const input of inputs) readers[input] += 1;
  return readers;
}

function afterLayer(
  network: Network,
  { layer, name, inputs, shape }: NetworkNode,
  weights: Weights,
  before: readonly NodeValues[],
  rows: number,
  formats: readonly Arithmetic[],
  stop: Stop | undefined,
): NodeValues {
  const inputShapes = inputs.map((input) => network.nodes[input].shape);
  if (isActivationKind(layer.kind)) return afterActivation(layer as Activation, before[0], formats);
  if (layer.kind === "max-pool") return afterMaxPool(layer, inputShapes[0], shape, before[0], rows);
  const parameter = (own: string) => weights.get(`${name}.${own}`) as Float64Array;
  const sums = definitionOf(layer).sums?.(layer, { inputShapes, outputShape: shape, parameter });
  if (!sums) throw new UnsupportedOperatorError(`${name}: the roundings of this layer are not known`);
  return afterSums(sums, sizeOf(shape), before, rows, formats, stop);
}
