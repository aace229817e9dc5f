/** The number by which the addon knows a tensor; 0 stands for one that is left out. */
export type TensorNumber = number;

/** The kind (0 own, 1 shared, 2 indexed, 3 repeated), and its table or how many times. */
export type OwnerArguments = readonly [kind: number, detail: Int32Array | number];
/** Five sizes, tops and lefts of the patches. */
export type WindowArguments = readonly [sizes: Float64Array, top: Int32Array, left: Int32Array];
/** The function and its two parameters. */
export type FunctionArguments = readonly [which: number, a: number, b: number];

/** The distribution (0 Cauchy, 1 normal), two words each of key and stream, and the examples. */
export type NoiseArguments = readonly [
  distribution: number,
  key0: number,
  key1: number,
  stream0: number,
  stream1: number,
  examples: Int32Array,
];

/** What a chain is written as, flat: its start, the number of steps, each step, its end. */
export type BackwardArgument = TensorNumber | Int32Array | Float64Array;

/** Tensors in the signatures of the addon. */
export type T = TensorNumber;
export type Two = readonly [T, T];
export type Three = readonly [T, T, T];
export type Four = readonly [T, T, T, T];

/** What the optimizer is set to, and how many steps it will have made. */
export type AdamArguments = readonly [
  rate: number,
  beta1: number,
  beta2: number,
  epsilon: number,
  weightDecay: number,
  step: number,
];
