import type { NormOrder } from "../backend.js";
import type { CropWindow } from "../crop-window.js";
import type { Owners } from "../owners.js";
import {
  checkByOwner,
  checkFeatures,
  checkOwners,
  checkSame,
  checkShape,
  checkSize,
  type Size,
  shapeMismatch,
} from "../shape-checks.js";
import { entrywise } from "./entries.js";
import { sumRows } from "./rows.js";

// Norms of rows, patches, and enclosures.

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
  checkFeatures(operation, window.channels, window.height, window.width);
  checkFeatures(operation, window.channels, window.patchHeight, window.patchWidth);
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
