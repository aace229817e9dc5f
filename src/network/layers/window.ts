import type { Conv2dGeometry } from "../../compute/geometry.js";
import { MOST_PLACES } from "../../compute/shape-checks.js";
import { ShapeError } from "../../errors.js";
import { formatShape, type Shape } from "../shape.js";
import { onlyShape } from "./definition.js";
import type { Pair, Sides } from "./extents.js";

/** A layer of windows: without a dilation it is 1, without groups every channel is by itself. */
export interface WindowLayer {
  readonly kind: string;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation?: Pair;
  readonly groups?: number;
}

/** Numbers of a window; `padding` is that of all sides, with that of the output where there is any. */
export interface WindowNumbers {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  readonly padding: readonly number[];
}

/** A `ShapeError` that names the layer unless its window is made of integers in their range. */
export function checkWindow({ kernel, stride, dilation, padding }: WindowNumbers, name: string): void {
  const positive = [...kernel, ...stride, ...dilation];
  if (!positive.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ShapeError(
      `${name}: kernel, stride and dilation must be positive integers, got ${positive.join(", ")}`,
    );
  }
  if (!padding.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError(`${name}: padding must be non-negative integers, got ${padding.join(", ")}`);
  }
}

function dilationOf(layer: WindowLayer): Pair {
  return layer.dilation ?? [1, 1];
}

/** The shape after a window operation; a `ShapeError` that names the layer where the window does not fit. */
export function windowShape(
  layer: WindowLayer,
  inputs: readonly Shape[],
  outChannels: (inChannels: number) => number,
  name: string,
): Shape {
  const shape = onlyShape(inputs, layer.kind, name);
  if (shape.length !== 3) {
    throw new ShapeError(`${name}: ${layer.kind} takes channels×height×width, got ${formatShape(shape)}`);
  }
  const dilation = dilationOf(layer);
  const [top, left, bottom, right] = layer.padding;
  checkWindow({ kernel: layer.kernel, stride: layer.stride, dilation, padding: layer.padding }, name);
  const extent = (i: 0 | 1, before: number, after: number): number => {
    const reach = dilation[i] * (layer.kernel[i] - 1) + 1;
    const room = shape[i + 1] + before + after;
    if (room < reach) {
      throw new ShapeError(
        `${name}: a window of ${reach} does not fit into ${shape[i + 1]} + ${before + after} padding`,
      );
    }
    const count = Math.floor((room - reach) / layer.stride[i]) + 1;
    const places = count * layer.stride[i] + layer.kernel[i] * dilation[i] + before;
    if (places > MOST_PLACES) {
      throw new ShapeError(
        `${name}: a padded image of at most ${MOST_PLACES} places a side can be read, got ${places}`,
      );
    }
    return count;
  };
  return [outChannels(shape[0]), extent(0, top, bottom), extent(1, left, right)];
}

/** The geometry of a window layer whose shapes are known. */
export function windowGeometry(layer: WindowLayer, input: Shape, output: Shape): Conv2dGeometry {
  const dilation = dilationOf(layer);
  return {
    inChannels: input[0],
    inHeight: input[1],
    inWidth: input[2],
    outChannels: output[0],
    outHeight: output[1],
    outWidth: output[2],
    kernelHeight: layer.kernel[0],
    kernelWidth: layer.kernel[1],
    strideHeight: layer.stride[0],
    strideWidth: layer.stride[1],
    padTop: layer.padding[0],
    padLeft: layer.padding[1],
    dilationHeight: dilation[0],
    dilationWidth: dilation[1],
    groups: layer.groups ?? input[0],
  };
}

/**
 * Every pair of an output and an input feature that a window joins, with the number of the weight between them: `count` outputs
 * in a row from `output` on, with input features from `input` on in steps.
 */
export function eachTap(
  g: Conv2dGeometry,
  take: (weight: number, count: number, output: number, input: number, inputStep: number) => void,
): void {
  const [inGroup, outGroup] = [g.inChannels / g.groups, g.outChannels / g.groups];
  const step = g.strideWidth;
  let weight = 0;
  for (let out = 0; out < g.outChannels; out++) {
    for (let c = 0; c < inGroup; c++) {
      const channel = Math.floor(out / outGroup) * inGroup + c;
      for (let ky = 0; ky < g.kernelHeight; ky++) {
        for (let kx = 0; kx < g.kernelWidth; kx++, weight++) {
          const left = kx * g.dilationWidth - g.padLeft;
          const first = Math.max(0, Math.ceil(-left / step));
          const end = Math.min(g.outWidth, Math.ceil((g.inWidth - left) / step));
          if (first >= end) continue;
          for (let oy = 0; oy < g.outHeight; oy++) {
            const y = oy * g.strideHeight - g.padTop + ky * g.dilationHeight;
            if (y < 0 || y >= g.inHeight) continue;
            const output = (out * g.outHeight + oy) * g.outWidth + first;
            take(
              weight,
              end - first,
              output,
              (channel * g.inHeight + y) * g.inWidth + first * step + left,
              step,
            );
          }
        }
      }
    }
  }
}

/** Attributes of ONNX, whose order of sides is the same: top, left, bottom, right. */
export function windowAttributes({
  kernel,
  stride,
  padding,
}: Pick<WindowLayer, "kernel" | "stride" | "padding">) {
  return { kernel_shape: kernel, strides: stride, pads: padding };
}
