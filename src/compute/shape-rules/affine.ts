import { type Conv2dGeometry, inFeatures, outFeatures, weightsPerOutput } from "../geometry.js";
import {
  checkGeometry,
  checkIndex,
  checkShape,
  checkSize,
  type Shape,
  shapeMismatch,
} from "../shape-checks.js";

// Affine maps, and what chooses features.

function checkBias(operation: string, bias: Shape | null, features: number): void {
  if (bias !== null) checkShape(operation, "bias", bias, features, 1);
}

export function linear(weight: Shape, x: Shape, bias: Shape | null): Shape {
  checkShape("linear", "x", x, weight.rows, null);
  checkBias("linear", bias, weight.features);
  return { features: weight.features, rows: x.rows };
}

export function linearTranspose(weight: Shape, y: Shape): Shape {
  checkShape("linearTranspose", "y", y, weight.features, null);
  return { features: weight.rows, rows: y.rows };
}

export function linearWeightGradient(y: Shape, x: Shape): Shape {
  checkShape("linearWeightGradient", "x", x, null, y.rows);
  return { features: y.features, rows: x.features };
}

function checkWeight(operation: string, weight: Shape, geometry: Conv2dGeometry): void {
  checkGeometry(operation, geometry);
  checkShape(operation, "weight", weight, geometry.outChannels, weightsPerOutput(geometry));
}

export function conv2d(weight: Shape, x: Shape, bias: Shape | null, geometry: Conv2dGeometry): Shape {
  checkWeight("conv2d", weight, geometry);
  checkShape("conv2d", "x", x, inFeatures(geometry), null);
  checkBias("conv2d", bias, geometry.outChannels);
  return { features: outFeatures(geometry), rows: x.rows };
}

export function conv2dTranspose(weight: Shape, y: Shape, geometry: Conv2dGeometry): Shape {
  checkWeight("conv2dTranspose", weight, geometry);
  checkShape("conv2dTranspose", "y", y, outFeatures(geometry), null);
  return { features: inFeatures(geometry), rows: y.rows };
}

export function conv2dWeightGradient(y: Shape, x: Shape, geometry: Conv2dGeometry): Shape {
  checkGeometry("conv2dWeightGradient", geometry);
  checkShape("conv2dWeightGradient", "y", y, outFeatures(geometry), null);
  checkShape("conv2dWeightGradient", "x", x, inFeatures(geometry), y.rows);
  return { features: geometry.outChannels, rows: weightsPerOutput(geometry) };
}

export function conv2dSelect(weight: Shape, index: Int32Array, geometry: Conv2dGeometry): Shape {
  checkWeight("conv2dSelect", weight, geometry);
  checkIndex("conv2dSelect", "index", index, 0, outFeatures(geometry));
  return { features: inFeatures(geometry), rows: index.length };
}

export function conv2dSelectGradient(g: Shape, index: Int32Array, geometry: Conv2dGeometry): Shape {
  checkGeometry("conv2dSelectGradient", geometry);
  checkShape("conv2dSelectGradient", "g", g, inFeatures(geometry), index.length);
  checkIndex("conv2dSelectGradient", "index", index, 0, outFeatures(geometry));
  return { features: geometry.outChannels, rows: weightsPerOutput(geometry) };
}

export function gather(x: Shape, index: Int32Array): Shape {
  checkIndex("gather", "index", index, -1, x.features);
  return { features: index.length, rows: x.rows };
}

export function scatterAdd(y: Shape, index: Int32Array, features: number): Shape {
  checkSize("scatterAdd", "features", features);
  checkShape("scatterAdd", "y", y, index.length, null);
  checkIndex("scatterAdd", "index", index, -1, features);
  return { features, rows: y.rows };
}

export function replace(x: Shape, index: Int32Array, y: Shape): Shape {
  checkIndex("replace", "index", index, 0, x.features);
  checkShape("replace", "y", y, index.length, x.rows);
  const taken = new Uint8Array(x.features);
  for (const feature of index) taken[feature] += taken[feature] < 2 ? 1 : 0;
  const twice = taken.indexOf(2);
  if (twice >= 0) throw shapeMismatch("replace", "indices that differ", `${twice} twice`);
  return x;
}

export function concat(parts: readonly Shape[]): Shape {
  if (parts.length === 0) throw shapeMismatch("concat", "at least one part", "none");
  let features = 0;
  for (const part of parts) {
    checkShape("concat", "every part", part, null, parts[0].rows);
    features += part.features;
  }
  return { features, rows: parts[0].rows };
}

export function slice(x: Shape, start: number, count: number): Shape {
  checkSize("slice", "start", start);
  checkSize("slice", "count", count);
  if (start + count > x.features) {
    throw shapeMismatch("slice", `start + count of at most ${x.features}`, `${start} + ${count}`);
  }
  return { features: count, rows: x.rows };
}
