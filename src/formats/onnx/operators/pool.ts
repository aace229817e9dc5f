import { ShapeError, UnsupportedOperatorError } from "../../../errors.js";
import { averagePool, conv2d, maxPool, scaleShift } from "../../../network/build-layer.js";
import type { Sides } from "../../../network/layers/extents.js";
import type { Shape } from "../../../network/shape.js";
import type { GraphImport, OnnxNode, OperatorImport } from "../graph-import.js";
import type { GraphValue } from "../values.js";
import { type Image, imageOf, imageShape, type OnnxWindow, paddingOf, pairOf, windowOf } from "./window.js";

/** A pool's window with more entries than this, and than the image has, points to a broken file. */
const MOST_ENTRIES = 4096;

/** A pool's window with the padding that `ceil_mode` adds at the end so that a last, partial window is counted. */
interface PoolWindow extends OnnxWindow {
  /** The file's own padding. */
  readonly own: Sides;
  /** With the lines that the last windows reach beyond it. */
  readonly padding: Sides;
}

/** The maximum over a window. */
export const maximumPool: OperatorImport = (node, graph) => {
  const image = imageOf(node, graph, graph.activation(node, 0));
  if (node.attributes.int("storage_order", 0) !== 0) {
    throw new UnsupportedOperatorError(`${node.label}: storage_order = 1 is not supported`);
  }
  const { kernel, stride, dilation, padding } = poolWindow(node, image);
  const layer = maxPool({ kernel, stride, dilation, padding });
  return attached(node, graph, image, graph.attach(node.name, layer, [image.value]));
};

/**
 * The mean over a window, over what lies within the image or, with `count_include_pad`, over the padding as well.
 *
 * 1 over the number of entries is rounded once, in double precision, and so is the factor for windows that have fewer: with their
 * product three roundings, relative to Σ|x|, of the eight that bounds allow a layer.
 */
export const meanPool: OperatorImport = (node, graph) => {
  const image = imageOf(node, graph, graph.activation(node, 0));
  const withPadding = node.attributes.int("count_include_pad", 0) !== 0;
  const window = poolWindow(node, image);
  const { kernel, stride, dilation, padding } = window;
  const size = kernel[0] * kernel[1];
  const dilated = dilation.some((step) => step !== 1);
  const [channels] = image.shape;
  const pooled = dilated
    ? graph.attach(
        node.name,
        conv2d(channels, { kernel, stride, dilation, padding, groups: channels, bias: false }),
        [image.value],
        { weight: new Float32Array(channels * size).fill(1) },
      )
    : graph.attach(node.name, averagePool({ kernel, stride, padding }), [image.value]);
  const counts = memberCounts(image.shape, pooled.shape, window, withPadding);
  // A convolution with ones gives sums, a pool the mean of as many entries as a window has.
  const divided = dilated ? 1 : size;
  if (counts.every((count) => count === divided)) return attached(node, graph, image, pooled);
  const factors = Array.from({ length: channels }, () => counts.map((count) => divided / count)).flat();
  return attached(
    node,
    graph,
    image,
    graph.attach(graph.partName(node, "count"), scaleShift(factors, 0), [pooled]),
  );
};

/** A pool over the whole image. */
export function globalPool(kind: "average" | "maximum"): OperatorImport {
  return (node, graph) => {
    const image = imageOf(node, graph, graph.activation(node, 0));
    const kernel = [image.shape[1], image.shape[2]] as const;
    const layer = kind === "average" ? averagePool({ kernel }) : maxPool({ kernel });
    return attached(node, graph, image, graph.attach(node.name, layer, [image.value]));
  };
}

function attached(
  node: OnnxNode,
  graph: GraphImport,
  { spatial }: Image,
  handle: GraphValue["handle"],
): GraphValue {
  return graph.value(node, handle, imageShape(handle.shape, spatial));
}

function poolWindow(node: OnnxNode, { shape, spatial }: Image): PoolWindow {
  const kernel = pairOf(node, "kernel_shape", spatial, undefined);
  const [, height, width] = shape;
  if (kernel[0] * kernel[1] > Math.max(MOST_ENTRIES, height * width)) {
    throw new ShapeError(
      `${node.label}: a window of ${kernel.join(" × ")} is too large for ${height} × ${width}`,
    );
  }
  const window = windowOf(node, kernel, spatial);
  const ceil = node.attributes.int("ceil_mode", 0) !== 0;
  const own = paddingOf(node, shape, window, spatial);
  if (!ceil) return { ...window, own, padding: own };
  const beyond = (axis: 0 | 1, before: number, after: number): number => {
    const extent = shape[axis + 1];
    const reach = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
    const stride = window.stride[axis];
    let count = Math.ceil((extent + before + after - reach) / stride) + 1;
    // A window must begin within the image or the padding before it.
    if ((count - 1) * stride >= extent + before) count -= 1;
    return Math.max(0, (count - 1) * stride + reach - (extent + before + after));
  };
  const [top, left, bottom, right] = own;
  return {
    ...window,
    own,
    padding: [top, left, bottom + beyond(0, top, bottom), right + beyond(1, left, right)],
  };
}

/** Of each position of the output, how many entries of its window count. */
function memberCounts(
  [, height, width]: Shape,
  [, outHeight, outWidth]: Shape,
  { kernel, stride, dilation, own: [top, left, bottom, right] }: PoolWindow,
  withPadding: boolean,
): number[] {
  const along = (axis: 0 | 1, at: number, before: number, after: number, extent: number): number => {
    let count = 0;
    for (let k = 0; k < kernel[axis]; k++) {
      const place = at * stride[axis] - before + k * dilation[axis];
      if (withPadding ? place < extent + after : place >= 0 && place < extent) count += 1;
    }
    return count;
  };
  return Array.from({ length: outHeight * outWidth }, (_, position) => {
    const rows = along(0, Math.floor(position / outWidth), top, bottom, height);
    return rows * along(1, position % outWidth, left, right, width);
  });
}
