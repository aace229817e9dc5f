import { setImmediate } from "node:timers/promises";

/**
 * Lets signals and timers in, and throws the signal's reason if it has aborted. A backend that computes at once never
 * leaves the microtask queue by itself, so a Ctrl-C would wait for the end of the whole run.
 */
export async function nextTurn(signal?: AbortSignal): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}
