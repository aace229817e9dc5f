import type { Backend } from "../compute/backend.js";
import { random } from "../compute/random.js";
import { add, conv2d, flatten, linear, relu } from "../network/build-layer.js";
import { graph, type Network } from "../network/network.js";
import { initialWeights } from "../network/weights.js";
import { benchCertify, type CertifyFigure } from "./certify.js";

/** The size of a residual network: the image's side, channels of each convolution, blocks of two of them. */
export interface ResidualSize {
  readonly side: number;
  readonly channels: number;
  readonly blocks: number;
}

/** What grows while the others stay. */
export type GrowthAxis = keyof ResidualSize;
export const GROWTH_AXES: readonly GrowthAxis[] = ["side", "blocks", "channels"];

/** A certificate's cost at one size. */
export interface GrowthFigure extends CertifyFigure, ResidualSize {
  readonly axis: GrowthAxis;
  readonly hiddenUnits: number;
}

const SIZES: Readonly<Record<GrowthAxis, readonly ResidualSize[]>> = {
  side: [13, 26, 52, 104].map((side) => ({ side, channels: 16, blocks: 2 })),
  blocks: [1, 2, 3, 4].map((blocks) => ({ side: 26, channels: 16, blocks })),
  channels: [8, 16, 32].map((channels) => ({ side: 26, channels, blocks: 2 })),
};

/** Sizes along an axis, those of at most so many hidden units. */
export function growthSizes(axis: GrowthAxis, most = Number.POSITIVE_INFINITY): readonly ResidualSize[] {
  return SIZES[axis].filter((size) => residualNetwork(size).hiddenUnits <= most);
}

/**
 * 3 × 3 convolutions that keep the image's size, two to a block beside an identity, one before the first block and one after the
 * last, each with a ReLU; ten classes by a linear layer.
 */
export function residualNetwork({ side, channels, blocks }: ResidualSize): Network {
  return graph([3, side, side], (x, attach) => {
    const convolution = () => conv2d(channels, { kernel: 3, padding: 1 });
    let value = attach(relu(), attach(convolution(), x));
    for (let block = 0; block < blocks; block++) {
      const inner = attach(convolution(), attach(relu(), attach(convolution(), value)));
      value = attach(relu(), attach(add(), inner, value));
    }
    const last = attach(relu(), attach(convolution(), value));
    return attach(linear(10), attach(flatten(), last));
  });
}

/** One image of noise, random weights, ε = 2/255: how long it takes at each of several runs, the median of which counts. */
export async function benchGrowth(
  backend: Backend,
  axis: GrowthAxis,
  size: ResidualSize,
  seed: number,
): Promise<GrowthFigure> {
  const network = residualNetwork(size);
  const model = { network, weights: initialWeights(network, seed) };
  const source = random(seed, "bench growth");
  const x = Float64Array.from({ length: 3 * size.side ** 2 }, () => source.uniform());
  const batches = Array.from({ length: RUNS }, () => ({ x, labels: Int32Array.of(0) }));
  const ball = { norm: "linf", epsilon: 2 / 255, box: [0, 1] } as const;
  const figure = await benchCertify(backend, { name: `${axis} ${size[axis]}`, model, ball, batches }, {});
  return { ...figure, ...size, axis, hiddenUnits: network.hiddenUnits };
}

const RUNS = 3;

/** By what power of the hidden units a cost grows, between the two largest sizes. */
export function growthPower(
  figures: readonly GrowthFigure[],
  cost: (figure: GrowthFigure) => number,
): number | null {
  const [before, last] = [...figures].sort((a, b) => a.hiddenUnits - b.hiddenUnits).slice(-2);
  if (!last) return null;
  return Math.log(cost(last) / cost(before)) / Math.log(last.hiddenUnits / before.hiddenUnits);
}
