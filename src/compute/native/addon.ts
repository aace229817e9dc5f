import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { BackendError, OutOfMemoryError } from "../../errors.js";
import type { Dtype } from "../backend.js";
import type { Engine } from "./engine.js";

export interface EngineOptions {
  readonly dtype: Dtype;
  readonly threads: number;
  readonly instructionSet: string;
  /** Most bytes of tensors, 0 for no limit. */
  readonly memoryLimit: number;
  /** Fills every result with NaN before its kernel runs. */
  readonly poison: boolean;
  /** Begins every tensor 8 bytes after a 64-byte boundary. */
  readonly misalign: boolean;
  /** One whose memory, and its limit, it shares. */
  readonly beside?: Engine;
}

export interface Addon {
  readonly Engine: new (options: EngineOptions) => Engine;
  /** Those that this machine can run, the fastest first. */
  instructionSets(): string[];
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

let loaded: Addon | { readonly problem: string } | null = null;

/** The addon of this package's root, a build of it or a prebuilt one, loaded once; or why there is none. */
function loadAddon(): Addon | { readonly problem: string } {
  if (loaded !== null) return loaded;
  try {
    const load: (root: string) => Addon = createRequire(import.meta.url)("node-gyp-build");
    loaded = load(ROOT);
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    loaded = { problem: line.trim() };
  }
  return loaded;
}

/** Why there is no native backend here, in one line; null where there is one. */
export function nativeProblem(): string | null {
  const addon = loadAddon();
  return "problem" in addon ? addon.problem : null;
}

/** The addon itself. Throws a `BackendError` that says why there is none, and how to get it. */
export function requireAddon(): Addon {
  const addon = loadAddon();
  if (!("problem" in addon)) return addon;
  throw new BackendError(
    `backend native: not on this machine (${addon.problem}); install a C++ compiler, make and Python 3, then ` +
      "npm rebuild autodual (in a checkout: npm run build:native), or use the portable backend",
  );
}

/** The addon's own object of an engine that `openEngine` gave. */
const objects = new WeakMap<Engine, Engine>();

/**
 * A new engine whose methods throw, and reject with, `BackendError`s and `OutOfMemoryError`s where the addon has errors with a
 * code.
 */
export function openEngine({ beside, ...options }: EngineOptions): Engine {
  const { Engine: NativeEngine } = requireAddon();
  const other = beside && objects.get(beside);
  const engine = translating(() => new NativeEngine({ ...options, ...(other && { beside: other }) }));
  const wrapped: Record<string, (...args: unknown[]) => unknown> = {};
  for (const name of Object.getOwnPropertyNames(NativeEngine.prototype)) {
    if (name === "constructor") continue;
    const method = (engine as unknown as typeof wrapped)[name].bind(engine);
    wrapped[name] = (...args) => translating(() => method(...args));
  }
  const made = wrapped as unknown as Engine;
  objects.set(made, engine);
  return made;
}

function translating<R>(call: () => R): R {
  try {
    const result = call();
    return result instanceof Promise ? (result.catch(rethrow) as R) : result;
  } catch (error) {
    return rethrow(error);
  }
}

function rethrow(error: unknown): never {
  if (error instanceof Error && "code" in error && String(error.code).startsWith("AUTODUAL_")) {
    const message = `native backend: ${error.message}`;
    if (error.code === "AUTODUAL_MEMORY") throw new OutOfMemoryError(message, { cause: error });
    throw new BackendError(message, { cause: error });
  }
  throw error;
}
