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
  type Shape,
  shapeMismatch,
} from "./shape-checks.js";

// One rule an operation of `Backend`, under the operation's name: it throws a `ShapeError` that names the operation,
// what it expected and what it got, or returns the shape of the result. Every backend asks these before it works.

// Memory ---------------------------------------------------------------------------------------------------------

export function upload(features: number, rows: number, values: ArrayLike<number>): Shape {
  const shape = filled(features, rows, "upload");
  if (values.length !== features * rows) {
    throw shapeMismatch("upload", `${features * rows} values for ${formatShape(shape)}`, `${values.length}`);
  }
  return shape;
}

export function filled(features: number, rows: number, operation = "filled"): Shape {
  return {
    features: checkSize(operation, "features", features),
    rows: checkSize(operation, "rows", rows),
  };
}

export function reshape(tensor: Shape, features: number, rows: number): Shape {
  const shape = filled(features, rows, "reshape");
  if (features * rows !== tensor.features * tensor.rows) {
    throw shapeMismatch("reshape", `as many entries as ${formatShape(tensor)}`, formatShape(shape));
  }
  return shape;
}

export function transpose(tensor: Shape): Shape {
  return { features: tensor.rows, rows: tensor.features };
}

// Affine maps ----------------------------------------------------------------------------------------------------

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

// Entry by entry -------------------------------------------------------------------------------------------------

/** Rule of `combine`, `multiply`, `minimum`, `maximum`: both of one shape. */
export function pairwise(operation: string, x: Shape, y: Shape): Shape {
  return checkSame(operation, x, y);
}

/** Rule of `scaleBy` and `apply`. */
export function entrywise(x: Shape): Shape {
  return { features: x.features, rows: x.rows };
}

export function applyGradient(x: Shape, g: Shape): Shape {
  return checkSame("applyGradient", x, g);
}

export function minimumGradient(x: Shape, y: Shape, g: Shape): Shape {
  return checkSame("minimumGradient", x, y, g);
}

// Rows and their owners ------------------------------------------------------------------------------------------

/** Throws unless `weight` `[f, C]` goes with x `[f, R]` by owner. */
function checkByOwner(operation: string, name: string, x: Shape, weight: Shape, owners: Owners): void {
  checkShape(operation, name, weight, x.features, null);
  checkOwners(operation, owners, x.rows, weight.rows);
}

export function scaleShift(x: Shape, scale: Shape | null, shift: Shape | null, owners: Owners): Shape {
  if (scale !== null) checkByOwner("scaleShift", "scale", x, scale, owners);
  if (shift !== null) checkByOwner("scaleShift", "shift", x, shift, owners);
  return { features: x.features, rows: x.rows };
}

export function scaleBySign(x: Shape, positive: Shape, negative: Shape, owners: Owners): Shape {
  checkByOwner("scaleBySign", "positive", x, positive, owners);
  checkSame("scaleBySign", positive, negative);
  return { features: x.features, rows: x.rows };
}

export function scaleBySignGradient(
  x: Shape,
  positive: Shape,
  negative: Shape,
  g: Shape,
  owners: Owners,
): { readonly x: Shape; readonly slopes: Shape } {
  checkByOwner("scaleBySignGradient", "positive", x, positive, owners);
  checkSame("scaleBySignGradient", positive, negative);
  checkSame("scaleBySignGradient", x, g);
  return { x: entrywise(x), slopes: entrywise(positive) };
}

export function spread(x: Shape, owners: Owners, rows: number): Shape {
  checkSize("spread", "rows", rows);
  checkOwners("spread", owners, rows, x.rows);
  return { features: x.features, rows };
}

export function sumRows(x: Shape, owners: Owners, columns: number, operation = "sumRows"): Shape {
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, x.rows, columns);
  return { features: x.features, rows: columns };
}

export function multiplySumRows(x: Shape, y: Shape, owners: Owners, columns: number): Shape {
  checkSame("multiplySumRows", x, y);
  return sumRows(x, owners, columns, "multiplySumRows");
}

export function dot(x: Shape, weight: Shape, owners: Owners): Shape {
  checkByOwner("dot", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function outer(weight: Shape, s: Shape, owners: Owners): Shape {
  checkShape("outer", "s", s, 1, null);
  checkOwners("outer", owners, s.rows, weight.rows);
  return { features: weight.features, rows: s.rows };
}

export function outerSumRows(x: Shape, s: Shape, owners: Owners, columns: number): Shape {
  checkShape("outerSumRows", "s", s, 1, x.rows);
  return sumRows(x, owners, columns, "outerSumRows");
}

function checkOrder(operation: string, order: NormOrder): void {
  if (order !== 1 && order !== 2 && order !== Number.POSITIVE_INFINITY) {
    throw shapeMismatch(operation, "order 1, 2 or Infinity", `${order}`);
  }
}

export function norm(x: Shape, weight: Shape, owners: Owners, order: NormOrder): Shape {
  checkOrder("norm", order);
  checkByOwner("norm", "weight", x, weight, owners);
  return { features: 1, rows: x.rows };
}

export function normGradient(
  x: Shape,
  weight: Shape,
  value: Shape,
  g: Shape,
  owners: Owners,
  order: NormOrder,
): { readonly x: Shape; readonly weight: Shape } {
  checkOrder("normGradient", order);
  checkByOwner("normGradient", "weight", x, weight, owners);
  checkShape("normGradient", "value", value, 1, x.rows);
  checkShape("normGradient", "g", g, 1, x.rows);
  return { x: entrywise(x), weight: entrywise(weight) };
}

export function normRows(x: Shape, owners: Owners, columns: number, order: NormOrder): Shape {
  checkOrder("normRows", order);
  return sumRows(x, owners, columns, "normRows");
}

export function normRowsGradient(x: Shape, value: Shape, g: Shape, owners: Owners, order: NormOrder): Shape {
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

export function crop(x: Shape, owners: Owners, window: CropWindow): Shape {
  checkWindow("crop", window);
  checkShape("crop", "x", x, window.channels * window.height * window.width, null);
  checkOwners("crop", owners, window.top.length, x.rows);
  return { features: window.channels * window.patchHeight * window.patchWidth, rows: window.top.length };
}

export function cropTranspose(y: Shape, owners: Owners, window: CropWindow, columns: number): Shape {
  const operation = "cropTranspose";
  checkWindow(operation, window);
  const features = window.channels * window.patchHeight * window.patchWidth;
  checkShape(operation, "y", y, features, window.top.length);
  checkSize(operation, "columns", columns);
  checkOwners(operation, owners, y.rows, columns);
  return { features: window.channels * window.height * window.width, rows: columns };
}

/** Returns the shape of the new ν; the radius is `[1, R]`. */
export function enclose(
  nu: Shape,
  slope: Shape,
  radius: Shape,
  owners: Owners,
  operation = "enclose",
): Shape {
  checkByOwner(operation, "slope", nu, slope, owners);
  checkSame(operation, slope, radius);
  return entrywise(nu);
}

export function encloseGradient(
  nu: Shape,
  slope: Shape,
  radius: Shape,
  gNu: Shape,
  gRadius: Shape,
  owners: Owners,
): { readonly nu: Shape; readonly lines: Shape } {
  enclose(nu, slope, radius, owners, "encloseGradient");
  checkSame("encloseGradient", nu, gNu);
  checkShape("encloseGradient", "gRadius", gRadius, 1, nu.rows);
  return { nu: entrywise(nu), lines: entrywise(slope) };
}

// Activations and their enclosing lines --------------------------------------------------------------------------

/** Rule of `parallelLines` and `adaptiveLines`: ℓ and u of one shape, which each result has too. */
export function lines(operation: string, lower: Shape, upper: Shape): Shape {
  return checkSame(operation, lower, upper);
}

/** Rule of `parallelLinesGradient` and `adaptiveLinesGradient`. */
export function linesGradient(
  operation: string,
  lower: Shape,
  upper: Shape,
  gradients: readonly Shape[],
): Shape {
  return checkSame(operation, lower, upper, ...gradients);
}

export function maxPoolChoice(lower: Shape, upper: Shape, geometry: Conv2dGeometry): Shape {
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

export function select(x: Shape, index: Shape, owners: Owners): Shape {
  checkOwners("select", owners, x.rows, index.rows);
  return { features: index.features, rows: x.rows };
}

export function selectTranspose(y: Shape, index: Shape, owners: Owners, features: number): Shape {
  checkSize("selectTranspose", "features", features);
  checkByOwner("selectTranspose", "index", y, index, owners);
  return { features, rows: y.rows };
}

// Loss and optimizer ---------------------------------------------------------------------------------------------

function checkLabels(operation: string, logits: Shape, labels: Int32Array): void {
  if (labels.length !== logits.rows) {
    throw shapeMismatch(operation, `${logits.rows} labels`, `${labels.length}`);
  }
  checkIndex(operation, "labels", labels, 0, logits.features);
}

export function softmaxCrossEntropy(logits: Shape, labels: Int32Array): Shape {
  checkLabels("softmaxCrossEntropy", logits, labels);
  return { features: 1, rows: logits.rows };
}

export function softmaxCrossEntropyGradient(logits: Shape, labels: Int32Array, g: Shape): Shape {
  checkLabels("softmaxCrossEntropyGradient", logits, labels);
  checkShape("softmaxCrossEntropyGradient", "g", g, 1, logits.rows);
  return entrywise(logits);
}

export function adamStep(parameter: Shape, gradient: Shape, first: Shape, second: Shape): Shape {
  return checkSame("adamStep", parameter, gradient, first, second);
}
