import { nativeProblem } from "../../../src/compute/native/addon.js";
import { createNativeBackend } from "../../../src/compute/native/index.js";
import { createPortableBackend } from "../../../src/compute/portable/index.js";
import type { Engine } from "./attack-case.js";

/** The portable backend in both precisions, and the native one on one thread where it was built. */
export function allEngines(): readonly Engine[] {
  const precisions = ["float32", "float64"] as const;
  const portable = precisions.map((dtype) => ({
    name: `portable ${dtype}`,
    backend: createPortableBackend({ dtype }),
  }));
  if (nativeProblem() !== null) return portable;
  const native = precisions.map((dtype) => ({
    name: `native ${dtype}`,
    backend: createNativeBackend({ dtype, threads: 1 }),
  }));
  return [...portable, ...native];
}
