import { type Conv2dGeometry, inFeatures, outFeatures, weightsPerOutput } from "../geometry.js";
import {
  checkGeometry,
  checkIndex,
  checkShape,
  checkSize,
  type Size,
  shapeMismatch,
} from "../shape-checks.js";

// Affine maps, and what chooses features.

function checkBias(operation: string, bias: Size | null, features: number): void {
  if (bias !== null) checkShape(operation, "bias", bias, features, 1);
}

export function linear(weight: Size, x: Size, bias: Size | null): Size {
  checkShape("linear", "x", x, weight.rows, null);
  checkBias("linear", bias, weight.features);
  return { features: weight.features, rows: x.rows };
}

export function linearTranspose(weight: Size, y: Size): Size {
  checkShape("linearTranspose", "y", y, weight.features, null);
  return { features: weight.rows, rows: y.rows };
}

export function linearWeightGradient(y: Size, x: Size): Size {
  checkShape("linearWeightGradient", "x", x, null, y.rows);
  return { features: y.features, rows: x.features };
}

function checkWeight(operation: string, weight: Size, geometry: Conv2dGeometry): void {
  checkGeometry(operation, geometry);
  checkShape(operation, "weight", weight, geometry.outChannels, weightsPerOutput(geometry));
}

export function conv2d(weight: Size, x: Size, bias: Size | null, geometry: Conv2dGeometry): Size {
  checkWeight("conv2d", weight, geometry);
  checkShape("conv2d", "x", x, inFeatures(geometry), null);
  checkBias("conv2d", bias, geometry.outChannels);
  return { features: outFeatures(geometry), rows: x.rows };
}

export function conv2dTranspose(weight: Size, y: Size, geometry: Conv2dGeometry): Size {
  checkWeight("conv2dTranspose", weight, geometry);
  checkShape("conv2dTranspose", "y", y, outFeatures(geometry), null);
  return { features: inFeatures(geometry), rows: y.rows };
}

export function conv2dWeightGradient(y: Size, x: Size, geometry: Conv2dGeometry): Size {
  checkGeometry("conv2dWeightGradient", geometry);
  checkShape("conv2dWeightGradient", "y", y, outFeatures(geometry), null);
  checkShape("conv2dWeightGradient", "x", x, inFeatures(geometry), y.rows);
  return { features: geometry.outChannels, rows: weightsPerOutput(geometry) };
}

export function conv2dSelect(weight: Size, index: Int32Array, geometry: Conv2dGeometry): Size {
  checkWeight("conv2dSelect", weight, geometry);
  checkIndex("conv2dSelect", "index", index, 0, outFeatures(geometry));
  return { features: inFeatures(geometry), rows: index.length };
}

export function conv2dSelectGradient(g: Size, index: Int32Array, geometry: Conv2dGeometry): Size {
  checkGeometry("conv2dSelectGradient", geometry);
  checkShape("conv2dSelectGradient", "g", g, inFeatures(geometry), index.length);
  checkIndex("conv2dSelectGradient", "index", index, 0, outFeatures(geometry));
  return { features: geometry.outChannels, rows: weightsPerOutput(geometry) };
}

export function gather(x: Size, index: Int32Array): Size {
  checkIndex("gather", "index", index, -1, x.features);
  return { features: index.length, rows: x.rows };
}

export function scatterAdd(y: Size, index: Int32Array, features: number): Size {
  checkSize("scatterAdd", "features", features);
  checkShape("scatterAdd", "y", y, index.length, null);
  checkIndex("scatterAdd", "index", index, -1, features);
  return { features, rows: y.rows };
}

export function replace(x: Size, index: Int32Array, y: Size): Size {
  checkIndex("replace", "index", index, 0, x.features);
  checkShape("replace", "y", y, index.length, x.rows);
  const taken = new Uint8Array(x.features);
  for (const feature of index) taken[feature] += taken[feature] < 2 ? 1 : 0;
  const twice = taken.indexOf(2);
  if (twice >= 0) throw shapeMismatch("replace", "indices that differ", `${twice} twice`);
  return x;
}

export function concat(parts: readonly Size[]): Size {
  if (parts.length === 0) throw shapeMismatch("concat", "at least one part", "none");
  let features = 0;
  for (const part of parts) {
    checkShape("concat", "every part", part, null, parts[0].rows);
    features += part.features;
  }
  return { features, rows: parts[0].rows };
}

export function slice(x: Size, start: number, count: number): Size {
  checkSize("slice", "start", start);
  checkSize("slice", "count", count);
  if (start + count > x.features) {
    throw shapeMismatch("slice", `start + count of at most ${x.features}`, `${start} + ${count}`);
  }
  return { features: count, rows: x.rows };
}
