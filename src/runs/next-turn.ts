import { setImmediate } from "node:timers/promises";

/**
 * Lets signals and timers in. A backend that computes at once never leaves the microtask queue by itself, so a
 * Ctrl-C would wait for the end of the whole run.
 */
export async function nextTurn(): Promise<void> {
  await setImmediate();
}
