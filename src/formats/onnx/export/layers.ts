import type { Layer, LayerKind, LayerOf, Pair, Sides } from "../../../network/layer.js";
import { type Shape, sizeOf } from "../../../network/shape.js";
import type { AttributeValue } from "./attributes.js";

/** The tensors that a layer's nodes read beside activations; each call writes one and gives its name. */
export interface LayerTensors {
  /** A parameter of the layer. */
  parameter(name: string): string;
  /** Real constants of the layer. */
  reals(name: string, values: readonly number[], shape: Shape): string;
  integers(name: string, values: readonly number[]): string;
}

/** One node: it reads the layer's inputs, or what the node before it made, and then these tensors. */
export interface ExportedNode {
  readonly op: string;
  readonly tensors?: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** The nodes of a layer, one after the other. */
type LayerExport<L extends Layer> = (
  layer: L,
  inputs: readonly Shape[],
  tensors: LayerTensors,
) => readonly [ExportedNode, ...ExportedNode[]];

/** Every layer in operators as set 17 defines them; values have the batch in front of the network's extents. */
const EXPORTS: { readonly [K in LayerKind]: LayerExport<LayerOf<K>> } = {
  linear: (layer, _inputs, tensors) => [
    { op: "Gemm", tensors: affineParameters(layer, tensors), attributes: { transB: 1 } },
  ],
  conv2d: (layer, _inputs, tensors) => [
    {
      op: "Conv",
      tensors: affineParameters(layer, tensors),
      attributes: { ...windowAttributes(layer), dilations: layer.dilation, group: layer.groups },
    },
  ],
  "conv-transpose2d": (layer, _inputs, tensors) => [
    {
      op: "ConvTranspose",
      tensors: affineParameters(layer, tensors),
      attributes: {
        ...windowAttributes(layer),
        output_padding: layer.outputPadding,
        dilations: layer.dilation,
        group: layer.groups,
      },
    },
  ],
  // ONNX gives the weight of the old statistics.
  "batch-norm": ({ epsilon, momentum }, _inputs, tensors) => [
    {
      op: "BatchNormalization",
      tensors: ["weight", "bias", "mean", "variance"].map(tensors.parameter),
      attributes: { epsilon: { real: epsilon }, momentum: { real: 1 - momentum } },
    },
  ],
  "average-pool": (layer) => [
    { op: "AveragePool", attributes: { ...windowAttributes(layer), count_include_pad: 1 } },
  ],
  "max-pool": (layer) => [
    { op: "MaxPool", attributes: { ...windowAttributes(layer), dilations: layer.dilation } },
  ],
  "scale-shift": ({ scale, shift }, [shape], tensors) => {
    const shifts = shift.some((value) => value !== 0);
    const scales = !shifts || scale.some((value) => value !== 1);
    const constant = (name: string, values: readonly number[]) => [
      tensors.reals(name, values, broadcastable(values.length, shape)),
    ];
    const multiply = (): ExportedNode => ({ op: "Mul", tensors: constant("scale", scale) });
    const add = (): ExportedNode => ({ op: "Add", tensors: constant("shift", shift) });
    if (scales && shifts) return [multiply(), add()];
    return [scales ? multiply() : add()];
  },
  // A 0 takes the batch over.
  reshape: ({ shape }, _inputs, tensors) => [
    { op: "Reshape", tensors: [tensors.integers("shape", [0, ...shape])] },
  ],
  permute: ({ order }) => [{ op: "Transpose", attributes: { perm: [0, ...order.map((axis) => axis + 1)] } }],
  pad: ({ before, after, value }, _inputs, tensors) => [
    {
      op: "Pad",
      tensors: [tensors.integers("pads", [0, ...before, 0, ...after]), tensors.reals("value", [value], [])],
    },
  ],
  take: ({ axis, index }, _inputs, tensors) => [
    { op: "Gather", tensors: [tensors.integers("index", index)], attributes: { axis: axis + 1 } },
  ],
  flatten: () => [{ op: "Flatten", attributes: { axis: 1 } }],
  identity: () => [{ op: "Identity" }],
  add: (_layer, inputs) => [{ op: inputs.length === 2 ? "Add" : "Sum" }],
  concat: () => [{ op: "Concat", attributes: { axis: 1 } }],
  relu: () => [{ op: "Relu" }],
  "leaky-relu": ({ slope }) => [{ op: "LeakyRelu", attributes: { alpha: { real: slope } } }],
  hardtanh: ({ minimum, maximum }, _inputs, tensors) => [
    {
      op: "Clip",
      tensors: [tensors.reals("minimum", [minimum], []), tensors.reals("maximum", [maximum], [])],
    },
  ],
  tanh: () => [{ op: "Tanh" }],
  sigmoid: () => [{ op: "Sigmoid" }],
};

/** The nodes that do what a layer does. */
export function exportLayer<L extends Layer>(
  layer: L,
  inputs: readonly Shape[],
  tensors: LayerTensors,
): readonly ExportedNode[] {
  return (EXPORTS[layer.kind] as unknown as LayerExport<L>)(layer, inputs, tensors);
}

function affineParameters({ bias }: { readonly bias: boolean }, tensors: LayerTensors): readonly string[] {
  return (bias ? ["weight", "bias"] : ["weight"]).map(tensors.parameter);
}

interface WindowExtents {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
}

/** Top, left, bottom, right is ONNX's order too. */
function windowAttributes({ kernel, stride, padding }: WindowExtents) {
  return { kernel_shape: kernel, strides: stride, pads: padding };
}

/** The shape in which so many constants broadcast: one for all, one a channel, or one a feature. */
function broadcastable(count: number, shape: Shape): Shape {
  if (count === 1) return [];
  return count === sizeOf(shape) ? shape : [count, ...shape.slice(1).map(() => 1)];
}
