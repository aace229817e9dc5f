import { BackendError, expectRecord, kindOf } from "../errors.js";
import type { Backend, Dtype } from "./backend.js";
import { EARLIER_NAME } from "./backend-name.js";
import { createPortableBackend } from "./portable/index.js";

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
export type { Noise } from "./noise.js";
export type { Owners } from "./owners.js";
export { indexedOwners, OWN, ownerTable, repeatOwners, SHARED } from "./owners.js";
export type { RandomSource } from "./random.js";
export { random } from "./random.js";
export { noise } from "./random-noise.js";

/** Which backend: `auto` is native where it was built, else portable; `webgpu` is not there yet. */
export type BackendName = "auto" | "native" | "portable" | "webgpu";

/** Options of `createBackend`. */
export interface BackendOptions {
  /** Default: the backend's own, `float32` of native and `float64` of portable. */
  readonly dtype?: Dtype;
  /** Of native; default: as many as the machine gives this process. Portable has one. */
  readonly threads?: number;
  /** Of native: `avx512`, `avx2` or `baseline`; default the fastest that the machine has. */
  readonly instructionSet?: string;
  /** Of native: the most bytes that tensors may take. */
  readonly memoryLimit?: number;
}

/**
 * The backend of this name; `auto` is native where it was built and loads, else portable (`nativeProblem` says
 * why). A backend that is absent is a `BackendError` that says why: nothing is put in its place.
 */
export async function createBackend(
  name: BackendName | typeof EARLIER_NAME,
  options: BackendOptions = {},
): Promise<Backend> {
  expectRecord("createBackend: options", options);
  if (options.dtype !== undefined && options.dtype !== "float32" && options.dtype !== "float64") {
    throw new BackendError(
      `createBackend: dtype: expected float32 or float64, found ${kindOf(options.dtype)}`,
    );
  }
  switch (name) {
    case "auto":
      return createBackend((await nativeProblem()) === null ? "native" : "portable", options);
    case "portable":
    case EARLIER_NAME:
      return createPortableBackend(options);
    case "native":
      return (await import("./native/index.js")).createNativeBackend(options);
    case "webgpu":
      throw new BackendError(`backend ${name}: this build does not have it; use auto, native or portable`);
    default:
      name satisfies never;
      throw new BackendError(`backend ${inWords(name)}: expected auto, native or portable`);
  }
}

/** What was given in a name's place: a text of any length and of any signs is not repeated. */
function inWords(name: unknown): string {
  return typeof name === "string" && /^[\w-]{1,40}$/.test(name) ? name : `(${kindOf(name)})`;
}

/** Why the native backend cannot be had here, in one line; null where it can. */
export async function nativeProblem(): Promise<string | null> {
  return (await import("./native/addon.js")).nativeProblem();
}
