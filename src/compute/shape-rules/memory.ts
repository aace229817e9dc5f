import { checkSize, formatShape, type Shape, shapeMismatch } from "../shape-checks.js";

// Memory.

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
