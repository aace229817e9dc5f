import type { Backend, Tensor } from "../compute/backend.js";

/** x with the entries at `places` (feature · rows + row) replaced; takes x over. */
export function replaced(
  backend: Backend,
  x: Tensor,
  places: ArrayLike<number>,
  values: ArrayLike<number>,
): Tensor {
  const { features, rows } = x;
  const flat = backend.reshape(x, features * rows, 1);
  const entries = backend.upload(values.length, 1, values);
  const made = backend.replace(
    flat,
    places instanceof Int32Array ? places : Int32Array.from(places),
    entries,
  );
  const result = backend.reshape(made, features, rows);
  for (const tensor of [x, flat, entries, made]) tensor.dispose();
  return result;
}

/** Zeros but for the entries at `places`. */
export function filledWith(
  backend: Backend,
  features: number,
  rows: number,
  places: ArrayLike<number>,
  values: ArrayLike<number>,
): Tensor {
  return replaced(backend, backend.filled(features, rows, 0), places, values);
}
