import { setFlagsFromString } from "node:v8";

/** `--memory` from which on garbage does not count. */
const ROOMY = 2 ** 29;

/**
 * V8's young generation grows to 48 MB while the package is loaded, and arrays that nobody has any more, the bytes of a model's
 * file among them, wait until it is full. Kept small until it is known that there is room.
 */
export function keepYoungHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** Back to what V8 does by itself, if a command may take so many bytes. */
export function growYoungHeapWithin(memory: number): void {
  if (memory >= ROOMY) setFlagsFromString("--semi-space-growth-factor=2");
}
