import type { Backend, Tensor } from "../compute/backend.js";
import { type Conv2dGeometry, inFeatures, outFeatures, weightsPerOutput } from "../compute/geometry.js";
import { multiplyAddsOfConv2d } from "../compute/operations.js";
import { random } from "../compute/random.js";
import { measure, median } from "./measure.js";

/** One shape of a kernel: what it costs and how fast it ran. */
export interface KernelShape {
  readonly shape: string;
  readonly seconds: number;
  readonly gflops: number;
  readonly fractionOfPeak: number;
}

/** A kernel over all its shapes together: operations of all by the time of all. */
export type KernelFigure =
  | {
      readonly name: string;
      readonly gflops: number;
      readonly fractionOfPeak: number;
      readonly shapes: readonly KernelShape[];
    }
  | {
      readonly name: string;
      readonly nsPerElement: number;
      readonly shapes: readonly {
        readonly shape: string;
        readonly seconds: number;
        readonly nsPerElement: number;
      }[];
    };

/** Rows of the wide tensors. */
const ROWS = 2500;
/** Medians at the second hidden layer of MNIST small: r = 50 projections of 50 examples. */
const MEDIAN_FEATURES = 1568;
const MEDIAN_RUNS = 50;
const MEDIAN_TIMES = 50;

function convolution(
  inChannels: number,
  inHeight: number,
  outChannels: number,
  kernel: number,
  stride: number,
  pad: number,
): Conv2dGeometry {
  const out = Math.floor((inHeight + 2 * pad - kernel) / stride) + 1;
  return {
    inChannels,
    inHeight,
    inWidth: inHeight,
    outChannels,
    outHeight: out,
    outWidth: out,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    padTop: pad,
    padLeft: pad,
    dilationHeight: 1,
    dilationWidth: 1,
    groups: 1,
  };
}

const CONVOLUTIONS: readonly (readonly [string, Conv2dGeometry])[] = [
  ["mnist-small conv 1→16", convolution(1, 28, 16, 4, 2, 1)],
  ["mnist-small conv 16→32", convolution(16, 14, 32, 4, 2, 1)],
  ["cifar-small conv 3→16", convolution(3, 32, 16, 4, 2, 1)],
  ["cifar-small conv 16→32", convolution(16, 16, 32, 4, 2, 1)],
];

const LINEARS: readonly (readonly [string, number, number])[] = [
  ["mnist-small linear 1568→100", 100, 1568],
  ["mnist-small linear 100→10", 10, 100],
  ["cifar-small linear 2048→100", 100, 2048],
  ["cifar-small linear 100→10", 10, 100],
];

interface KernelWork {
  readonly shape: string;
  /** Floating-point operations: twice the multiply-adds that the result needs, padding left out. */
  readonly operations: number;
  readonly inputs: readonly (readonly [features: number, rows: number])[];
  run(backend: Backend, inputs: readonly Tensor[]): readonly Tensor[];
}

function convolutionWork(
  run: (backend: Backend, geometry: Conv2dGeometry, weight: Tensor, x: Tensor, y: Tensor) => Tensor,
): KernelWork[] {
  return CONVOLUTIONS.map(([shape, geometry]) => ({
    shape,
    operations: 2 * multiplyAddsOfConv2d(geometry) * ROWS,
    inputs: [
      [geometry.outChannels, weightsPerOutput(geometry)],
      [inFeatures(geometry), ROWS],
      [outFeatures(geometry), ROWS],
    ],
    run: (backend, [weight, x, y]) => [run(backend, geometry, weight, x, y)],
  }));
}

function linearWork(run: (backend: Backend, weight: Tensor, x: Tensor, y: Tensor) => Tensor): KernelWork[] {
  return LINEARS.map(([shape, outputs, inputs]) => ({
    shape,
    operations: 2 * outputs * inputs * ROWS,
    inputs: [
      [outputs, inputs],
      [inputs, ROWS],
      [outputs, ROWS],
    ],
    run: (backend, [weight, x, y]) => [run(backend, weight, x, y)],
  }));
}

const MEDIAN: KernelWork = {
  shape: `${MEDIAN_FEATURES} features, ${MEDIAN_RUNS} medians of ${MEDIAN_TIMES}`,
  operations: 0,
  inputs: [[MEDIAN_FEATURES, MEDIAN_RUNS * MEDIAN_TIMES]],
  run: (backend, [x]) => Object.values(backend.medianRows(x, MEDIAN_TIMES)),
};

const PRODUCTS: readonly (readonly [string, readonly KernelWork[]])[] = [
  ["linear", linearWork((backend, weight, x) => backend.linear(weight, x, null))],
  ["linear-transpose", linearWork((backend, weight, _x, y) => backend.linearTranspose(weight, y))],
  ["linear-weight-gradient", linearWork((backend, _weight, x, y) => backend.linearWeightGradient(y, x))],
  ["conv2d", convolutionWork((backend, geometry, weight, x) => backend.conv2d(weight, x, null, geometry))],
  [
    "conv2d-transpose",
    convolutionWork((backend, geometry, weight, _x, y) => backend.conv2dTranspose(weight, y, geometry)),
  ],
  [
    "conv2d-weight-gradient",
    convolutionWork((backend, geometry, _weight, x, y) => backend.conv2dWeightGradient(y, x, geometry)),
  ],
];

/** Rounds over all kernels, so that a busy moment of the machine does not fall on one of them alone. */
const ROUNDS = 3;

export interface KernelBench {
  /** The best of several moments of the run. */
  readonly peakGflops: number;
  readonly kernels: readonly KernelFigure[];
}

/** Measures the products of the dual network and the median, and between them the machine's own peak. */
export async function benchKernels(
  backend: Backend,
  onKernel: (done: number, of: number, name: string) => void = () => {},
): Promise<KernelBench> {
  const all = [...PRODUCTS, ["median-abs", [MEDIAN]] as const];
  const times = new Map<KernelWork, number[]>(all.flatMap(([, works]) => works.map((work) => [work, []])));
  let peakGflops = await backend.peakGflops();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, [name, works]] of all.entries()) {
      for (const work of works) times.get(work)?.push(...(await timesOf(backend, work)));
      peakGflops = Math.max(peakGflops, await backend.peakGflops());
      onKernel(round * all.length + i + 1, ROUNDS * all.length, name);
    }
  }
  const seconds = (work: KernelWork): number => median(times.get(work) as number[]);
  const kernels = PRODUCTS.map(([name, works]) => productFigure(name, works, seconds, peakGflops));
  return { peakGflops, kernels: [...kernels, medianFigure(seconds(MEDIAN), backend.threads)] };
}

function productFigure(
  name: string,
  works: readonly KernelWork[],
  secondsOf: (work: KernelWork) => number,
  peakGflops: number,
): KernelFigure {
  const shapes = works.map((work): KernelShape => {
    const seconds = secondsOf(work);
    const gflops = work.operations / seconds / 1e9;
    return { shape: work.shape, seconds, gflops, fractionOfPeak: gflops / peakGflops };
  });
  const seconds = shapes.reduce((sum, shape) => sum + shape.seconds, 0);
  const gflops = works.reduce((sum, { operations }) => sum + operations, 0) / seconds / 1e9;
  return { name, gflops, fractionOfPeak: gflops / peakGflops, shapes };
}

/** Per core: the time is that of all threads. */
function medianFigure(seconds: number, threads: number): KernelFigure {
  const nsPerElement = (seconds * threads * 1e9) / (MEDIAN_FEATURES * MEDIAN_RUNS * MEDIAN_TIMES);
  return { name: "median-abs", nsPerElement, shapes: [{ shape: MEDIAN.shape, seconds, nsPerElement }] };
}

/** Normal entries, the same again after some tens of thousands: what is measured does not depend on their values. */
function noise(count: number): Float32Array {
  const some = random(1, "bench").fillNormal(new Float32Array(Math.min(count, 40_009)));
  const all = new Float32Array(count);
  for (let at = 0; at < count; at += some.length) all.set(some.subarray(0, count - at), at);
  return all;
}

async function timesOf(backend: Backend, { inputs, run }: KernelWork): Promise<readonly number[]> {
  const tensors = inputs.map(([features, rows]) => backend.upload(features, rows, noise(features * rows)));
  try {
    const { times } = await measure(
      backend,
      () => {
        for (const result of run(backend, tensors)) result.dispose();
      },
      { seconds: 0.15 },
    );
    return times;
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}
