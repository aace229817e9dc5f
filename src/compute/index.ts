import { BackendError } from "../errors.js";
import type { Backend, Dtype } from "./backend.js";
import { createReferenceBackend } from "./reference/index.js";

export type {
  AdamSettings,
  Backend,
  Dtype,
  FloatArray,
  NormOrder,
  ParallelLines,
  Tensor,
  TwoLines,
} from "./backend.js";
export type { CropWindow } from "./crop-window.js";
export type { Activation, Elementwise } from "./elementwise.js";
export type { Conv2dGeometry } from "./geometry.js";
export { inFeatures, outFeatures, weightsPerOutput } from "./geometry.js";
export type { Owners } from "./owners.js";
export { indexedOwners, OWN, ownerTable, repeatOwners, SHARED } from "./owners.js";
export type { RandomSource } from "./random.js";
export { random } from "./random.js";

export type BackendName = "auto" | "native" | "reference" | "webgpu";

/**
 * The backend of this name; `auto` takes the fastest that this build has. The type defaults to the backend's own
 * (`float64` for the reference). A backend that this build lacks is a `BackendError`: nothing is put in its place.
 */
export async function createBackend(
  name: BackendName,
  options: { readonly dtype?: Dtype } = {},
): Promise<Backend> {
  switch (name) {
    case "auto":
    case "reference":
      return createReferenceBackend(options);
    case "native":
    case "webgpu":
      throw new BackendError(`backend ${name}: this build does not have it; use auto or reference`);
    default:
      name satisfies never;
      throw new BackendError(`backend ${name}: expected auto, native, reference or webgpu`);
  }
}
