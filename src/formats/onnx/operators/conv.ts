import { FormatError, ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { conv2d } from "../../../network/build-layer.js";
import type { Pair, Sides } from "../../../network/layer.js";
import type { Shape } from "../../../network/shape.js";
import type { OnnxNode, OperatorImport } from "../graph-import.js";

/** A two-dimensional convolution with constant weight `[out, in/groups, kh, kw]` and bias `[out]`. */
export const conv: OperatorImport = (node, graph) => {
  const x = graph.activation(node, 0);
  const weight = graph.constant(node, 1);
  const bias = graph.optionalConstant(node, 2);
  const named = `weight ${JSON.stringify(weight.name)}`;
  if (x.shape.length !== 3) {
    throw new UnsupportedOperatorError(
      `${node.label}: only two-dimensional convolutions are supported, found activations [batch, ${x.shape.join(", ")}]`,
    );
  }
  if (weight.shape.length !== 4 || weight.shape.includes(0)) {
    throw new ShapeError(
      `${node.label}: ${named} must be [out, in/groups, kh, kw], found [${weight.shape.join(", ")}]`,
    );
  }
  const [outChannels, groupChannels, ...kernel] = weight.shape;
  const groups = node.attributes.int("group", 1);
  if (groupChannels * groups !== x.shape[0]) {
    throw new ShapeError(
      `${node.label}: ${named} takes ${groups} × ${groupChannels} channels, found ${x.shape[0]}`,
    );
  }
  const declared = node.attributes.ints("kernel_shape", kernel);
  if (declared.join() !== kernel.join()) {
    throw new ShapeError(
      `${node.label}: kernel_shape is [${declared.join(", ")}], but ${named} has [${kernel.join(", ")}]`,
    );
  }
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== outChannels)) {
    throw new ShapeError(
      `${node.label}: bias ${JSON.stringify(bias.name)} must be [${outChannels}], found [${bias.shape.join(", ")}]`,
    );
  }
  const window = {
    kernel: kernel as unknown as Pair,
    stride: pairOf(node, "strides"),
    dilation: pairOf(node, "dilations"),
  };
  const layer = conv2d(outChannels, {
    ...window,
    padding: padding(node, x.shape, window),
    groups,
    bias: bias !== undefined,
  });
  return graph.attach(node.name, layer, [x], { weight: weight.values, bias: bias?.values });
};

interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

function pairOf(node: OnnxNode, attribute: string): Pair {
  const [height, width, ...rest] = node.attributes.ints(attribute, [1, 1]);
  if (width === undefined || rest.length > 0 || height < 1 || width < 1) {
    throw new ShapeError(`${node.label}: attribute "${attribute}" must be two positive numbers`);
  }
  return [height, width];
}

/** Top, left, bottom, right: ONNX has the same order, beginnings first. */
function padding(node: OnnxNode, input: Shape, window: Window): Sides {
  const pads = node.attributes.ints("pads", [0, 0, 0, 0]);
  if (pads.length !== 4 || pads.some((pad) => pad < 0)) {
    throw new ShapeError(
      `${node.label}: attribute "pads" must be four numbers, none negative, found [${pads.join(", ")}]`,
    );
  }
  const mode = node.attributes.string("auto_pad", "NOTSET");
  if (mode !== "NOTSET" && pads.some((pad) => pad !== 0)) {
    throw new FormatError(`${node.label}: auto_pad ${JSON.stringify(mode)} and pads exclude each other`);
  }
  switch (mode) {
    case "NOTSET":
    case "VALID":
      return pads as unknown as Sides;
    case "SAME_UPPER":
    case "SAME_LOWER": {
      const [top, bottom] = samePadding(mode, input[1], window, 0);
      const [left, right] = samePadding(mode, input[2], window, 1);
      return [top, left, bottom, right];
    }
    default:
      throw new UnsupportedOperatorError(`${node.label}: auto_pad ${JSON.stringify(mode)} is not supported`);
  }
}

/** What makes the output ⌈extent/stride⌉ long; an odd remainder goes to the end (upper) or the beginning (lower). */
function samePadding(
  mode: "SAME_UPPER" | "SAME_LOWER",
  extent: number,
  { kernel, stride, dilation }: Window,
  axis: 0 | 1,
): readonly [before: number, after: number] {
  const reach = dilation[axis] * (kernel[axis] - 1) + 1;
  const total = Math.max(0, (Math.ceil(extent / stride[axis]) - 1) * stride[axis] + reach - extent);
  const less = Math.floor(total / 2);
  return mode === "SAME_UPPER" ? [less, total - less] : [total - less, less];
}
