import type { Backend, Dtype } from "../compute/backend.js";
import { type BackendName, createBackend } from "../compute/index.js";

/** What computes. */
export interface MachineOptions {
  /** The name of a backend, or one that is open already and stays so. Default `auto`: native where it is there. */
  readonly backend?: BackendName | Backend;
  /** Default: `float32` of native, `float64` of portable. */
  readonly dtype?: Dtype;
  /** Default: all of the machine. */
  readonly threads?: number;
}

/** Runs work on the backend that the options name, which is closed afterwards unless the caller gave it. */
export async function onBackend<T>(
  { backend = "auto", dtype, threads }: MachineOptions,
  run: (backend: Backend) => Promise<T>,
): Promise<T> {
  if (typeof backend !== "string") return await run(backend);
  const own = await createBackend(backend, {
    ...(dtype !== undefined && { dtype }),
    ...(threads !== undefined && { threads }),
  });
  try {
    return await run(own);
  } finally {
    own.dispose();
  }
}
