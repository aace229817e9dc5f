import type { Backend, Tensor } from "../compute/backend.js";
import { type Conv2dGeometry, inFeatures, outFeatures, weightsPerOutput } from "../compute/geometry.js";
import { multiplyAddsOfConv2d } from "../compute/operations.js";
import { random } from "../compute/random.js";
import { measure } from "./measure.js";

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
/** Rows of the median: projections of this many examples. */
const MEDIAN_TIMES = 50;
const MEDIAN_RUNS = 50;

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

interface Work {
  readonly shape: string;
  /** Floating-point operations: twice the multiply-adds that the result needs, padding left out. */
  readonly operations: number;
  readonly inputs: readonly (readonly [features: number, rows: number])[];
  run(backend: Backend, inputs: readonly Tensor[]): Tensor;
}

function convolutionWork(
  run: (backend: Backend, geometry: Conv2dGeometry, weight: Tensor, x: Tensor, y: Tensor) => Tensor,
): Work[] {
  return CONVOLUTIONS.map(([shape, geometry]) => ({
    shape,
    operations: 2 * multiplyAddsOfConv2d(geometry) * ROWS,
    inputs: [
      [geometry.outChannels, weightsPerOutput(geometry)],
      [inFeatures(geometry), ROWS],
      [outFeatures(geometry), ROWS],
    ],
    run: (backend, [weight, x, y]) => run(backend, geometry, weight, x, y),
  }));
}

function linearWork(run: (backend: Backend, weight: Tensor, x: Tensor, y: Tensor) => Tensor): Work[] {
  return LINEARS.map(([shape, outputs, inputs]) => ({
    shape,
    operations: 2 * outputs * inputs * ROWS,
    inputs: [
      [outputs, inputs],
      [inputs, ROWS],
      [outputs, ROWS],
    ],
    run: (backend, [weight, x, y]) => run(backend, weight, x, y),
  }));
}

const PRODUCTS: readonly (readonly [string, readonly Work[]])[] = [
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

/** Measures the products of the dual network and the median, kernel by kernel. `peakGflops` is this run's own. */
export async function* benchKernels(
  backend: Backend,
  peakGflops: number,
): AsyncGenerator<KernelFigure, void, void> {
  for (const [name, work] of PRODUCTS) {
    const shapes: KernelShape[] = [];
    let [operations, seconds] = [0, 0];
    for (const item of work) {
      const time = await timeOf(backend, item);
      operations += item.operations;
      seconds += time;
      const gflops = item.operations / time / 1e9;
      shapes.push({ shape: item.shape, seconds: time, gflops, fractionOfPeak: gflops / peakGflops });
    }
    const gflops = operations / seconds / 1e9;
    yield { name, gflops, fractionOfPeak: gflops / peakGflops, shapes };
  }
  yield await benchMedian(backend);
}

async function timeOf(backend: Backend, { inputs, run }: Work): Promise<number> {
  const noise = random(1, "bench");
  const tensors = inputs.map(([features, rows]) =>
    backend.upload(features, rows, noise.fillNormal(new Float32Array(features * rows))),
  );
  try {
    const { seconds } = await measure(backend, () => run(backend, tensors).dispose(), { least: 7 });
    return seconds;
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

/** Medians at the first hidden layer of MNIST small; per core, so that the time is that of all threads. */
async function benchMedian(backend: Backend): Promise<KernelFigure> {
  const features = 1568;
  const rows = MEDIAN_RUNS * MEDIAN_TIMES;
  const noise = random(1, "bench median");
  const x = backend.upload(features, rows, noise.fillNormal(new Float32Array(features * rows)));
  try {
    const { seconds } = await measure(backend, () => {
      const { value, index } = backend.medianRows(x, MEDIAN_TIMES);
      value.dispose();
      index.dispose();
    });
    const nsPerElement = (seconds * backend.threads * 1e9) / (features * rows);
    const shape = `${features} features, ${MEDIAN_RUNS} medians of ${MEDIAN_TIMES}`;
    return { name: "median-abs", nsPerElement, shapes: [{ shape, seconds, nsPerElement }] };
  } finally {
    x.dispose();
  }
}
