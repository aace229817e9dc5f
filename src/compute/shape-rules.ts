import type { NormOrder } from "./backend.js";
import type { CropWindow } from "./crop-window.js";
import { type Conv2dGeometry, inFeatures, outFeatures, weightsPerOutput } from "./geometry.js";
import type { Owners } from "./owners.js";
import {
  checkGeometry,
  checkIndex,
  checkOwners,
  checkSame,
  checkShape,
  checkSize,
  formatShape,
  type Size,
  shapeMismatch,
} from "./shape-checks.js";

// One rule per operation of `Backend`, under the operation's name: it throws a `ShapeError` that names the operation,
// what it expected and what it got, or returns the shape of the result. Every backend asks these before it works.

// Memory ---------------------------------------------------------------------------------------------------------

export function upload(features: number, rows: number, values: ArrayLike<number>): Size {
  const shape = filled(features, rows, "upload");
  if (values.length !== features * rows) {
    throw shapeMismatch("upload", `${features * rows} values for ${formatShape(shape)}`, `${values.length}`);
  }
  return shape;
}

export function filled(features: number, rows: number, operation = "filled"): Size {
  return {
    features: checkSize(operation, "features", features),
    rows: checkSize(operation, "rows", rows),
  };
}

export function reshape(tensor: Size, features: number, rows: number): Size {
  const shape = filled(features, rows, "reshape");
  if (features * rows !== tensor.features * tensor.rows) {
    throw shapeMismatch("reshape", `as many entries as ${formatShape(tensor)}`, formatShape(shape));
  }
  return shape;
}

export function transpose(tensor: Size): Size {
  return { features: tensor.rows, rows: tensor.features };
}

// Affine maps ----------------------------------------------------------------------------------------------------

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

// Entry by entry -------------------------------------------------------------------------------------------------

/** Rule of `combine`, `multiply`, `minimum`, `maximum`: both of one shape. */
export function pairwise(operation: string, x: Size, y: Size): Size {
  return checkSame(operation, x, y);
}

/** Rule of `scaleBy` and `apply`. */
export function entrywise(x: Size): Size {
  return { features: x.features, rows: x.rows };
}

export function applyGradient(x: Size, g: Size): Size {
  return checkSame("applyGradient", x, g);
}

export function minimumGradient(x: Size, y: Size, g: Size): Size {
  return checkSame("minimumGradient", x, y, g);
}

// Rows and their owners ------------------------------------------------------------------------------------------

/** Throws unless `weight` `[f, C]` goes with x `[f, R]` by owner. */
function checkByOwner(operation: string, name: string, x: Size, weight: Size, owners: Owners): void {
  checkShape(operation, name, weight, x.features, null);
  checkOwners(operation, owners, x.rows, weight.rows);
}

export function scaleShift(x: Size, scale: Size | null, shift: Size | null, owners: Owners): Size {
  if (scale !== null) checkByOwner("scaleShift", "scale", x, scale, owners);
  if (shift !== null) checkByOwner("scaleShift", "shift", x, shift, owners);
  return { features: x.features, rows: x.rows };
}

export function scaleBySign(x: Size, positive: Size, negative: Size, owners: Owners): Size {
  checkByOwner("scaleBySign", "positive", x, positive, owners);
  checkSame("scaleBySign", positive, negative);
  return { features: x.features, rows: x.rows };
}

export function scaleBySignGradient(
  x: Size,
  positive: Size,
  negative: Size,
  g: Size,
  owners: Owners,
): { readonly x: Size; readonly slopes: Size } {
  checkByOwner("scaleBySignGradient", "positive", x, positive, owners);
  checkSame("scaleBySignGradient", positive, negative);
  checkSame("scaleBySignGradient", x, g);
  return { x: entrywise(x), slopes: entrywise(positive) };
}

export function spread(x: Size, owners: Owners, rows: number): Size {
  checkSize("spread", "rows", rows);
  checkOwners("spread", owners, rows, x.rows);
  return { features: x.features, rows };
}

export function sumRows(x: Size, owners: Owners, columns: number, operation = "sumRows"): Size {
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, x.rows, columns);
  return { features: x.features, rows: columns };
}

export function multiplySumRows(x: Size, y: Size, owners: Owners, columns: number): Size {
  checkSame("multiplySumRows", x, y);
  return sumRows(x, owners, columns, "multiplySumRows");
}

export function dot(x: Size, weight: Size, owners: Owners): Size {
  checkByOwner("dot", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function outer(weight: Size, s: Size, owners: Owners): Size {
  checkShape("outer", "s", s, 1, null);
  checkOwners("outer", owners, s.rows, weight.rows);
  return { features: weight.features, rows: s.rows };
}

export function outerSumRows(x: Size, s: Size, owners: Owners, columns: number): Size {
  checkShape("outerSumRows", "s", s, 1, x.rows);
  return sumRows(x, owners, columns, "outerSumRows");
}

function checkOrder(operation: string, order: NormOrder): void {
  if (order !== 1 && order !== 2 && order !== Number.POSITIVE_INFINITY) {
    throw shapeMismatch(operation, "order 1, 2 or Infinity", `${order}`);
  }
}

export function norm(x: Size, weight: Size, owners: Owners, order: NormOrder): Size {
  checkOrder("norm", order);
  checkByOwner("norm", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function normGradient(
  x: Size,
  weight: Size,
  value: Size,
  g: Size,
  owners: Owners,
  order: NormOrder,
): { readonly x: Size; readonly weight: Size } {
  checkOrder("normGradient", order);
  checkByOwner("normGradient", "weight", x, weight, owners);
  checkShape("normGradient", "value", value, 1, x.rows);
  checkShape("normGradient", "g", g, 1, x.rows);
  return { x: entrywise(x), weight: entrywise(weight) };
}

export function normRows(x: Size, owners: Owners, columns: number, order: NormOrder): Size {
  checkOrder("normRows", order);
  return sumRows(x, owners, columns, "normRows");
}

export function normRowsGradient(x: Size, value: Size, g: Size, owners: Owners, order: NormOrder): Size {
  checkOrder("normRowsGradient", order);
  checkByOwner("normRowsGradient", "value", x, value, owners);
  checkSame("normRowsGradient", value, g);
  return entrywise(x);
}

function checkWindow(operation: string, window: CropWindow): void {
  for (const name of ["channels", "height", "width", "patchHeight", "patchWidth"] as const) {
    checkSize(operation, `window.${name}`, window[name], 1);
  }
  if (window.left.length !== window.top.length) {
    throw shapeMismatch(operation, `window.left of length ${window.top.length}`, `${window.left.length}`);
  }
}

export function crop(x: Size, owners: Owners, window: CropWindow): Size {
  checkWindow("crop", window);
  checkShape("crop", "x", x, window.channels * window.height * window.width, null);
  checkOwners("crop", owners, window.top.length, x.rows);
  return { features: window.channels * window.patchHeight * window.patchWidth, rows: window.top.length };
}

export function cropTranspose(y: Size, owners: Owners, window: CropWindow, columns: number): Size {
  const operation = "cropTranspose";
  checkWindow(operation, window);
  const features = window.channels * window.patchHeight * window.patchWidth;
  checkShape(operation, "y", y, features, window.top.length);
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, y.rows, columns);
  return { features: window.channels * window.height * window.width, rows: columns };
}

/** Returns the shape of the new ν; the radius is `[1, R]`. */
export function enclose(nu: Size, slope: Size, radius: Size, owners: Owners, operation = "enclose"): Size {
  checkByOwner(operation, "slope", nu, slope, owners);
  checkSame(operation, slope, radius);
  return entrywise(nu);
}

export function encloseGradient(
  nu: Size,
  slope: Size,
  radius: Size,
  gNu: Size,
  gRadius: Size,
  owners: Owners,
): { readonly nu: Size; readonly lines: Size } {
  enclose(nu, slope, radius, owners, "encloseGradient");
  checkSame("encloseGradient", nu, gNu);
  checkShape("encloseGradient", "gRadius", gRadius, 1, nu.rows);
  return { nu: entrywise(nu), lines: entrywise(slope) };
}

// Activations and their enclosing lines --------------------------------------------------------------------------

/** Rule of `parallelLines` and `adaptiveLines`: ℓ and u of one shape, which each result has too. */
export function lines(operation: string, lower: Size, upper: Size): Size {
  return checkSame(operation, lower, upper);
}

/** Rule of `parallelLinesGradient` and `adaptiveLinesGradient`. */
export function linesGradient(operation: string, lower: Size, upper: Size, gradients: readonly Size[]): Size {
  return checkSame(operation, lower, upper, ...gradients);
}

export function maxPoolChoice(lower: Size, upper: Size, geometry: Conv2dGeometry): Size {
  checkGeometry("maxPoolChoice", geometry);
  const { groups, inChannels, outChannels } = geometry;
  if (groups !== inChannels || inChannels !== outChannels) {
    throw shapeMismatch(
      "maxPoolChoice",
      "groups = inChannels = outChannels",
      `${groups}, ${inChannels}, ${outChannels}`,
    );
  }
  checkShape("maxPoolChoice", "lower", lower, inFeatures(geometry), null);
  checkSame("maxPoolChoice", lower, upper);
  return { features: outFeatures(geometry), rows: lower.rows };
}

export function select(x: Size, index: Size, owners: Owners): Size {
  checkOwners("select", owners, x.rows, index.rows);
  return { features: index.features, rows: x.rows };
}

export function selectTranspose(y: Size, index: Size, owners: Owners, features: number): Size {
  checkSize("selectTranspose", "features", features);
  checkByOwner("selectTranspose", "index", y, index, owners);
  return { features, rows: y.rows };
}

// Loss and optimizer ---------------------------------------------------------------------------------------------

function checkLabels(operation: string, logits: Size, labels: Int32Array): void {
  if (labels.length !== logits.rows) {
    throw shapeMismatch(operation, `${logits.rows} labels`, `${labels.length}`);
  }
  checkIndex(operation, "labels", labels, 0, logits.features);
}

export function softmaxCrossEntropy(logits: Size, labels: Int32Array): Size {
  checkLabels("softmaxCrossEntropy", logits, labels);
  return { features: 1, rows: logits.rows };
}

export function softmaxCrossEntropyGradient(logits: Size, labels: Int32Array, g: Size): Size {
  checkLabels("softmaxCrossEntropyGradient", logits, labels);
  checkShape("softmaxCrossEntropyGradient", "g", g, 1, logits.rows);
  return entrywise(logits);
}

export function adamStep(parameter: Size, gradient: Size, first: Size, second: Size): Size {
  return checkSame("adamStep", parameter, gradient, first, second);
}
