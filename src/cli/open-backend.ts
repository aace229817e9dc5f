import type { Backend } from "../compute/backend.js";
import { createBackend, nativeProblem } from "../compute/index.js";
import type { MachineFlags } from "./common-options.js";
import { wrap } from "./wording.js";

/** A backend and, in words, what runs: nothing is ever put in the place of what was asked for. */
export interface OpenedBackend {
  readonly backend: Backend;
  /** Ends a line. With `auto` and without native, a line follows that says so and why. */
  readonly description: string;
}

/** Throws a `BackendError` for a backend that is absent. */
export async function openBackend(options: MachineFlags): Promise<OpenedBackend> {
  const { backend: name, dtype, threads, memory } = options;
  const backend = await createBackend(name, { dtype, threads, memoryLimit: memory });
  const description = `${backend.name} backend (${backend.machine}), ${threadsInWords(backend, threads)}, ${backend.dtype}`;
  if (name !== "auto" || backend.name === "native") return { backend, description };
  const missing = `No native backend, so this runs many times slower: ${await nativeProblem()}`;
  return { backend, description: `${description}\n${wrap(missing)}` };
}

function threadsInWords({ threads }: Backend, asked: number | undefined): string {
  if (asked !== undefined && asked > threads)
    return `${threads} thread, as it has no more (--threads ${asked})`;
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
