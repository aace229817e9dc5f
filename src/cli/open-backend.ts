import type { Backend } from "../compute/backend.js";
import { createBackend } from "../compute/index.js";
import type { MachineOptions } from "./common-options.js";

/** A backend and, in words, what runs: nothing is ever put in the place of what was asked for. */
export interface OpenedBackend {
  readonly backend: Backend;
  readonly description: string;
}

/** Throws a `BackendError` for a backend that this build lacks. */
export async function openBackend({
  backend: name,
  dtype,
  threads = 1,
}: MachineOptions): Promise<OpenedBackend> {
  const backend = await createBackend(name, { dtype });
  const single = threads > 1 ? `one thread, as it has no more (--threads ${threads})` : "one thread";
  return { backend, description: `${backend.name} backend, ${backend.dtype}, ${single}` };
}
