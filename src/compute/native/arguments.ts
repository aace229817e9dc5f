import type { CropWindow } from "../crop-window.js";
import type { Conv2dGeometry } from "../geometry.js";
import type { Owners } from "../owners.js";
import type { OwnerArguments, WindowArguments } from "./engine-types.js";

// What is no number or table is written as numbers here and read by native/operations/arguments.cc.

export function ownerArguments(owners: Owners): OwnerArguments {
  switch (owners.kind) {
    case "own":
      return [0, 0];
    case "shared":
      return [1, 0];
    case "indexed":
      return [2, owners.column];
    case "repeat":
      return [3, owners.times];
    default:
      return owners satisfies never;
  }
}

export function windowArguments(window: CropWindow): WindowArguments {
  const { channels, height, width, patchHeight, patchWidth, top, left } = window;
  return [Float64Array.of(channels, height, width, patchHeight, patchWidth), top, left];
}

export function geometryArgument(g: Conv2dGeometry): Float64Array {
  return Float64Array.of(
    g.inChannels,
    g.inHeight,
    g.inWidth,
    g.outChannels,
    g.outHeight,
    g.outWidth,
    g.kernelHeight,
    g.kernelWidth,
    g.strideHeight,
    g.strideWidth,
    g.padTop,
    g.padLeft,
    g.dilationHeight,
    g.dilationWidth,
    g.groups,
  );
}
