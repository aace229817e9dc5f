import type { Backend } from "../compute/backend.js";
import { createPortableBackend } from "../compute/portable/index.js";
import { type Model, type PlacedNetwork, placeModel } from "../network/weights.js";

/** Runs work on a portable backend in double precision, which is closed afterwards. */
export async function onPortable<T>(run: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = createPortableBackend({ dtype: "float64" });
  try {
    return await run(backend);
  } finally {
    backend.dispose();
  }
}

/** The same with a model on it. */
export function withPlaced<T>(model: Model, run: (placed: PlacedNetwork) => Promise<T>): Promise<T> {
  return onPortable(async (backend) => {
    using placed = placeModel(backend, model);
    return await run(placed);
  });
}
