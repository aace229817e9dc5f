import {
  apply,
  conv2d,
  conv2dSelect,
  conv2dTranspose,
  dot,
  gather,
  type Tape,
  type Variable,
} from "../../autodiff/index.js";
import type { Conv2dGeometry } from "../../compute/geometry.js";
import { multiplyAddsOfConv2d } from "../../compute/operations.js";
import { SHARED } from "../../compute/owners.js";
import type { AffineDual, Roundings } from "../dual-layer.js";
import { lookAtPatch, lookThroughPatch, offsetStep } from "../patch.js";
import { magnitudeOf } from "./magnitude.js";
import { inputPatch, windowsOverPatch } from "./window-patch.js";

/** Terms of an output's sum, and at most so many outputs that read an input. */
export function convolutionRoundings(geometry: Conv2dGeometry): Roundings {
  const { kernelHeight, kernelWidth, inChannels, outChannels, groups } = geometry;
  const { strideHeight, strideWidth, dilationHeight, dilationWidth } = geometry;
  const readers = (kernel: number, stride: number, dilation: number): number =>
    dilation === 1 ? Math.ceil(kernel / stride) : kernel;
  const above =
    readers(kernelHeight, strideHeight, dilationHeight) * readers(kernelWidth, strideWidth, dilationWidth);
  return {
    forward: (inChannels / groups) * kernelHeight * kernelWidth,
    backward: (outChannels / groups) * above,
  };
}

/**
 * Dual of any window operation with given weights: ν through the transposed convolution, collects the offset
 * `[out, 1]`. A neuron sees a window of the input only, so rows that start here may be cropped to patches.
 */
export function convolutionDual(
  bound: Tape,
  weight: Variable,
  offset: Variable | undefined,
  geometry: Conv2dGeometry,
): AffineDual {
  const positions = geometry.outHeight * geometry.outWidth;
  const magnitude = magnitudeOf(bound, weight);
  return {
    kind: "affine",
    coupling: "mixing",
    offset,
    roundings: convolutionRoundings(geometry),
    push: (tape, [x]) => conv2d(tape, weight, x, undefined, geometry),
    back: (tape, nu, _owners, want) => ({
      nus: [conv2dTranspose(tape, weight, nu, geometry)],
      centre: want.centre && offset ? dot(tape, nu, offset, SHARED) : undefined,
    }),
    steps: (_owners, want) => [
      ...(want.centre && offset ? [offsetStep({ values: offset, owners: SHARED })] : []),
      { kind: "conv2d", weight: weight.value, geometry },
    ],
    absolute(tape, [radius], order) {
      const map = (w: Variable, r: Variable) => conv2d(tape, w, r, undefined, geometry);
      if (order === 1) return map(magnitude(tape), radius);
      const squared = apply(tape, { kind: "square" }, weight);
      return apply(tape, { kind: "sqrt" }, map(squared, apply(tape, { kind: "square" }, radius)));
    },
    ...(geometry.groups === 1 && { terms: (tape: Tape, alive: Variable) => termsIn(tape, alive, geometry) }),
    select: (tape, index) => conv2dSelect(tape, weight, index, geometry),
    selectPatch: (tape, index) =>
      conv2dSelect(tape, weight, channelsOf(index, positions), windowsOverPatch(geometry, 1, 1)),
    // A patch without gaps is laid out as the kernel is.
    patchLines: isContiguous(geometry)
      ? (index) => ({ matrix: weight, index: channelsOf(index, positions) })
      : undefined,
    fieldOf(places) {
      const [top, left] = [new Int32Array(places.length), new Int32Array(places.length)];
      for (let i = 0; i < places.length; i++) {
        top[i] = places[i] / geometry.outWidth;
        left[i] = places[i] % geometry.outWidth;
      }
      return inputPatch(geometry, { height: 1, width: 1, top, left });
    },
    crop(patch, viewers) {
      const local = windowsOverPatch(geometry, patch.height, patch.width);
      const shape = [geometry.outChannels, geometry.outHeight, geometry.outWidth];
      return {
        input: inputPatch(geometry, patch),
        multiplyAdds: multiplyAddsOfConv2d(local),
        steps: (_tape, want) => [
          ...(want.centre && offset
            ? [offsetStep(lookThroughPatch(shape, patch, viewers)(offset, "shared"))]
            : []),
          { kind: "conv2d", weight: weight.value, geometry: local },
        ],
        back(tape, nu, want) {
          const nus = [conv2dTranspose(tape, weight, nu, local)];
          if (!want.centre || !offset) return { nus };
          const { values, owners } = lookAtPatch(tape, shape, patch, viewers)(offset, "shared");
          return { nus, centre: dot(tape, nu, values, owners) };
        },
      };
    },
  };
}

/** How many inputs of each window are not 0: the same for all channels. */
function termsIn(tape: Tape, alive: Variable, geometry: Conv2dGeometry): Variable {
  const { inChannels, outChannels, kernelHeight, kernelWidth, outHeight, outWidth } = geometry;
  const ones = tape.own(tape.backend.filled(1, inChannels * kernelHeight * kernelWidth, 1));
  const counts = conv2d(tape, ones, alive, undefined, { ...geometry, outChannels: 1 });
  const positions = outHeight * outWidth;
  const index = Int32Array.from({ length: outChannels * positions }, (_, i) => i % positions);
  return gather(tape, counts, index);
}

function channelsOf(index: Int32Array, positions: number): Int32Array {
  const channels = new Int32Array(index.length);
  for (let i = 0; i < index.length; i++) channels[i] = index[i] / positions;
  return channels;
}

function isContiguous({ groups, dilationHeight, dilationWidth }: Conv2dGeometry): boolean {
  return groups === 1 && dilationHeight === 1 && dilationWidth === 1;
}
