import { checkSize, formatShape, type Size, shapeMismatch } from "../shape-checks.js";

// Memory.

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
