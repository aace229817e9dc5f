import { type Activation, isActivationKind } from "../../src/activations/index.js";
import type { Layer } from "../../src/network/layer.js";
import { sourceIndex } from "../../src/network/layers/rearrangement.js";
import { windowGeometry } from "../../src/network/layers/window.js";
import type { NetworkNode } from "../../src/network/network.js";
import { sizeOf } from "../../src/network/shape.js";
import type { Model } from "../../src/network/weights.js";
import { convolutionRows, linearRows, transposed, windows } from "./plain-rows.js";

/** One output of an affine layer: Σ weights[k] · x[sources[k]]. */
export interface AffineRow {
  readonly sources: Int32Array;
  readonly weights: Float64Array;
}

/** A sum for each output, with a bias where there is one, over `divisor`: 1 but for the mean of a window. */
export interface AffineMap {
  readonly rows: readonly AffineRow[];
  readonly bias: Float64Array | null;
  readonly divisor: number;
}

/** γ (x − μ)/√(σ² + ε) + β; every channel has `positions` features in a row. */
export interface PlainBatchNorm {
  readonly kind: "batch-norm";
  readonly positions: number;
  readonly epsilon: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** What a layer does, feature by feature, in lists of numbers. */
export type PlainStep =
  | { readonly kind: "affine"; readonly map: AffineMap }
  | PlainBatchNorm
  | { readonly kind: "scale-shift"; readonly scale: Float64Array; readonly shift: Float64Array }
  | { readonly kind: "activation"; readonly activation: Activation }
  | { readonly kind: "max-pool"; readonly windows: readonly Int32Array[] }
  /** Every output is an input, or `value` where its source is −1. */
  | { readonly kind: "select"; readonly sources: Int32Array; readonly value: number }
  | { readonly kind: "copy" }
  | { readonly kind: "add" }
  | { readonly kind: "concat" };

/** A node of a plain network; node 0 is the input and has no step. */
export interface PlainNode {
  readonly step: PlainStep | null;
  readonly inputs: readonly number[];
  readonly size: number;
}

/**
 * A network with its weights in plain lists: what evaluations read that must share no arithmetic with the backends. Nodes are
 * those of the network, by number.
 */
export interface PlainNetwork {
  readonly nodes: readonly PlainNode[];
  readonly output: number;
}

/**
 * Refuses what evaluations do not know: layers that users define, and kinds that were added and are not attacked yet. Open
 * unions, so that a new kind does not need one.
 */
export function notYet({ kind }: { readonly kind: string }): never {
  throw new Error(`${kind}: expected a kind that exact and float evaluations know`);
}

/** A model in plain lists; throws as `notYet` does. */
export function plainNetwork({ network, weights }: Model): PlainNetwork {
  const nodes = network.nodes.map((node): PlainNode => {
    const size = sizeOf(node.shape);
    if (node.layer === null) return { step: null, inputs: [], size };
    const shapes = node.inputs.map((i) => network.nodes[i].shape);
    const parameter = (name: string) => Float64Array.from(weights.get(`${node.name}.${name}`) ?? []);
    return { step: stepOf(node.layer, node, shapes, parameter), inputs: node.inputs, size };
  });
  return { nodes: nodes.slice(0, network.output + 1), output: network.output };
}

type Shapes = readonly (readonly number[])[];

function stepOf(
  layer: Layer,
  node: NetworkNode,
  [input]: Shapes,
  parameter: (name: string) => Float64Array,
): PlainStep {
  if (isActivationKind(layer.kind)) return { kind: "activation", activation: layer as Activation };
  const other = layer as Exclude<Layer, Activation>;
  const size = sizeOf(node.shape);
  switch (other.kind) {
    case "linear":
    case "conv2d":
    case "conv-transpose2d":
    case "average-pool":
      return { kind: "affine", map: affineMap(other, node, input, parameter) };
    case "batch-norm":
      return {
        kind: "batch-norm",
        positions: size / input[0],
        epsilon: other.epsilon,
        weight: parameter("weight"),
        bias: parameter("bias"),
        mean: parameter("mean"),
        variance: parameter("variance"),
      };
    case "scale-shift":
      return { kind: "scale-shift", scale: spread(other.scale, size), shift: spread(other.shift, size) };
    case "max-pool":
      return { kind: "max-pool", windows: windows(windowGeometry(other, input, node.shape)) };
    case "permute":
    case "pad":
    case "take": {
      const value = other.kind === "pad" ? other.value : 0;
      return { kind: "select", sources: sourceIndex(other, input, node.shape), value };
    }
    case "reshape":
    case "flatten":
    case "identity":
      return { kind: "copy" };
    case "add":
    case "concat":
      return { kind: other.kind };
    default:
      return notYet(other);
  }
}

type Affine = Extract<Layer, { kind: "linear" | "conv2d" | "conv-transpose2d" | "average-pool" }>;

function affineMap(
  layer: Affine,
  { shape }: NetworkNode,
  input: readonly number[],
  parameter: (name: string) => Float64Array,
): AffineMap {
  const size = sizeOf(shape);
  switch (layer.kind) {
    case "linear":
      return {
        rows: linearRows(parameter("weight"), sizeOf(input)),
        bias: layer.bias ? parameter("bias") : null,
        divisor: 1,
      };
    case "conv2d": {
      const rows = convolutionRows(parameter("weight"), windowGeometry(layer, input, shape));
      return { rows, bias: layer.bias ? spread(parameter("bias"), size) : null, divisor: 1 };
    }
    case "conv-transpose2d": {
      // The convolution that is transposed goes from the layer's output to its input.
      const geometry = windowGeometry({ ...layer, kind: "conv2d" }, shape, input);
      const rows = transposed(convolutionRows(parameter("weight"), geometry), size);
      return { rows, bias: layer.bias ? spread(parameter("bias"), size) : null, divisor: 1 };
    }
    case "average-pool": {
      const ones = (sources: Int32Array) => ({ sources, weights: new Float64Array(sources.length).fill(1) });
      return {
        rows: windows(windowGeometry(layer, input, shape)).map(ones),
        bias: null,
        divisor: layer.kernel[0] * layer.kernel[1],
      };
    }
    default:
      return layer satisfies never;
  }
}

/** One number for all, per channel or per feature, as one per feature. */
function spread(values: ArrayLike<number>, size: number): Float64Array {
  const repeat = size / values.length;
  return Float64Array.from({ length: size }, (_, i) => values[Math.floor(i / repeat)]);
}
