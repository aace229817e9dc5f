import type { Conv2dGeometry } from "../compute/geometry.js";
import type { AveragePoolLayer } from "../network/layers/average-pool.js";
import { type ConvTranspose2dLayer, transposedGeometry } from "../network/layers/conv-transpose2d.js";
import type { Conv2dLayer } from "../network/layers/conv2d.js";
import type { LinearLayer } from "../network/layers/linear.js";
import { windowGeometry } from "../network/layers/window.js";
import { type Shape, sizeOf } from "../network/shape.js";

/** Layers whose outputs are sums of products. */
export type SummedLayer = LinearLayer | Conv2dLayer | ConvTranspose2dLayer | AveragePoolLayer;

/** What outputs that look at the same inputs have in common: the inputs, and where in an output's weights theirs stand. */
export interface Field {
  readonly sources: Int32Array;
  readonly taps: Int32Array;
}

/** An affine layer as sums, output by output: Σ weight[base + taps[k]] · x[sources[k]] + bias, over `divisor`. */
export interface AffineSums {
  readonly outputs: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array | null;
  readonly divisor: number;
  fieldOf(output: number): Field;
  baseOf(output: number): number;
  /** The channel whose bias an output has. */
  channelOf(output: number): number;
}

/** A layer's sums in the order in which its weights are stored; terms on padding are left out. */
export function affineSums(
  layer: SummedLayer,
  input: Shape,
  output: Shape,
  parameter: (name: string) => Float64Array,
): AffineSums {
  switch (layer.kind) {
    case "linear":
      return linearSums(sizeOf(input), parameter("weight"), layer.bias ? parameter("bias") : null);
    case "conv2d": {
      const geometry = windowGeometry(layer, input, output);
      return convolutionSums(geometry, parameter("weight"), layer.bias ? parameter("bias") : null);
    }
    case "conv-transpose2d": {
      const geometry = transposedGeometry(layer, input, output);
      return transposedSums(geometry, parameter("weight"), layer.bias ? parameter("bias") : null);
    }
    case "average-pool": {
      const [height, width] = layer.kernel;
      const geometry = windowGeometry(layer, input, output);
      const ones = new Float64Array(geometry.inChannels * height * width).fill(1);
      return { ...convolutionSums(geometry, ones, null), divisor: height * width };
    }
    default:
      return layer satisfies never;
  }
}

function linearSums(inputs: number, weight: Float64Array, bias: Float64Array | null): AffineSums {
  const all = Int32Array.from({ length: inputs }, (_, i) => i);
  const field = { sources: all, taps: all };
  return {
    outputs: weight.length / inputs,
    ...{ weight, bias, divisor: 1 },
    fieldOf: () => field,
    baseOf: (output) => output * inputs,
    channelOf: (output) => output,
  };
}

/** Weight `[out, in/groups, kh, kw]`. */
function convolutionSums(
  geometry: Conv2dGeometry,
  weight: Float64Array,
  bias: Float64Array | null,
): AffineSums {
  const { inChannels, outChannels, groups } = geometry;
  const [ownIn, ownOut] = [inChannels / groups, outChannels / groups];
  const area = geometry.inHeight * geometry.inWidth;
  const positions = geometry.outHeight * geometry.outWidth;
  const kernel = geometry.kernelHeight * geometry.kernelWidth;
  const fields = Array.from({ length: groups * positions }, (_, at): Field => {
    const first = Math.floor(at / positions) * ownIn;
    const [sources, taps]: [number[], number[]] = [[], []];
    for (let k = 0; k < ownIn; k++) {
      visitWindow(geometry, at % positions, (place, position) => {
        sources.push((first + k) * area + position);
        taps.push(k * kernel + place);
      });
    }
    return { sources: Int32Array.from(sources), taps: Int32Array.from(taps) };
  });
  const channelOf = (output: number): number => Math.floor(output / positions);
  return {
    outputs: outChannels * positions,
    ...{ weight, bias, divisor: 1, channelOf },
    fieldOf: (output) => fields[Math.floor(channelOf(output) / ownOut) * positions + (output % positions)],
    baseOf: (output) => channelOf(output) * ownIn * kernel,
  };
}

/** The transpose of a convolution from the layer's output to its input: weight `[in, out/groups, kh, kw]`. */
function transposedSums(
  geometry: Conv2dGeometry,
  weight: Float64Array,
  bias: Float64Array | null,
): AffineSums {
  const { groups } = geometry;
  const [ownIn, ownOut] = [geometry.outChannels / groups, geometry.inChannels / groups];
  const area = geometry.outHeight * geometry.outWidth;
  const positions = geometry.inHeight * geometry.inWidth;
  const kernel = geometry.kernelHeight * geometry.kernelWidth;
  const seen = Array.from({ length: positions }, (): [number, number][] => []);
  for (let from = 0; from < area; from++) {
    visitWindow(geometry, from, (place, position) => seen[position].push([from, place]));
  }
  const fields = Array.from({ length: groups * positions }, (_, at): Field => {
    const first = Math.floor(at / positions) * ownIn;
    const own = seen[at % positions];
    const terms = Array.from({ length: ownIn }, (_, k) =>
      own.map(([from, place]) => [(first + k) * area + from, (first + k) * ownOut * kernel + place]),
    ).flat();
    return {
      sources: Int32Array.from(terms, ([source]) => source),
      taps: Int32Array.from(terms, ([, tap]) => tap),
    };
  });
  const channelOf = (output: number): number => Math.floor(output / positions);
  return {
    outputs: geometry.inChannels * positions,
    ...{ weight, bias, divisor: 1, channelOf },
    fieldOf: (output) => fields[Math.floor(channelOf(output) / ownOut) * positions + (output % positions)],
    baseOf: (output) => (channelOf(output) % ownOut) * kernel,
  };
}

/** Calls `visit` for every place of the window of an output position that lies within the image. */
function visitWindow(
  geometry: Conv2dGeometry,
  output: number,
  visit: (place: number, position: number) => void,
): void {
  const top = Math.floor(output / geometry.outWidth) * geometry.strideHeight - geometry.padTop;
  const left = (output % geometry.outWidth) * geometry.strideWidth - geometry.padLeft;
  for (let ky = 0; ky < geometry.kernelHeight; ky++) {
    const y = top + ky * geometry.dilationHeight;
    if (y < 0 || y >= geometry.inHeight) continue;
    for (let kx = 0; kx < geometry.kernelWidth; kx++) {
      const x = left + kx * geometry.dilationWidth;
      if (x >= 0 && x < geometry.inWidth) visit(ky * geometry.kernelWidth + kx, y * geometry.inWidth + x);
    }
  }
}
