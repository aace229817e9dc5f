// Written by scripts/engine-signatures.mjs from native/list.h; change it there.
import type { FloatArray } from "../backend.js";
import type {
  AdamArguments,
  BackwardArgument,
  Four,
  FunctionArguments,
  NoiseArguments,
  OwnerArguments,
  T,
  Three,
  Two,
  WindowArguments,
} from "./engine-types.js";

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
  memory(resetPeak: boolean): readonly [live: number, peak: number, scratch: number];
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
  weightedSum(constant: number, count: number, ...weightAbsoluteXByAndWhere: number[]): T;
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
  activateBox(...rest: [...FunctionArguments, centre: T, radius: T]): Two;
  activateBoxGradient(...rest: [...FunctionArguments, centre: T, radius: T, ...g: Two]): Two;
  boxMoments(centre: T, radius: T): T;
  boxMomentsGradient(centre: T, radius: T, g: T): Two;

  softmaxCrossEntropy(logits: T, labels: Int32Array): T;
  softmaxCrossEntropyGradient(logits: T, labels: Int32Array, g: T): T;
  adamStep(parameter: T, gradient: T, first: T, second: T, ...settings: AdamArguments): void;

  medianRows(x: T, times: number): Two;
  medianRowsGradient(x: T, index: T, g: T, times: number): T;
  geometricMeanRows(x: T, times: number): T;

  addNoise(x: T, slope: T, radius: T, times: number, ...noise: NoiseArguments): T;
  addNoiseGradient(x: T, slope: T, radius: T, times: number, g: T, ...noise: NoiseArguments): readonly T[];
}
