import { type AffineRows, affineRows } from "./affine-rows.js";
import type { Layer } from "./layer.js";
import { maxPoolAsRelus } from "./max-pool-as-relus.js";
import { sizeOf } from "./shape.js";
import type { Model } from "./weights.js";

/** A layer of a network: its neurons have the numbers `from` to `to`, the second left out. The first one is the input. */
export interface NeuronLayer {
  readonly name: string;
  readonly layer: Layer | null;
  /** Numbers of layers. */
  readonly inputs: readonly number[];
  readonly from: number;
  readonly to: number;
  /** Of an affine layer: its rows, the columns being numbers of neurons. */
  readonly affine: AffineRows | null;
}

/**
 * A model as one list of neurons, layer by layer, each an input, an affine function of neurons before it, or whatever its layer
 * makes of its inputs. Max pooling is taken apart into ReLUs. For who wants to see every weight, not to compute fast.
 */
export function neuronLayers({ network: given, weights }: Model): readonly NeuronLayer[] {
  const network = maxPoolAsRelus(given);
  const layers: NeuronLayer[] = [];
  for (const { name, layer, inputs, shape } of network.nodes) {
    const from = layers.at(-1)?.to ?? 0;
    const own = { name, layer, inputs, from, to: from + sizeOf(shape) };
    const parameter = (of: string) => Float64Array.from(weights.get(`${name}.${of}`) ?? []);
    const shapes = inputs.map((input) => network.nodes[input].shape);
    const rows = layer && affineRows(layer, shapes, shape, parameter);
    const sources = inputs.flatMap((input) => neuronsOf(layers[input]));
    const columns = rows?.columns.map((column) => (column < 0 ? -1 : sources[column]));
    layers.push({ ...own, affine: rows && columns ? { ...rows, columns } : null });
  }
  // The output comes last: what follows it is nothing to it.
  return layers.slice(0, network.output + 1);
}

function neuronsOf({ from, to }: NeuronLayer): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
