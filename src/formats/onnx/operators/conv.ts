import { ShapeError } from "../../../errors.js";
import { conv2d } from "../../../network/build-layer.js";
import type { Pair } from "../../../network/layers/extents.js";
import type { Constant } from "../constant.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import { formatExtents } from "../values.js";
import { imageOf, imageShape, paddingOf, windowOf } from "./window.js";

/** A convolution over one or two axes with constant weight `[out, in/groups, ...kernel]` and bias `[out]`. */
export const conv: OperatorImport = (node, graph) => {
  const image = imageOf(node, graph, graph.activation(node, 0));
  const weight = graph.constant(node, 1);
  const kernel = kernelOf(node, weight, image.spatial, "[out, in/groups, kh, kw]");
  const [outChannels, groupChannels] = weight.shape;
  const groups = node.attributes.int("group", 1);
  if (groupChannels * groups !== image.shape[0]) {
    throw new ShapeError(
      `${node.label}: weight ${JSON.stringify(weight.name)} takes ${groups} × ${groupChannels} channels, found ` +
        `${image.shape[0]}`,
    );
  }
  const bias = biasOf(node, graph, outChannels);
  const window = windowOf(node, kernel, image.spatial);
  const padding = paddingOf(node, image.shape, window, image.spatial);
  const layer = conv2d(outChannels, { ...window, padding, groups, bias: bias !== undefined });
  const handle = graph.attach(node.name, layer, [image.value], {
    weight: weight.values,
    bias: bias?.values,
  });
  return graph.value(node, handle, imageShape(handle.shape, image.spatial));
};

/** The kernel's height and width by the weight's shape, which `kernel_shape` may repeat. */
export function kernelOf(node: OnnxNode, weight: Constant, spatial: 1 | 2, expected: string): Pair {
  const named = `weight ${JSON.stringify(weight.name)}`;
  if (weight.shape.length !== 2 + spatial || weight.shape.includes(0)) {
    throw new ShapeError(`${node.label}: ${named} must be ${expected}, found ${formatExtents(weight.shape)}`);
  }
  const kernel = weight.shape.slice(2);
  const declared = node.attributes.ints("kernel_shape", kernel);
  if (declared.join() !== kernel.join()) {
    throw new ShapeError(
      `${node.label}: kernel_shape is ${formatExtents(declared)}, but ${named} has ${formatExtents(kernel)}`,
    );
  }
  return spatial === 2 ? [kernel[0], kernel[1]] : [1, kernel[0]];
}

export function biasOf(node: OnnxNode, graph: GraphImport, channels: number): Constant | undefined {
  const bias = graph.optionalConstant(node, 2);
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== channels)) {
    throw new ShapeError(
      `${node.label}: bias ${JSON.stringify(bias.name)} must be [${channels}], found ${formatExtents(bias.shape)}`,
    );
  }
  return bias;
}
