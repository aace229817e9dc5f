import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { BackendError } from "../../errors.js";
import type { Dtype, FloatArray } from "../backend.js";

/** The number by which the addon knows a tensor; 0 stands for one that is left out. */
export type TensorNumber = number;

/** The kind (0 own, 1 shared, 2 indexed, 3 repeated), and its table or how many times. */
export type OwnerArguments = readonly [kind: number, detail: Int32Array | number];
/** Five sizes, tops and lefts of the patches. */
export type WindowArguments = readonly [sizes: Float64Array, top: Int32Array, left: Int32Array];
/** The function and its two parameters. */
export type FunctionArguments = readonly [which: number, a: number, b: number];

/** The distribution (0 Cauchy, 1 normal), and two words each of key and stream. */
export type NoiseArguments = readonly [distribution: number, ...keyAndStream: readonly number[]];

/** What a chain is written as, flat: its start, the number of steps, each step, its end. */
export type BackwardArgument = TensorNumber | Int32Array | Float64Array;

type T = TensorNumber;
type Two = readonly [T, T];
type Three = readonly [T, T, T];
type Four = readonly [T, T, T, T];

/**
 * One backend instance of the addon (native/addon.cc); arguments in the order in which native/operations reads them.
 * Every argument is checked again there. Errors have a code; `openEngine` turns them into `BackendError`s.
 */
export interface Engine {
  dispose(): void;

  upload(features: number, rows: number, values: FloatArray | Int32Array): T;
  filled(features: number, rows: number, value: number): T;
  reshape(x: T, features: number, rows: number): T;
  release(x: T): void;
  read(x: T): Promise<FloatArray>;
  finish(): Promise<number>;
  memory(resetPeak: boolean): readonly [live: number, peak: number];
  peak(iterations: number): Promise<{ readonly operations: number; readonly seconds: number }>;

  linear(weight: T, x: T, bias: T): T;
  linearTranspose(weight: T, y: T): T;
  linearWeightGradient(y: T, x: T): T;
  conv2d(weight: T, x: T, bias: T, geometry: Float64Array): T;
  conv2dTranspose(weight: T, y: T, geometry: Float64Array): T;
  conv2dWeightGradient(y: T, x: T, geometry: Float64Array): T;
  conv2dSelect(weight: T, geometry: Float64Array, index: Int32Array): T;
  conv2dSelectGradient(g: T, geometry: Float64Array, index: Int32Array): T;

  backward(...chain: readonly BackwardArgument[]): T;

  transpose(x: T): T;
  gather(x: T, index: Int32Array): T;
  scatterAdd(y: T, index: Int32Array, features: number): T;
  replace(x: T, index: Int32Array, y: T): T;
  concat(count: number, ...parts: T[]): T;
  slice(x: T, start: number, count: number): T;
  select(x: T, index: T, ...rest: [...OwnerArguments, missing: number]): T;
  selectTranspose(y: T, index: T, ...rest: [...OwnerArguments, features: number]): T;
  maxPoolChoice(lower: T, upper: T, geometry: Float64Array): Two;

  combine(a: number, x: T, b: number, y: T): T;
  scaleBy(x: T, a: number, b: number): T;
  multiply(x: T, y: T): T;
  minimum(x: T, y: T): T;
  maximum(x: T, y: T): T;
  minimumGradient(x: T, y: T, g: T): Two;
  apply(...functionAndX: [...FunctionArguments, x: T]): T;
  applyGradient(...functionAndXG: [...FunctionArguments, x: T, g: T]): T;

  scaleShift(x: T, scale: T, shift: T, ...owners: OwnerArguments): T;
  scaleBySign(x: T, positive: T, negative: T, ...owners: OwnerArguments): T;
  scaleBySignGradient(x: T, positive: T, negative: T, g: T, ...owners: OwnerArguments): Three;
  spread(x: T, rows: number, ...owners: OwnerArguments): T;
  sumRows(x: T, columns: number, ...owners: OwnerArguments): T;
  multiplySumRows(x: T, y: T, columns: number, ...owners: OwnerArguments): T;
  dot(x: T, weight: T, ...owners: OwnerArguments): T;
  outer(weight: T, s: T, ...owners: OwnerArguments): T;
  outerSumRows(x: T, s: T, columns: number, ...owners: OwnerArguments): T;

  norm(x: T, weight: T, ...rest: [...OwnerArguments, order: number]): T;
  normGradient(x: T, weight: T, value: T, g: T, ...rest: [...OwnerArguments, order: number]): Two;
  normRows(x: T, columns: number, ...rest: [...OwnerArguments, order: number]): T;
  normRowsGradient(x: T, value: T, g: T, ...rest: [...OwnerArguments, order: number]): T;
  enclose(nu: T, slope: T, radius: T, ...owners: OwnerArguments): Two;
  encloseGradient(nu: T, slope: T, radius: T, gNu: T, gRadius: T, ...owners: OwnerArguments): Three;

  crop(x: T, ...rest: [...WindowArguments, ...OwnerArguments]): T;
  cropTranspose(y: T, ...rest: [...WindowArguments, columns: number, ...OwnerArguments]): T;

  parallelLines(...rest: [...FunctionArguments, lower: T, upper: T]): Three;
  parallelLinesGradient(...rest: [...FunctionArguments, lower: T, upper: T, ...g: Three]): Two;
  adaptiveLines(...rest: [...FunctionArguments, lower: T, upper: T]): Four;
  adaptiveLinesGradient(...rest: [...FunctionArguments, lower: T, upper: T, ...g: Four]): Two;

  softmaxCrossEntropy(logits: T, labels: Int32Array): T;
  softmaxCrossEntropyGradient(logits: T, labels: Int32Array, g: T): T;
  adamStep(
    ...rest: [
      ...state: readonly [parameter: T, gradient: T, first: T, second: T],
      ...settings: readonly [
        rate: number,
        beta1: number,
        beta2: number,
        epsilon: number,
        weightDecay: number,
        step: number,
      ],
    ]
  ): void;

  medianRows(x: T, times: number): Two;
  medianRowsGradient(x: T, index: T, g: T, times: number): T;
  geometricMeanRows(x: T, times: number): T;

  addNoise(x: T, slope: T, radius: T, times: number, ...noise: NoiseArguments): T;
  /** Derivatives of x, slope and radius, or of the radius alone. */
  addNoiseGradient(x: T, slope: T, radius: T, times: number, g: T, ...noise: NoiseArguments): readonly T[];
}

export interface EngineOptions {
  readonly dtype: Dtype;
  readonly threads: number;
  readonly instructionSet: string;
  /** Most bytes of tensors, 0 for no limit. */
  readonly memoryLimit: number;
  /** Fills every result with NaN before its kernel runs. */
  readonly poison: boolean;
  /** Begins every tensor one entry after a 64-byte boundary. */
  readonly misalign: boolean;
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
      "npm rebuild autodual (in a checkout: npm run build:native), or use the reference backend",
  );
}

/** A new engine whose methods throw, and reject with, `BackendError`s where the addon has errors with a code. */
export function openEngine(options: EngineOptions): Engine {
  const { Engine: NativeEngine } = requireAddon();
  const engine = translating(() => new NativeEngine(options));
  const wrapped: Record<string, (...args: unknown[]) => unknown> = {};
  for (const name of Object.getOwnPropertyNames(NativeEngine.prototype)) {
    if (name === "constructor") continue;
    const method = (engine as unknown as typeof wrapped)[name].bind(engine);
    wrapped[name] = (...args) => translating(() => method(...args));
  }
  return wrapped as unknown as Engine;
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
    throw new BackendError(`native backend: ${error.message}`, { cause: error });
  }
  throw error;
}
