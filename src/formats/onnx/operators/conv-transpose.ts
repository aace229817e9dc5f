import { ShapeError } from "../../../errors.js";
import { convTranspose2d } from "../../../network/build-layer.js";
import type { Pair, Sides } from "../../../network/layers/extents.js";
import type { Shape } from "../../../network/shape.js";
import type { OnnxNode, OperatorImport } from "../graph-import.js";
import { biasOf, kernelOf } from "./conv.js";
import {
  autoPad,
  explicitPads,
  imageOf,
  imageShape,
  type OnnxWindow,
  pairOf,
  shared,
  windowOf,
} from "./window.js";

/** The transpose of a convolution with constant weight `[in, out/groups, ...kernel]` and bias `[out]`. */
export const convTranspose: OperatorImport = (node, graph) => {
  const image = imageOf(node, graph, graph.activation(node, 0));
  const weight = graph.constant(node, 1);
  const kernel = kernelOf(node, weight, image.spatial, "[in, out/groups, kh, kw]");
  const [inChannels, groupChannels] = weight.shape;
  if (inChannels !== image.shape[0]) {
    throw new ShapeError(
      `${node.label}: weight ${JSON.stringify(weight.name)} takes ${inChannels} channels, found ${image.shape[0]}`,
    );
  }
  const groups = node.attributes.int("group", 1);
  const outChannels = groupChannels * groups;
  const bias = biasOf(node, graph, outChannels);
  const window = windowOf(node, kernel, image.spatial);
  const fitted = fittedPadding(node, image.shape, window, image.spatial);
  const layer = convTranspose2d(outChannels, { ...window, ...fitted, groups, bias: bias !== undefined });
  const handle = graph.attach(node.name, layer, [image.value], {
    weight: weight.values,
    bias: bias?.values,
  });
  return graph.value(node, handle, imageShape(handle.shape, image.spatial));
};

interface Fitted {
  readonly padding: Sides;
  readonly outputPadding: Pair;
}

/** Padding by `pads`, or what makes the output as large as `output_shape` or `auto_pad` say. */
function fittedPadding(node: OnnxNode, [, height, width]: Shape, window: OnnxWindow, spatial: 1 | 2): Fitted {
  const zeros = Array<number>(spatial).fill(0);
  const outputPadding = pairOf(node, "output_padding", spatial, zeros, { least: 0, one: 0 });
  const pads = explicitPads(node, spatial);
  const mode = autoPad(node);
  const declared = node.attributes.ints("output_shape", undefined);
  const same = mode === "SAME_UPPER" || mode === "SAME_LOWER";
  if (!declared && !same) return { padding: pads, outputPadding };
  const wanted = declared ?? [height * window.stride[0], width * window.stride[1]].slice(2 - spatial);
  // Some files give batch and channels as well.
  const spatialWanted = wanted.slice(-spatial);
  const total = (axis: 0 | 1, extent: number, goal: number): number => {
    const reach = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
    return window.stride[axis] * (extent - 1) + outputPadding[axis] + reach - goal;
  };
  const rows = spatial === 2 ? total(0, height, spatialWanted[0]) : 0;
  const columns = total(1, width, spatialWanted[spatial - 1]);
  // What is missing is added at the end.
  const extra: Pair = [Math.max(0, -rows), Math.max(0, -columns)];
  const upper = mode === "SAME_UPPER" ? "SAME_UPPER" : "SAME_LOWER";
  const [top, bottom] = shared(Math.max(0, rows), upper);
  const [left, right] = shared(Math.max(0, columns), upper);
  return {
    padding: [top, left, bottom, right],
    outputPadding: [outputPadding[0] + extra[0], outputPadding[1] + extra[1]],
  };
}
